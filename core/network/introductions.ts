// How much of what peers say of third peers is looked at and dialled. Records cost a stranger nothing to make, and each one can point anywhere: without
// a budget he fills the queue of dials, and has us knock where he likes. No clock, no I/O.

import { TokenBucket } from '../token-bucket.ts'

/** Records of one sender at once, as many as one Pex message holds; then one every so many seconds. */
export const SENDER_RECORDS = 16
const SENDER_PER_SECOND = 1 / 4
/** Of everybody together. */
export const ALL_RECORDS = 64
const ALL_PER_SECOND = 1
/** Introduced peers dialled at the same time, of the 32 dials that libp2p makes in parallel. */
export const MAX_INTRODUCED_DIALS = 4
/** Waiting for that; the oldest beyond it are forgotten, and may be told again. */
const MAX_WAITING = 32
const MAX_SENDERS = 1024

export class Introductions<T> {
  readonly #senders = new Map<string, TokenBucket>() // the one heard longest ago first
  readonly #all: TokenBucket
  readonly #waiting: T[] = []
  #dialling = 0

  /** `now` here and below: monotonic, ms. */
  constructor(now: number) {
    this.#all = new TokenBucket(ALL_PER_SECOND, ALL_RECORDS, now)
  }

  /** How many of so many records of this sender are looked at; they are spent then. */
  allow(sender: string, records: number, now: number): number {
    const own = this.#senders.get(sender) ?? new TokenBucket(SENDER_PER_SECOND, SENDER_RECORDS, now)
    this.#senders.delete(sender)
    this.#senders.set(sender, own)
    const [oldest] = this.#senders.keys()
    if (this.#senders.size > MAX_SENDERS && oldest != null) this.#senders.delete(oldest)
    const allowed = Math.max(0, Math.min(records, Math.floor(own.available(now)), Math.floor(this.#all.available(now))))
    own.spend(allowed, now)
    this.#all.spend(allowed, now)
    return allowed
  }

  /** Somebody was introduced: he waits until `next` gives him out. */
  add(introduced: T): void {
    this.#waiting.push(introduced)
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift()
  }

  /** Who is dialled now; whoever dials him says `over` afterwards. */
  next(): T | undefined {
    if (this.#dialling >= MAX_INTRODUCED_DIALS) return undefined
    const introduced = this.#waiting.shift()
    if (introduced != null) this.#dialling++
    return introduced
  }

  over(): void {
    this.#dialling--
  }
}
