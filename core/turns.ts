// Many small pieces of work that each are done at once follow each other in one go, however many there are, and nothing else runs meanwhile. Here they are
// let through a few in each turn of the loop, first come first served.

const PIECES_PER_TURN = 32 // of some 100 µs: opening, reading and hashing a small file

export class Turns {
  readonly #perTurn: number
  readonly #waiting: (() => void)[] = []
  #next = 0 // of those that wait
  #left: number
  #isCounting = false

  constructor(perTurn = PIECES_PER_TURN) {
    this.#perTurn = perTurn
    this.#left = perTurn
  }

  /** Undefined: the next piece may be done now. Else resolves when it may. */
  take(): Promise<void> | undefined {
    if (!this.#isCounting) this.#count()
    if (this.#left > 0) {
      this.#left--
      return undefined
    }
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  /** Until the loop has come round. */
  #count(): void {
    this.#isCounting = true
    setImmediate(() => {
      const end = Math.min(this.#waiting.length, this.#next + this.#perTurn)
      this.#left = this.#perTurn - (end - this.#next)
      while (this.#next < end) this.#waiting[this.#next++]?.()
      this.#isCounting = false
      if (this.#next < this.#waiting.length) this.#count()
      else {
        this.#waiting.length = 0
        this.#next = 0
      }
    })
  }
}

/** Runs what yields after a bounded piece of work to its end, one piece in each turn of the loop. */
export async function inTurns<T>(work: Generator<undefined, T>): Promise<T> {
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
    await new Promise(resolve => setImmediate(resolve))
  }
}

/** The same in one go. */
export function atOnce<T>(work: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}
