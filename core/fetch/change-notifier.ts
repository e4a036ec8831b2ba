// Tells listeners that something changed, not what: the first change at once, the last of a burst always, ten times a second at most.

import type { Clock } from '../clock.ts'

const BETWEEN_MS = 100

export class ChangeNotifier implements Disposable {
  readonly #clock: Clock
  readonly #listeners = new Set<() => void>()
  #cancelNext: (() => void) | undefined
  #changedAgain = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Returns the function that ends it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  changed(): void {
    if (this.#cancelNext != null) {
      this.#changedAgain = true
      return
    }
    this.#changedAgain = false
    this.#cancelNext = this.#clock.after(BETWEEN_MS, () => {
      this.#cancelNext = undefined
      if (this.#changedAgain) this.changed()
    })
    for (const listener of this.#listeners) listener()
  }

  [Symbol.dispose](): void {
    this.#cancelNext?.()
  }
}
