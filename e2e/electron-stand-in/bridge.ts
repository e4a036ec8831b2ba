// contextBridge's two ends: the same function runs in the page's world and in the preload's, each by its source text.
// CustomEvents are dispatched synchronously and Blink clones `detail` between worlds (a File stays a File of that path),
// so a call across is synchronous, as contextBridge's is. What arrives is a copy; functions become functions that call over.

// Of the page's globals, what is used here.
interface PagePort {
  addEventListener(event: 'close', listener: () => void): void
  close(): void
}
declare const document: EventTarget
declare const window: {
  addEventListener(event: 'message', listener: (event: { readonly ports: readonly PagePort[] }) => void): void
  addEventListener(event: 'pagehide', listener: () => void): void
}
declare const MessagePort: { readonly prototype: PagePort }
declare const sessionStorage: { setItem(key: string, value: string): void; removeItem(key: string): void }

export interface Bridge {
  /** Calls what the other end serves. */
  root(...args: unknown[]): unknown
  serve(handler: (...args: unknown[]) => unknown): void
}

export function bridge(outName: string, inName: string): Bridge {
  type Message =
    | { readonly kind: 'call'; readonly id: number; readonly args: readonly unknown[] }
    | { readonly kind: 'returned'; readonly isError: boolean; readonly value: unknown }
    | { readonly kind: 'settled'; readonly id: number; readonly isError: boolean; readonly value: unknown }
  type Wrapped = {
    readonly fn?: number
    readonly promise?: number
    readonly error?: readonly [string, string]
    readonly object?: Record<string, unknown>
  }
  const ROOT = 0
  const functions = new Map<number, (...args: unknown[]) => unknown>()
  const pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>()
  let last = ROOT
  let returned: Extract<Message, { kind: 'returned' }> | undefined
  let serving: ((...args: unknown[]) => unknown) | undefined

  const post = (message: Message): void => {
    document.dispatchEvent(new CustomEvent(outName, { detail: message }))
  }
  const wrap = (value: unknown): unknown => {
    if (typeof value === 'symbol') throw new Error('An object could not be cloned.')
    if (typeof value === 'function') {
      functions.set(++last, value as (...args: unknown[]) => unknown)
      return { fn: last }
    }
    if (value === null || typeof value !== 'object') return value
    if (value instanceof Promise) return wrapPromise(value)
    if (value instanceof Error) return { error: [value.name, value.message] }
    if (Array.isArray(value)) return value.map(wrap)
    if (Object.prototype.toString.call(value) !== '[object Object]') return value // Blink clones it, or throws
    return { object: Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, wrap(inner)])) }
  }
  const wrapPromise = (promise: Promise<unknown>): unknown => {
    const id = ++last
    promise.then(
      value => post({ kind: 'settled', id, isError: false, value: wrap(value) }),
      error => post({ kind: 'settled', id, isError: true, value: wrap(error) })
    )
    return { promise: id }
  }
  const unwrap = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(unwrap)
    if (value === null || Object.prototype.toString.call(value) !== '[object Object]') return value
    const { fn, promise, error, object } = value as Wrapped // only `wrap` makes plain objects here
    if (fn != null) return (...args: unknown[]) => call(fn, args)
    if (promise != null) return new Promise((resolve, reject) => pending.set(promise, { resolve, reject }))
    if (error != null) return Object.assign(new Error(error[1]), { name: error[0] })
    return Object.fromEntries(Object.entries(object ?? {}).map(([key, inner]) => [key, unwrap(inner)]))
  }
  const call = (id: number, args: readonly unknown[]): unknown => {
    returned = undefined
    post({ kind: 'call', id, args: args.map(wrap) })
    const answer = returned as Extract<Message, { kind: 'returned' }> | undefined // set by the listener meanwhile
    returned = undefined
    if (answer == null) throw new Error('stand-in: contextBridge has no answer from the other world')
    if (answer.isError) throw unwrap(answer.value)
    return unwrap(answer.value)
  }
  const answer = (id: number, args: readonly unknown[]): Message => {
    const called = id === ROOT ? serving : functions.get(id)
    try {
      return { kind: 'returned', isError: false, value: wrap(called?.(...args.map(unwrap))) }
    } catch (error) {
      return { kind: 'returned', isError: true, value: wrap(error) }
    }
  }
  document.addEventListener(inName, event => {
    event.stopImmediatePropagation()
    const message = (event as CustomEvent<Message>).detail // by name known to the two ends only
    if (message.kind === 'call') post(answer(message.id, message.args))
    else if (message.kind === 'returned') returned = message
    else {
      const waiter = pending.get(message.id)
      pending.delete(message.id)
      if (message.isError) waiter?.reject(unwrap(message.value))
      else waiter?.resolve(unwrap(message.value))
    }
  })
  return {
    root: (...args) => call(ROOT, args),
    serve: handler => {
      serving = handler
    }
  }
}

/**
 * Leaves word for the next document of this page (preload-world.ts) when this one goes with ports open: what is sent while a page goes does not arrive.
 * Ports reach a page as messages of its window.
 */
export function watchPorts(): void {
  const open = new Set<PagePort>()
  let isLeaving = false
  const note = (): void => {
    if (!isLeaving) return
    if (open.size > 0) sessionStorage.setItem('stand-in ports', 'left open')
    else sessionStorage.removeItem('stand-in ports')
  }
  const close = MessagePort.prototype.close
  MessagePort.prototype.close = function (this: PagePort) {
    close.call(this)
    open.delete(this)
    note()
  }
  window.addEventListener('message', ({ ports }) => {
    for (const port of ports) {
      open.add(port)
      port.addEventListener('close', () => open.delete(port))
    }
  })
  // the first of its listeners: the page's own come after it
  window.addEventListener('pagehide', () => {
    isLeaving = true
    note()
  })
}

/** The page's end: puts what the preload exposes on `window`, frozen. */
export function exposeInPage(openBridge: typeof bridge, secret: string): void {
  const freeze = (value: unknown): unknown => {
    if (value === null || typeof value !== 'object') return value
    for (const inner of Object.values(value)) freeze(inner)
    return Object.freeze(value)
  }
  openBridge(`page-${secret}`, `preload-${secret}`).serve((key, api) => {
    const name = String(key)
    if (Object.hasOwn(window, name))
      throw new Error('Cannot bind an API on top of an existing property on the window object')
    Object.defineProperty(window, name, { value: freeze(api), enumerable: true, writable: false, configurable: false })
  })
}
