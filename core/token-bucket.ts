// A token bucket: tokens come at a steady rate up to a burst, and whoever wants to do something takes some. It holds no timer: the time is passed in, in
// monotonic milliseconds. It may be in debt: big takes and low rates both get on, and what is owed comes first when time passes.

export class TokenBucket {
  #perSecond: number
  #burst: number
  #tokens: number
  #at: number

  /** Full at first. */
  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#at = now
  }

  get perSecond(): number {
    return this.#perSecond
  }

  /** What is there stays, up to the new burst. */
  setRate(perSecond: number, burst: number, now: number): void {
    this.#refill(now)
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = Math.min(this.#tokens, burst)
  }

  /** Below 0: owed. */
  available(now: number): number {
    this.#refill(now)
    return this.#tokens
  }

  /** Takes one token if there is one. */
  take(now: number): boolean {
    this.#refill(now)
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  /** Takes tokens whether they are there or not. */
  spend(tokens: number, now: number): void {
    this.#refill(now)
    this.#tokens -= tokens
  }

  /** What was taken and not needed; no more than a burst is kept. */
  giveBack(tokens = 1): void {
    this.#tokens = Math.max(this.#tokens, Math.min(this.#burst, this.#tokens + tokens))
  }

  /** More tokens for a reason of their own; they may exceed the burst. */
  add(tokens: number): void {
    this.#tokens += tokens
  }

  /** Milliseconds until so many tokens are there; 0 when they are. */
  waitMs(now: number, tokens = 1): number {
    this.#refill(now)
    return this.#tokens >= tokens ? 0 : Math.ceil(((tokens - this.#tokens) / this.#perSecond) * 1000)
  }

  #refill(now: number): void {
    const gained = (Math.max(0, now - this.#at) / 1000) * this.#perSecond
    this.#at = now
    if (this.#tokens < this.#burst) this.#tokens = Math.min(this.#burst, this.#tokens + gained)
  }
}
