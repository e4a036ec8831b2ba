// What a transfer counts for its snapshot.

import type { FetchPeer } from './fetch-peer.ts'
import type { Run } from '../exchange/codes.ts'
import type { PeerState } from './scheduled-peer.ts'
import type { FetchPeerRow, WaitingFor } from './ports.ts'
import { RateMeter } from '../rate-meter.ts'

const QUIET_MS = 5_000 // after that without bytes, a row says what it waits for (PRODUCT.md, "Words on the screen")

export class TransferStats {
  readonly sources = new Set<string>()
  readonly rate = new RateMeter()
  receivedBytes = 0
  duplicateBytes = 0
  sourceChangedSeen = false
  hashMismatchSeen = false
  #heardAt = -Infinity
  readonly #partial = new Map<string, Map<number, number>>() // by peer and ordinal: bytes of leaves that are not whole

  bytes(peer: FetchPeer, ordinal: number, { bytes, now }: { bytes: number; now: number }): void {
    this.#count(peer, bytes, now)
    let leaves = this.#partial.get(peer.id)
    if (leaves == null) this.#partial.set(peer.id, (leaves = new Map()))
    leaves.set(ordinal, (leaves.get(ordinal) ?? 0) + bytes)
  }

  leaf(peer: FetchPeer, ordinal: number, { bytes, now }: { bytes: number; now: number }): void {
    this.#count(peer, Math.max(0, bytes - this.#take(peer.id, ordinal)), now)
  }

  /** What came of these leaves came in vain: somebody else was faster. */
  cancelled(id: string, run: Run): void {
    this.duplicateBytes += this.#takeAll(id, run)
  }

  rejected(id: string, run: Run): void {
    this.#takeAll(id, run)
  }

  gone(id: string): void {
    this.#partial.delete(id)
  }

  isQuiet(now: number): boolean {
    return now - this.#heardAt >= QUIET_MS
  }

  #count(peer: FetchPeer, bytes: number, now: number): void {
    this.receivedBytes += bytes
    peer.receivedBytes += bytes
    this.rate.add(bytes, now)
    this.#heardAt = now
  }

  #takeAll(id: string, run: Run): number {
    const leaves = this.#partial.get(id)
    if (leaves == null) return 0
    let bytes = 0
    for (const ordinal of leaves.keys()) {
      if (ordinal >= run.start && ordinal < run.start + run.count) bytes += this.#take(id, ordinal)
    }
    return bytes
  }

  #take(id: string, ordinal: number): number {
    const leaves = this.#partial.get(id)
    const bytes = leaves?.get(ordinal) ?? 0
    leaves?.delete(ordinal)
    return bytes
  }
}

interface Scheduled {
  readonly peer: string
  readonly state: PeerState
  readonly ratePerSecond: number
}

export function peerRows(peers: Iterable<FetchPeer>, scheduled: readonly Scheduled[]): FetchPeerRow[] {
  const states = new Map(scheduled.map(it => [it.peer, it]))
  return [...peers].map(peer => ({
    peerId: peer.id,
    name: peer.requester.name,
    state: peer.info == null ? 'hello' : (states.get(peer.id)?.state ?? (peer.choked ? 'choked' : 'open')),
    ratePerSecond: Math.round(states.get(peer.id)?.ratePerSecond ?? 0),
    receivedBytes: peer.receivedBytes,
    isComplete: peer.isComplete
  }))
}

/** Why nothing came for a while, although something is asked for. */
export function idleReason(ready: readonly FetchPeer[], scheduled: readonly Scheduled[], starved: boolean): WaitingFor {
  if (ready.length === 0) return 'peers'
  if (scheduled.some(it => it.state === 'snubbed' || it.state === 'backoff')) return 'answer'
  if (starved) return 'parts'
  return ready.every(it => it.choked) ? 'slot' : 'answer'
}
