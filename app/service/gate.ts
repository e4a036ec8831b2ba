// Bounds how much of one kind goes on at once, whoever wants it.

/** Lets so many in; the others wait. */
export class Gate {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(places: number) {
    this.#free = places
  }

  /**
   * Resolves with the function that gives the place back, to be called once; undefined when `signal` was aborted before. `isNext`: before all that wait,
   * else behind them.
   */
  async enter(isNext: boolean, signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined
    if (this.#free > 0) this.#free--
    else await this.#turn(isNext)
    if (!signal.aborted) return () => this.#leave()
    this.#leave() // who was aborted meanwhile passes his place on
    return undefined
  }

  async #turn(isNext: boolean): Promise<void> {
    const turn = Promise.withResolvers<void>()
    if (isNext) this.#waiting.unshift(turn.resolve)
    else this.#waiting.push(turn.resolve)
    await turn.promise
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next == null) this.#free++
    else next()
  }
}
