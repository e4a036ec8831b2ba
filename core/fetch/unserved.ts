// For how long nobody could have sent what is missing: giving up goes by it.

/** `busy`: with our own disk; that time does not count, and what was counted stays. */
export type Service = 'served' | 'unserved' | 'busy'

export class Unserved {
  #beforeMs: number
  #since: number | undefined

  /** @param beforeMs counted by an earlier one */
  constructor(beforeMs = 0) {
    this.#beforeMs = beforeMs
  }

  get isCounting(): boolean {
    return this.#since != null
  }

  /** 0 once somebody could. `now`: monotonic milliseconds. */
  totalMs(now: number): number {
    return this.#beforeMs + (this.#since == null ? 0 : now - this.#since)
  }

  /** As it is from now on. */
  observe(service: Service, now: number): void {
    if (service === 'unserved') {
      this.#since ??= now
      return
    }
    this.#beforeMs = service === 'served' ? 0 : this.totalMs(now)
    this.#since = undefined
  }
}
