// For tests that await what a step of time sets going.
import { SteppedClock } from '../../core/testing/stepped-clock.ts'

/** After everything that is under way. */
export const settled = () => new Promise(resolve => setImmediate(resolve))

export function stepped() {
  const clock = new SteppedClock()
  const step = async (ms: number): Promise<void> => {
    clock.step(ms)
    await settled()
  }
  return { clock, step }
}
