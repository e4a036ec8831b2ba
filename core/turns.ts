// Many small pieces of work that each are done at once follow each other in one go, however many there are, and nothing else runs meanwhile. Here they are
// let through a few in each turn of the loop, first come first served.

import { named, type Work } from './loop-blocks.ts'

export const PIECES_PER_TURN = 32 // of some 100 µs: opening, reading and hashing a small file

interface Waiting {
  readonly pieces: number
  resolve(): void
}

export class Turns {
  readonly #perTurn: number
  readonly #waiting: Waiting[] = []
  #next = 0 // of those that wait
  #left: number
  #isCounting = false

  constructor(perTurn = PIECES_PER_TURN) {
    this.#perTurn = perTurn
    this.#left = perTurn
  }

  /** Undefined: the next piece may be done now, or one that stands for several. Else resolves when it may. */
  take(pieces = 1): Promise<void> | undefined {
    if (!this.#isCounting) this.#count()
    if (this.#left > 0) {
      this.#left -= pieces
      return undefined
    }
    return new Promise(resolve => this.#waiting.push({ pieces, resolve }))
  }

  /** Until the loop has come round. */
  #count(): void {
    this.#isCounting = true
    setImmediate(() => {
      this.#left = this.#perTurn
      for (let it = this.#waiting[this.#next]; it != null && this.#left > 0; it = this.#waiting[this.#next]) {
        this.#next++
        this.#left -= it.pieces
        it.resolve()
      }
      this.#isCounting = false
      if (this.#next < this.#waiting.length) this.#count()
      else {
        this.#waiting.length = 0
        this.#next = 0
      }
    })
  }
}

/** Work of any size that yields after a piece of a bounded one. */
export type Steps<T> = Generator<void, T>

/** Runs it to its end, one piece in each turn of the loop. `between`: called after each turn, and may throw. */
export async function inTurns<T>(as: Work, steps: Steps<T>, between: () => void = () => {}): Promise<T> {
  for (;;) {
    const step = named(as, () => steps.next())
    if (step.done === true) return step.value
    await new Promise(resolve => setImmediate(resolve))
    between()
  }
}

/** The same in one go. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
