import { TokenBucket } from '../token-bucket.ts'
import { EXTENT_BYTES } from './limits.ts'

/** Bytes per second that may be asked for. Several schedulers may share one: the time they pass must come from one clock. */
export class DownloadLimit {
  readonly #tokens = new TokenBucket(0, 0, 0)

  /** 0: no limit. */
  set(bytesPerSecond: number, now: number): void {
    // two extents at least, so that the next leaf can be asked for before the last one is paid for
    const burst = Math.max(bytesPerSecond / 2, 2 * EXTENT_BYTES)
    if (bytesPerSecond !== this.#tokens.perSecond) this.#tokens.setRate(bytesPerSecond, burst, now)
  }

  get isSet(): boolean {
    return this.#tokens.perSecond > 0
  }

  /** 0 until an eighth of a second's worth is there, so that a limit does not turn into thousands of tiny requests. */
  available(now: number): number {
    if (!this.isSet) return Infinity
    const bytes = this.#tokens.available(now)
    return bytes < this.#tokens.perSecond / 8 ? 0 : bytes
  }

  /** May go below zero: a leaf is asked for when anything is there, and paid off afterwards. */
  take(bytes: number, now: number): void {
    if (this.isSet) this.#tokens.spend(bytes, now)
  }

  /** What was asked for and will not come. */
  giveBack(bytes: number): void {
    if (this.isSet) this.#tokens.giveBack(bytes)
  }
}
