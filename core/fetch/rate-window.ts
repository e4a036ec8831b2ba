const SLOT_MS = 250
const SLOTS = 12

/** Bytes per second over the last three seconds; 0 when nothing came in them. */
export class RateWindow {
  readonly #slots = new Float64Array(SLOTS)
  #newest = 0 // number of the newest slot
  #since: number | undefined

  add(bytes: number, now: number): void {
    this.#since ??= now
    this.#turn(now)
    this.#slots[this.#newest % SLOTS]! += bytes
  }

  perSecond(now: number): number {
    if (this.#since === undefined) return 0
    this.#turn(now)
    const sum = this.#slots.reduce((total, bytes) => total + bytes, 0)
    if (sum === 0) this.#since = undefined
    const ms = Math.min(now - (this.#since ?? now), (SLOTS - 1) * SLOT_MS + (now % SLOT_MS))
    return Math.round((sum * 1000) / Math.max(SLOT_MS, ms))
  }

  #turn(now: number): void {
    const slot = Math.floor(now / SLOT_MS)
    if (slot - this.#newest >= SLOTS) this.#slots.fill(0)
    else for (let at = this.#newest + 1; at <= slot; at++) this.#slots[at % SLOTS] = 0
    this.#newest = Math.max(this.#newest, slot)
  }
}
