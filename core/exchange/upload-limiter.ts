// Rates in bytes per second, for all and for each transfer: token buckets that make their callers wait their turn.
import type { Clock } from '../clock.ts'
import { TokenBucket } from '../token-bucket.ts'

/** What the server asks before it sends. */
export interface UploadBudget {
  /** Undefined: go on at once. Else resolves when these bytes may go; rejects when the signal aborts. `root`: CID as text. */
  take(bytes: number, root: string, signal: AbortSignal): Promise<void> | undefined
  /** The most to take at once, a tenth of a second's worth, so that a low rate still is a steady one. */
  grainBytes(root: string): number
  /** The lowest limit that holds for it, in bytes per second; 0: none. */
  ratePerSecond(root: string): number
}

/** No limits. */
export const unlimited: UploadBudget = { take: () => undefined, grainBytes: () => MAX_GRAIN, ratePerSecond: () => 0 }

const MIN_GRAIN = 4 * 1024
const MAX_GRAIN = 64 * 1024
/** What may be saved up: enough to make up for a late timer. */
const BURST_S = 0.25

/** A rate for everything together and one for each transfer, changeable at any time; 0 is none. Serves uploads and downloads alike. */
export class UploadLimiter implements UploadBudget {
  readonly #clock: Clock
  readonly #all: Bucket
  readonly #transfers = new Map<string, Bucket>()

  constructor(clock: Clock, bytesPerSecond = 0) {
    this.#clock = clock
    this.#all = new Bucket(clock, bytesPerSecond)
  }

  setAll(bytesPerSecond: number): void {
    this.#all.setRate(bytesPerSecond)
  }

  setTransfer(root: string, bytesPerSecond: number): void {
    const bucket = this.#transfers.get(root)
    if (bucket != null) bucket.setRate(bytesPerSecond)
    else if (bytesPerSecond > 0) this.#transfers.set(root, new Bucket(this.#clock, bytesPerSecond))
    if (bytesPerSecond === 0) this.#transfers.delete(root)
  }

  /** As set; 0 is none. */
  transferRate(root: string): number {
    return this.#transfers.get(root)?.rate ?? 0
  }

  take(bytes: number, root: string, signal: AbortSignal): Promise<void> | undefined {
    const own = this.#transfers.get(root)?.take(bytes, signal)
    if (own == null) return this.#all.take(bytes, signal)
    return own.then(() => this.#all.take(bytes, signal))
  }

  ratePerSecond(root: string): number {
    const rates = [this.#all.rate, this.transferRate(root)].filter(rate => rate > 0)
    return rates.length === 0 ? 0 : Math.min(...rates)
  }

  grainBytes(root: string): number {
    return Math.min(this.#all.grain, this.#transfers.get(root)?.grain ?? MAX_GRAIN)
  }
}

interface Waiting {
  bytes: number
  signal: AbortSignal
  settled: PromiseWithResolvers<void>
  abort(): void
}

/** Lets whoever is first go as soon as there is any token, into debt if need be: big takes and low rates both get on. */
class Bucket {
  readonly #clock: Clock
  readonly #tokens: TokenBucket
  readonly #queue: Waiting[] = []
  #cancelTimer: (() => void) | undefined

  constructor(clock: Clock, rate: number) {
    this.#clock = clock
    this.#tokens = new TokenBucket(rate, burstAt(rate), clock.now())
  }

  get rate(): number {
    return this.#tokens.perSecond
  }

  get grain(): number {
    return this.rate === 0 ? MAX_GRAIN : Math.min(MAX_GRAIN, Math.max(MIN_GRAIN, Math.floor(this.rate / 10)))
  }

  setRate(rate: number): void {
    this.#tokens.setRate(rate, burstAt(rate), this.#clock.now())
    this.#serve()
  }

  take(bytes: number, signal: AbortSignal): Promise<void> | undefined {
    if (this.rate === 0) return undefined
    const now = this.#clock.now()
    if (this.#queue.length === 0 && this.#tokens.available(now) > 0) {
      this.#tokens.spend(bytes, now)
      return undefined
    }
    return this.#wait(bytes, signal)
  }

  async #wait(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const settled = Promise.withResolvers<void>()
    const waiting = { bytes, signal, settled, abort: () => settled.reject(signal.reason as Error) } // whatever its owner gave
    signal.addEventListener('abort', waiting.abort, { once: true })
    this.#queue.push(waiting)
    this.#serve()
    try {
      await settled.promise
    } finally {
      signal.removeEventListener('abort', waiting.abort)
      const at = this.#queue.indexOf(waiting)
      if (at >= 0) this.#queue.splice(at, 1)
    }
  }

  #serve(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const now = this.#clock.now()
    while (this.#queue.length > 0 && (this.#tokens.available(now) > 0 || this.rate === 0)) {
      const first = this.#queue.shift()
      if (first == null || first.signal.aborted) continue
      this.#tokens.spend(first.bytes, now)
      first.settled.resolve()
    }
    if (this.#queue.length === 0) return
    this.#cancelTimer = this.#clock.after(Math.max(1, this.#tokens.waitMs(now, 0)), () => this.#serve())
  }
}

const burstAt = (rate: number): number => Math.max(MIN_GRAIN, rate * BURST_S)
