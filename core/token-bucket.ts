// A token bucket that says no, for what a stranger may ask of us. (upload-limiter.ts has the one that waits.)

export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #at: number

  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#at = now
  }

  /** Takes one token if there is one. `now`: monotonic milliseconds. */
  take(now: number): boolean {
    this.#refill(now)
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  /** Takes tokens whether they are there or not; what is owed comes first when time passes. */
  spend(tokens: number, now: number): void {
    this.#refill(now)
    this.#tokens -= tokens
  }

  /** A token taken was not needed. */
  giveBack(now: number): void {
    this.#refill(now)
    this.#tokens = Math.min(this.#burst, this.#tokens + 1)
  }

  /** More tokens for a reason of their own; they may exceed the burst. */
  add(tokens: number): void {
    this.#tokens += tokens
  }

  /** Milliseconds until `take` succeeds again; 0 when it would now. */
  waitMs(now: number): number {
    this.#refill(now)
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) / this.#perSecond) * 1000)
  }

  #refill(now: number): void {
    const gained = (Math.max(0, now - this.#at) / 1000) * this.#perSecond
    this.#at = now
    if (this.#tokens < this.#burst) this.#tokens = Math.min(this.#burst, this.#tokens + gained)
  }
}
