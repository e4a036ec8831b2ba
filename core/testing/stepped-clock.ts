// A clock that stands still until it is told, for tests.
import type { Clock } from '../clock.ts'

export class SteppedClock implements Clock {
  #now = 0
  readonly #timers = new Set<{ at: number; call: () => void }>()

  now(): number {
    return this.#now
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** How many timers wait. */
  get due(): number {
    return this.#timers.size
  }

  /** Time passes; timers that are due call, in order, at their own time. */
  step(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      let due: { at: number; call: () => void } | undefined
      for (const it of this.#timers) if (it.at <= end && (due == null || it.at < due.at)) due = it
      if (due == null) break
      this.#timers.delete(due)
      this.#now = Math.max(this.#now, due.at)
      due.call()
    }
    this.#now = end
  }
}
