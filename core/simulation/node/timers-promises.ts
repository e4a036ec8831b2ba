// What simulated code gets when it imports node:timers/promises.

interface Options {
  readonly signal?: AbortSignal
  readonly ref?: boolean
}

async function afterCall<T>(
  plan: (call: () => void) => () => void,
  value: T,
  signal: AbortSignal | undefined
): Promise<T> {
  const aborted = (): Error =>
    Object.assign(new Error('The operation was aborted', { cause: signal?.reason }), {
      name: 'AbortError',
      code: 'ABORT_ERR'
    })
  if (signal?.aborted === true) throw aborted()
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => {
      cancel()
      reject(aborted())
    }
    const cancel = plan(() => {
      signal?.removeEventListener('abort', abort)
      resolve(value)
    })
    signal?.addEventListener('abort', abort, { once: true })
  })
}

export async function setTimeout<T = void>(ms?: number, value?: T, options: Options = {}): Promise<T> {
  return afterCall(
    call => {
      const handle = globalThis.setTimeout(call, ms)
      return () => globalThis.clearTimeout(handle)
    },
    value as T, // void when none is given
    options.signal
  )
}

export async function setImmediate<T = void>(value?: T, options: Options = {}): Promise<T> {
  return afterCall(
    call => {
      const handle = globalThis.setImmediate(call)
      return () => globalThis.clearImmediate(handle)
    },
    value as T,
    options.signal
  )
}
