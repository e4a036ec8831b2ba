// Puts simulated time, disks and networks under the real code: from `install` on, what a machine's code imports of Node's modules, and the globals of time and
// chance, are the simulated ones (decision 0050). Code that runs on no machine, such as a test's, has the real ones.
import { registerHooks } from 'node:module'
import { findMachine, thisMachine } from './machine.ts'

const HERE = new URL('./', import.meta.url).href
const OURS = new URL('../../', import.meta.url).href

/** What is simulated of Node. Everything else of it that is imported is the real one: it neither waits nor keeps anything. */
const NODE: Readonly<Record<string, string>> = {
  'node:fs': 'node/fs.ts',
  'node:fs/promises': 'node/fs-promises.ts',
  'node:timers/promises': 'node/timers-promises.ts',
  'node:crypto': 'node/crypto.ts',
  'node:os': 'node/os.ts',
  'node:sqlite': 'node/sqlite.ts',
  'node:worker_threads': 'node/worker-threads.ts'
}

/** What is simulated of ours: the node of libp2p, its key, and the log, which nothing reads. */
const OWN: Readonly<Record<string, string>> = {
  'core/network/open-network.ts': 'open-network.ts',
  'core/network/identity.ts': 'identity.ts',
  'app/service/log.ts': 'open-log.ts'
}

/** Of ours, what is a machine's: not the simulator, and no test. */
const isSimulated = (parent: string): boolean =>
  /^(core|app\/service)\//.test(parent) && !/^core\/(simulation|testing)\/|\.test\.ts$/.test(parent)

let isInstalled = false
const replaced = new Set<string>()

/** Call it before anything of `core` or `app` is imported, and import that by `import()`. Once for a process: it stays. */
export function install(): void {
  if (isInstalled) return
  isInstalled = true
  registerHooks({
    resolve(specifier, context, next) {
      const parent = context.parentURL?.startsWith(OURS) === true ? context.parentURL.slice(OURS.length) : ''
      if (!isSimulated(parent)) return next(specifier, context)
      const node = NODE[specifier]
      if (node != null) {
        replaced.add(`${specifier} ${parent}`)
        const thread =
          node.includes('worker') && parent.endsWith('-worker.ts') ? `?thread=${parent.split('/').at(-1)}` : ''
        return { url: `${HERE}${node}${thread}`, shortCircuit: true }
      }
      const found = next(specifier, context)
      const own = found.url.startsWith(OURS) ? OWN[found.url.slice(OURS.length)] : undefined
      return own == null ? found : { ...found, url: HERE + own }
    }
  })
  replaceTime()
  replaceChance()
}

/** Who imported what that was replaced, such as `node:fs core/store/part-tree.ts`. */
export const replacedImports = (): ReadonlySet<string> => replaced

/** Milliseconds since 1970 when a simulation begins. */
export const EPOCH_MS = Date.UTC(2026, 0, 1)

interface Handle {
  readonly cancel: () => void
}
const isHandle = (it: unknown): it is Handle => it != null && typeof it === 'object' && 'cancel' in it

const handleOf = (cancel: () => void): Handle & NodeJS.Timeout => {
  const handle = { cancel, ref: () => handle, unref: () => handle, hasRef: () => true, refresh: () => handle }
  return handle as unknown as Handle & NodeJS.Timeout // as far as it is used
}

function replaceTime(): void {
  const real = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
    setImmediate: globalThis.setImmediate,
    clearImmediate: globalThis.clearImmediate,
    now: Date.now,
    monotonic: performance.now.bind(performance),
    timeout: AbortSignal.timeout.bind(AbortSignal)
  }
  const plan = (
    kind: string,
    ms: number,
    call: (...args: unknown[]) => void,
    args: unknown[]
  ): Handle & NodeJS.Timeout => handleOf(thisMachine().after(ms, kind, () => call(...args)))
  const every = (ms: number, call: (...args: unknown[]) => void, args: unknown[]): Handle & NodeJS.Timeout => {
    const machine = thisMachine()
    let cancel: () => void
    const again = (): void => {
      cancel = machine.after(Math.max(1, ms), 'interval', () => {
        again()
        call(...args)
      })
    }
    again()
    return handleOf(() => cancel())
  }
  const clear = (clearReal: (handle: never) => void) => (handle: unknown) => {
    if (isHandle(handle)) handle.cancel()
    else clearReal(handle as never)
  }
  type Call = (...args: unknown[]) => void
  Object.assign(globalThis, {
    setTimeout: Object.assign(
      (call: Call, ms = 0, ...args: unknown[]) =>
        findMachine() == null ? real.setTimeout(call, ms, ...args) : plan('timeout', Math.max(1, ms), call, args),
      real.setTimeout
    ),
    setInterval: (call: Call, ms = 0, ...args: unknown[]) =>
      findMachine() == null ? real.setInterval(call, ms, ...args) : every(ms, call, args),
    setImmediate: Object.assign(
      (call: Call, ...args: unknown[]) =>
        findMachine() == null ? real.setImmediate(call, ...args) : plan('immediate', 0, call, args),
      real.setImmediate
    ),
    clearTimeout: clear(real.clearTimeout),
    clearInterval: clear(real.clearInterval),
    clearImmediate: clear(real.clearImmediate)
  })
  Date.now = () => {
    const machine = findMachine()
    return machine == null ? real.now() : EPOCH_MS + Math.floor(machine.timeline.now)
  }
  performance.now = () => findMachine()?.timeline.now ?? real.monotonic()
  AbortSignal.timeout = ms => {
    const machine = findMachine()
    if (machine == null) return real.timeout(ms)
    const controller = new AbortController()
    machine.after(ms, 'deadline', () => controller.abort(new DOMException('The operation timed out', 'TimeoutError')))
    return controller.signal
  }
}

function replaceChance(): void {
  const real = Math.random
  Math.random = () => findMachine()?.dice.next() ?? real()
  const { platform } = process
  Object.defineProperty(process, 'platform', { get: () => findMachine()?.platform ?? platform, enumerable: true })
}
