// Which peers of a simulated run mean no good, and how: plain data, as the rest of the plan.
import type { Dice } from '../../../core/simulation/dice.ts'

/**
 * `lying`: what it says or sends is not so. `silent`: it stops answering somewhere. `flooding`: more than it may, and what is no answer. `toggling`: what it
 * sends is right, and everything else changes all the time.
 */
export type Manner = 'lying' | 'silent' | 'flooding' | 'toggling'

export interface HostilePlan {
  readonly manner: Manner
  /** Decides everything else it does. */
  readonly seed: number
  /** What it says it has. */
  readonly contents: readonly number[]
  /** When it comes, in ms. */
  readonly at: number
}

const MOST = 3

/** Those of a run that has any. */
export function hostileOf(dice: Dice, contents: number, calmAt: number): HostilePlan[] {
  return Array.from({ length: dice.int(1, MOST) }, () => {
    const share = dice.chance(0.5) ? 1 : dice.scale(0.2, 1)
    const claimed = Array.from({ length: contents }, (_, i) => i).filter(() => dice.chance(share))
    return {
      manner: dice.pick<Manner>(['lying', 'silent', 'flooding', 'toggling']),
      seed: dice.int(1, 1_000_000),
      contents: claimed.length === 0 ? [dice.int(0, contents - 1)] : claimed,
      at: dice.chance(0.8) ? dice.int(0, 1_000) : dice.int(0, calmAt)
    }
  })
}
