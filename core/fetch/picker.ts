// Which leaves to ask one peer for next. In this order:
// 1. the rest of the extent that it is sending, so that servers read ahead and files are written in long runs;
// 2. while the transfer has begun fewer than RANDOM_EXTENTS: a random extent, so that getters that start together soon differ;
// 3. the rarest extent, if it is rarer than the one that step 4 would take, so that everything is soon had by several;
// 4. the extent that follows the one it was sending;
// 5. anything that it has and that is missing, from a random place on: exact, and the only step that may say "nothing".
// What was asked of somebody is not missing (leaf-table.ts), so no step sees it.

import type { LeafTable } from './leaf-table.ts'
import * as limits from './limits.ts'
import type { Outstanding, ScheduledPeer } from './scheduled-peer.ts'

const PROBES = 32 // extents looked at before the exact search

export interface Budget {
  /** Of the peer's window: exceeded only by a leaf asked of a peer that has nothing else to send. */
  free: number
  /** Of what may be outstanding in all, and of the write queue: never exceeded. */
  hard: number
  /** Of the rate limit: the last leaf may go beyond it. */
  tokens: number
}

export class Picker {
  readonly #table: LeafTable
  readonly #random: () => number
  #randomLeft = limits.RANDOM_EXTENTS

  constructor(table: LeafTable, random: () => number) {
    this.#table = table
    this.#random = random
  }

  /** Leaves for one request, each handed to `assign`, which takes it out of the missing ones. */
  take(peer: ScheduledPeer, budget: Budget, assign: (one: Outstanding) => void): { start: number; count: number }[] {
    const runs: { start: number; count: number }[] = []
    let run = { left: 0 }
    const request = { isStruck: false }
    let { free, hard, tokens } = budget
    while (tokens > 0 && peer.out.size < limits.MAX_PEER_LEAVES) {
      const found = this.#next(peer)
      if (found == null) break
      const ordinal = this.#wantedPosition(peer, found)
      const bytes = this.#table.plan.leafBytes(ordinal)
      peer.leastBytes = bytes
      if (bytes > hard || (bytes > free && peer.out.size > 0)) break
      const last = runs.at(-1)
      if (last != null && last.start + last.count === ordinal) last.count++
      else {
        if (runs.length === limits.MAX_REQUEST_RUNS || peer.runs === limits.MAX_PEER_RUNS) break
        runs.push({ start: ordinal, count: 1 })
        run = { left: 0 }
      }
      assign({ ordinal, leaf: this.#table.duplicates.first(ordinal), bytes, run, request, got: 0 })
      peer.cursor = ordinal + 1
      free -= bytes
      hard -= bytes
      tokens -= bytes
    }
    return runs
  }

  /** Whether anything missing can be asked of it, choked or not. */
  hasWork(peer: ScheduledPeer): boolean {
    if (peer.exhausted || this.#table.missing.size === 0) return false
    const size = this.#table.plan.leafCount
    peer.exhausted = peer.have.next(0, size) === size
    return !peer.exhausted
  }

  #next(peer: ScheduledPeer): number | undefined {
    const { extents, leafCount } = this.#table.plan
    if (peer.exhausted) return undefined
    if (peer.cursor > 0) {
      const here = this.#table.extentOf(peer.cursor - 1)
      const inside = peer.have.next(peer.cursor, extents[here + 1]!)
      if (inside < extents[here + 1]!) return inside
      if (this.#randomLeft === 0 && extents[here + 1]! < leafCount) {
        const after = this.#first(peer, here + 1)
        if (after != null) return this.#rarer(peer, this.#table.availability.copies(here + 1)) ?? after
      }
    }
    const picked = this.#randomLeft > 0 ? this.#anywhere(peer) : (this.#rarer(peer, Infinity) ?? this.#anywhere(peer))
    if (picked == null) peer.exhausted = true
    else if (this.#randomLeft > 0) this.#randomLeft--
    return picked
  }

  /** In an extent with fewer copies than that; a few extents are tried, so a peer with little may be offered a commoner one. */
  #rarer(peer: ScheduledPeer, copies: number): number | undefined {
    if (this.#table.availability.lowest >= copies) return undefined
    let probes = PROBES
    for (const bucket of this.#table.availability.rarestFirst()) {
      if (bucket.copies >= copies) return undefined
      const from = Math.floor(this.#random() * bucket.extents.length)
      for (let i = 0; i < bucket.extents.length; i++) {
        if (probes-- === 0) return undefined
        const found = this.#first(peer, bucket.extents[(from + i) % bucket.extents.length]!)
        if (found != null) return found
      }
    }
    return undefined
  }

  /** Exact: undefined only when there is nothing. */
  #anywhere(peer: ScheduledPeer): number | undefined {
    const { leafCount, extents } = this.#table.plan
    const from = extents[Math.floor(this.#random() * (extents.length - 1))]!
    const found = peer.have.next(from, leafCount)
    if (found < leafCount) return found
    const before = peer.have.next(0, from)
    return before < from ? before : undefined
  }

  #first(peer: ScheduledPeer, extent: number): number | undefined {
    const { extents } = this.#table.plan
    const found = peer.have.next(extents[extent]!, extents[extent + 1]!)
    return found < extents[extent + 1]! ? found : undefined
  }

  /** A position outside the user's choice is asked for only when the peer has the multihash nowhere else. */
  #wantedPosition(peer: ScheduledPeer, ordinal: number): number {
    const { duplicates, wanted } = this.#table
    if (wanted.has(ordinal) || !duplicates.some) return ordinal
    for (let at = duplicates.first(ordinal); at !== -1; at = duplicates.next(at)) {
      if (wanted.has(at) && peer.have.has(at)) return at
    }
    return ordinal
  }
}
