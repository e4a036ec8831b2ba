// How fast, and how long still: computed here, from a window, so that every screen and the command line say the same.

const SLOT_MS = 250
const SLOTS = 12 // three seconds
const STALE_MS = 5_000 // a rate that is not live is not shown (PRODUCT.md, "Words on the screen")
const MIN_DATA_MS = 3_000 // no time left before 3 s of data (the same)
const ETA_WEIGHT = 0.2 // of the newest estimate

/** Bytes per second over the last three seconds. The clock is passed in: milliseconds, monotonic. */
export class RateMeter {
  readonly #slots = new Float64Array(SLOTS)
  #slot = -1 // number of the newest slot since the clock's zero
  #firstAt = 0
  #lastAt = Number.NEGATIVE_INFINITY

  add(bytes: number, now: number): void {
    if (bytes <= 0) return
    if (now - this.#lastAt >= STALE_MS) {
      this.#slots.fill(0)
      this.#slot = Math.floor(now / SLOT_MS)
      this.#firstAt = now
    }
    this.#advance(now)
    const at = this.#slot % SLOTS
    this.#slots[at] = (this.#slots[at] ?? 0) + bytes
    this.#lastAt = now
  }

  /** Zero when nothing came for three seconds. */
  rate(now: number): number {
    this.#advance(now)
    const sum = this.#slots.reduce((total, bytes) => total + bytes, 0)
    // at the start of a spell the window is as long as the spell, at least one slot: 1 MB in the first millisecond is not 1 GB/s
    const windowStart = Math.max(this.#firstAt, (this.#slot - SLOTS + 1) * SLOT_MS)
    return (sum / Math.max(now - windowStart, SLOT_MS)) * 1000
  }

  /** Whether bytes have been coming for three seconds, so that an estimate means something. */
  isSettled(now: number): boolean {
    return now - this.#lastAt < STALE_MS && now - this.#firstAt >= MIN_DATA_MS
  }

  /** Milliseconds without a byte; Infinity before the first. */
  silentMs(now: number): number {
    return now - this.#lastAt
  }

  #advance(now: number): void {
    const slot = Math.floor(now / SLOT_MS)
    for (let next = Math.max(this.#slot + 1, slot - SLOTS + 1); next <= slot; next++) this.#slots[next % SLOTS] = 0
    this.#slot = Math.max(this.#slot, slot)
  }
}

/** Smoothed seconds left. */
export class TimeLeft {
  #seconds: number | undefined
  #at = 0

  /** Null while there is nothing to say: no three seconds of data yet, or nothing comes. */
  estimate(bytesLeft: number, meter: RateMeter, now: number): number | null {
    const rate = meter.rate(now)
    if (!meter.isSettled(now) || rate === 0) {
      this.#seconds = undefined
      return null
    }
    const fresh = bytesLeft / rate
    const counted = this.#seconds == null ? fresh : Math.max(0, this.#seconds - (now - this.#at) / 1000)
    this.#seconds = counted + (fresh - counted) * ETA_WEIGHT
    this.#at = now
    return this.#seconds
  }
}
