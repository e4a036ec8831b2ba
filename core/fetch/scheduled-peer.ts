// One peer as the scheduler sees it: what is outstanding, how fast it is, whether it may be asked.

import type { BanReason } from './inputs-and-effects.ts'
import * as limits from './limits.ts'
import { PeerHave } from './peer-have.ts'
import type { LeafTable } from './leaf-table.ts'

/** HELLO is before there is a peer here, BANNED after. */
export type PeerState = 'open' | 'choked' | 'active' | 'snubbed' | 'backoff'

export interface Outstanding {
  readonly ordinal: number // the position asked for
  readonly leaf: number // its duplicates.first
  readonly bytes: number // claimed
  readonly run: { left: number }
  /** The one it is part of. */
  readonly request: { isStruck: boolean }
  got: number
}

/** What is remembered of a peer that went away: reconnecting washes nothing off. */
export interface PeerRecord {
  strikes: { at: number; weight: number }[]
  banned: BanReason | undefined
  backoffs: number
  readonly refused: Set<number> // leaves it is never asked for again
}

export class ScheduledPeer {
  readonly id: string
  readonly have: PeerHave
  readonly record: PeerRecord
  readonly out = new Map<number, Outstanding>() // by leaf, in the order asked for
  outBytes = 0
  /** Of `out`, leaves it could not read before and of which nothing has come: it cannot be said to send. */
  readonly doubtful = new Set<number>()
  runs = 0
  /** Where the last request ended: the next one goes on there. */
  cursor = 0
  /** How often its word made us look who could be asked, since the last tick. */
  looks = 0
  /** Nothing missing can be asked of it until something changes. */
  exhausted = false
  /** The leaf it would be asked for next, last time: below that, looking again is in vain while it has something to send. */
  leastBytes = 0
  rttMs: number
  choked = false
  slotsBytes = 0
  snubbed = false
  heldUntil = -Infinity
  #backoffUntil = -Infinity // a new connection is a new chance, but `backoffs` is remembered
  #quietSince = 0
  #cap = limits.MAX_PEER_OUT_BYTES
  #rate: number | undefined
  #sampleAt = 0
  #sampleBytes = 0
  #settled = false

  constructor(id: string, rttMs: number, table: LeafTable, record: PeerRecord) {
    this.id = id
    this.rttMs = rttMs
    this.record = record
    this.have = new PeerHave(table, record.refused)
  }

  state(now: number): PeerState {
    if (now < this.#backoffUntil) return 'backoff'
    if (this.snubbed) return 'snubbed'
    if (!this.have.known) return 'open'
    return this.choked ? 'choked' : 'active'
  }

  mayBeAsked(now: number): boolean {
    return this.state(now) === 'active' && now >= this.heldUntil
  }

  /** Bytes per second while something was outstanding; undefined until the first byte. */
  get rate(): number | undefined {
    return this.#rate
  }

  /** DESIGN.md, "Flow and fairness": one extent until the rate is known, then clamp(2 extents, max(0.5 s, 4 RTT) × rate, 16 MiB). */
  get window(): number {
    const seconds = Math.max(limits.WINDOW_MS, 4 * this.rttMs) / 1000
    const wanted = this.#rate == null ? limits.EXTENT_BYTES : Math.max(2 * limits.EXTENT_BYTES, seconds * this.#rate)
    return Math.min(wanted, this.#cap, this.slotsBytes > 0 ? this.slotsBytes : Infinity)
  }

  /** Whether something is expected of it that it may well send. */
  get isSending(): boolean {
    return this.out.size > this.doubtful.size
  }

  quietMs(now: number): number {
    return this.out.size === 0 ? 0 : now - this.#quietSince
  }

  /** Milliseconds until it would have delivered `bytes` more; Infinity when it fell silent, undefined when nobody knows. */
  etaMs(bytes: number, now: number): number | undefined {
    if (this.quietMs(now) >= Math.max(limits.SILENT_MS, 4 * this.rttMs)) return Infinity
    if (this.#rate == null) return undefined
    return (bytes * 1000) / this.#rate + this.rttMs
  }

  asked(one: Outstanding, now: number): void {
    if (this.out.size === 0) {
      this.#quietSince = now
      this.#sampleAt = now
      this.#sampleBytes = 0
    }
    if (one.run.left++ === 0) this.runs++
    this.out.set(one.leaf, one)
    if (this.have.isUnread(one.ordinal)) this.doubtful.add(one.leaf)
    this.outBytes += one.bytes
  }

  /** The request for this leaf is over, whichever way. */
  settle(leaf: number): Outstanding | undefined {
    const one = this.out.get(leaf)
    if (one == null) return undefined
    this.out.delete(leaf)
    this.doubtful.delete(leaf)
    this.outBytes -= one.bytes
    if (--one.run.left === 0) this.runs--
    return one
  }

  received(bytes: number, now: number): void {
    this.#quietSince = now
    this.#cap = Math.min(limits.MAX_PEER_OUT_BYTES, this.#cap + bytes / 4)
    this.#sampleBytes += bytes
    const ms = Math.max(1, now - this.#sampleAt)
    const sample = (this.#sampleBytes * 1000) / ms
    if (!this.#settled) this.#rate = sample
    if (ms < limits.WINDOW_MS / 2) return
    this.#rate = this.#settled ? ((this.#rate ?? 0) + sample) / 2 : sample
    this.#settled = true
    this.#sampleAt = now
    this.#sampleBytes = 0
  }

  hold(retryMs: number, now: number): void {
    const ms =
      retryMs > 0 ? Math.min(limits.MAX_RETRY_MS, Math.max(limits.MIN_RETRY_MS, retryMs)) : limits.DEFAULT_RETRY_MS
    this.heldUntil = Math.max(this.heldUntil, now + ms)
  }

  /** It said LIMIT: half of what it had. */
  shrink(): void {
    this.#cap = Math.max(limits.EXTENT_BYTES, this.#cap / 2)
  }

  backOff(now: number): void {
    const ms = Math.min(limits.MAX_BACKOFF_MS, limits.BACKOFF_MS * 2 ** this.record.backoffs)
    this.record.backoffs++
    this.#backoffUntil = now + ms
    this.snubbed = false
    this.#rate = undefined
    this.#settled = false
  }
}

/** `record.banned` afterwards, if it was one too many. */
export function strike(record: PeerRecord, weight: number, now: number): void {
  record.strikes = record.strikes.filter(it => it.at > now - limits.STRIKE_MS)
  record.strikes.push({ at: now, weight })
  const sum = (strikes: PeerRecord['strikes']): number => strikes.reduce((total, it) => total + it.weight, 0)
  if (sum(record.strikes) < limits.STRIKES) return
  const lies = record.strikes.filter(it => it.weight === limits.WRONG_STRIKE)
  record.banned ??= sum(lies) >= limits.STRIKES ? 'wrong-bytes' : 'refused'
}
