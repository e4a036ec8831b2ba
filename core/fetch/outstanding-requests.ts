// Who was asked for what. Every request that is entered here leaves here once: it was answered, or it was released.

import type { Run } from '../exchange/codes.ts'
import { ASSIGNED, type LeafTable, MISSING } from './leaf-table.ts'
import type { Outstanding, ScheduledPeer } from './scheduled-peer.ts'
import type { DownloadLimit } from './download-limit.ts'

const NOBODY: ReadonlySet<ScheduledPeer> = new Set()

export class OutstandingRequests {
  readonly #table: LeafTable
  readonly #peers: ReadonlyMap<string, ScheduledPeer>
  readonly #limits: readonly DownloadLimit[]
  readonly #holders = new Map<number, Set<ScheduledPeer>>() // by leaf
  #outBytes = 0

  constructor(table: LeafTable, peers: ReadonlyMap<string, ScheduledPeer>, downloadLimits: readonly DownloadLimit[]) {
    this.#table = table
    this.#peers = peers
    this.#limits = downloadLimits
  }

  get outBytes(): number {
    return this.#outBytes
  }

  /** Whom this leaf was asked of and is still expected from. */
  holders(leaf: number): ReadonlySet<ScheduledPeer> {
    return this.#holders.get(leaf) ?? NOBODY
  }

  /** What of these ordinals is expected from it; a stranger's count costs no more than what is. */
  among(peer: ScheduledPeer, start: number, count: number): Outstanding[] {
    if (count > peer.out.size)
      return [...peer.out.values()].filter(it => it.ordinal >= start && it.ordinal < start + count)
    const found: Outstanding[] = []
    for (let ordinal = start; ordinal < start + count; ordinal++) {
      const one = peer.out.get(this.#table.duplicates.first(ordinal))
      if (one?.ordinal === ordinal) found.push(one)
    }
    return found
  }

  assign(peer: ScheduledPeer, one: Outstanding, now: number): void {
    peer.asked(one, now)
    this.#outBytes += one.bytes
    for (const limit of this.#limits) limit.take(one.bytes, now)
    this.#table.set(one.leaf, ASSIGNED)
    const holders = this.#holders.get(one.leaf)
    if (holders == null) this.#holders.set(one.leaf, new Set([peer]))
    else holders.add(peer)
  }

  /** The request is over; what that means for the leaf is the caller's to say. */
  settle(peer: ScheduledPeer, leaf: number): Outstanding | undefined {
    const one = peer.settle(leaf)
    if (one == null) return undefined
    this.#outBytes -= one.bytes
    const holders = this.#holders.get(leaf)
    holders?.delete(peer)
    if (holders?.size === 0) this.#holders.delete(leaf)
    return one
  }

  /** The request is over without bytes: unless somebody who still sends was asked too, the leaf is missing again. */
  release(peer: ScheduledPeer, leaf: number): Outstanding | undefined {
    const one = this.settle(peer, leaf)
    if (one == null) return undefined
    for (const limit of this.#limits) limit.giveBack(one.bytes - one.got)
    this.reopenIfAbandoned(leaf)
    return one
  }

  /** Releases several; returns the runs that were open, for the Cancel. */
  releaseAll(peer: ScheduledPeer, leaves: Iterable<number>): Run[] {
    const runs: { start: number; count: number }[] = []
    for (const leaf of leaves) {
      const one = this.release(peer, leaf)
      if (one == null) continue
      const last = runs.at(-1)
      if (last != null && last.start + last.count === one.ordinal) last.count++
      else runs.push({ start: one.ordinal, count: 1 })
    }
    return runs
  }

  /** A leaf that is asked only of peers that fell silent is asked for again; they may still send it. */
  reopenIfAbandoned(leaf: number): void {
    if (this.#table.state(leaf) !== ASSIGNED) return
    for (const peer of this.holders(leaf)) if (!peer.snubbed) return
    this.reopen(leaf)
  }

  reopen(leaf: number): void {
    this.#table.set(leaf, MISSING)
    const isOnce = this.#table.duplicates.next(leaf) === -1
    for (const peer of this.#peers.values()) if (!isOnce || peer.have.has(leaf)) peer.exhausted = false
  }
}
