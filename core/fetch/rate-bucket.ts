import { EXTENT_BYTES } from './limits.ts'

/** Bytes per second that may be asked for. Several schedulers may share one: the time they pass must come from one clock. */
export class RateBucket {
  #perSecond = 0
  #tokens = 0
  #at = 0

  /** 0: no limit. */
  limit(bytesPerSecond: number, now: number): void {
    if (bytesPerSecond === this.#perSecond) return
    this.#perSecond = bytesPerSecond
    this.#tokens = Math.min(this.#tokens, this.#burst)
    this.#at = now
  }

  get limited(): boolean {
    return this.#perSecond > 0
  }

  /** 0 until an eighth of a second's worth is there, so that a limit does not turn into thousands of tiny requests. */
  available(now: number): number {
    if (this.#perSecond === 0) return Infinity
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) * this.#perSecond) / 1000)
    this.#at = now
    return this.#tokens < this.#perSecond / 8 ? 0 : this.#tokens
  }

  /** May go below zero: a leaf is asked for when anything is there, and paid off afterwards. */
  take(bytes: number): void {
    if (this.#perSecond > 0) this.#tokens -= bytes
  }

  /** What was asked for and will not come. */
  giveBack(bytes: number): void {
    if (this.#perSecond > 0) this.#tokens = Math.min(this.#burst, this.#tokens + bytes)
  }

  /** Two extents at least, so that the next leaf can be asked for before the last one is paid for. */
  get #burst(): number {
    return Math.max(this.#perSecond / 2, 2 * EXTENT_BYTES)
  }
}
