// For tests: a clock that is stepped, one timer after the other.
import type { Clock } from '../service/clock.ts'

/** After everything that is under way. */
export const settled = () => new Promise(resolve => setImmediate(resolve))

export function stepped() {
  let now = 0
  const due: { at: number; fn: () => void }[] = []
  const clock: Clock = {
    now: () => now,
    after(ms, fn) {
      const timer = { at: now + ms, fn }
      due.push(timer)
      return () => void due.splice(due.indexOf(timer) >>> 0, 1)
    }
  }
  const step = async (ms: number): Promise<void> => {
    now += ms
    for (const timer of due.filter(({ at }) => at <= now)) {
      due.splice(due.indexOf(timer), 1)
      timer.fn()
    }
    await settled()
  }
  return { clock, step, due }
}
