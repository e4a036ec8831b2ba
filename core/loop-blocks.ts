// What holds up the loop, for whoever looks for it (SHOAL_TRACE=loop): a timer that comes late says for how long nothing else could run, and the longest
// piece of work that has a name says what it was. Off, there is no timer, and a name costs the look at a variable.
import { trace } from './trace.ts'

const PERIOD_MS = 10
/** Told every time. */
const LONG_MS = 50
/** Told when none was as long before, so that the longest of a run is known. */
const NOTED_MS = 20

/** What may take long: each of a bounded size, or known not to be. */
export type Work = 'build-dag' | 'commit' | 'layout' | 'leaf-table' | 'open-download' | 'place-files' | 'put-share'

let within = 0 // milliseconds of named work inside the piece that runs now
let longest: { work: Work | undefined; workMs: number } = { work: undefined, workMs: 0 }

/** Does a piece of work that holds the loop, under a name. What is named inside counts as its own. */
export function named<T>(work: Work, act: () => T): T {
  if (trace.loop == null) return act()
  const outside = within
  within = 0
  const from = performance.now()
  try {
    return act()
  } finally {
    const tookMs = performance.now() - from
    if (tookMs - within > longest.workMs) longest = { work, workMs: tookMs - within }
    within = outside + tookMs
  }
}

/** Looks at this thread's loop from now on, when that is traced. `cpu` of a line are the milliseconds this thread worked: fewer, and it had to wait. */
export function watchLoop(): Disposable {
  if (trace.loop == null) return { [Symbol.dispose]: () => {} }
  let [last, cpu, worst] = [performance.now(), process.threadCpuUsage(), NOTED_MS]
  const look = (): void => {
    const [now, cpuNow] = [performance.now(), process.threadCpuUsage()]
    const ms = now - last - PERIOD_MS
    if (ms >= LONG_MS || ms > worst) {
      const cpuMs = (cpuNow.user - cpu.user + cpuNow.system - cpu.system) / 1000
      trace.loop?.('block', { ms: Math.round(ms), cpu: Math.round(cpuMs), ...told() })
    }
    worst = Math.max(worst, ms)
    ;[last, cpu] = [now, cpuNow]
    longest = { work: undefined, workMs: 0 }
  }
  const timer = setInterval(look, PERIOD_MS).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

const told = (): { work?: Work; workMs?: number } =>
  longest.work == null ? {} : { work: longest.work, workMs: Math.round(longest.workMs) }
