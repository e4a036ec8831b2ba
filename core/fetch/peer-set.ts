// The peers of one transfer: who is connected and ready, who is refused, and where what they send goes: to the search for the
// layout while there is none, to the leaves afterwards.

import type { CID } from 'multiformats/cid'
import type { Clock } from '../clock.ts'
import { HaveKind } from '../exchange/codes.ts'
import type { HaveMessage } from '../exchange/messages.ts'
import type { Requester } from '../exchange/requester.ts'
import { trace } from '../trace.ts'
import { FetchPeer, type PeerEvents } from './fetch-peer.ts'
import type { BanReason } from './inputs-and-effects.ts'
import type { LayoutFinder } from './layout-finder.ts'
import type { LeafFetch } from './leaf-fetch.ts'
import { STRIKES } from './limits.ts'
import { changeOf } from './pending-have.ts'
import { reasonOf } from './reject-reason.ts'
import type { TransferStats } from './transfer-stats.ts'

export interface PeerSetPorts {
  readonly root: CID
  readonly clock: Clock
  readonly stats: TransferStats
  finder(): LayoutFinder
  /** Undefined until there is a layout and a place to write. */
  leaves(): LeafFetch | undefined
  /** A peer is ready to be asked for leaves. */
  join(peer: FetchPeer): void
  onPex(peerId: string, records: readonly Uint8Array[]): void
  ban(peerId: string, reason: BanReason): void
  onChange(): void
}

export class PeerSet {
  readonly #ports: PeerSetPorts
  readonly #peers = new Map<string, FetchPeer>()
  readonly #banned = new Set<string>()
  #isPreferred = false
  readonly #lies = new Map<string, number>() // wrong bytes before there was a layout, by peer

  constructor(ports: PeerSetPorts) {
    this.#ports = ports
  }

  /** A newer session with the same peer takes the place of the older. False when it is refused. */
  add(requester: Requester, rttMs: number | undefined): boolean {
    const id = requester.peerId
    if (this.#banned.has(id) || requester.closed) return false
    const known = this.#peers.get(id)
    if (known?.requester === requester) {
      this.setRtt(id, rttMs ?? known.rttMs)
      return true
    }
    known?.end()
    const peer = new FetchPeer(requester, rttMs ?? 0, { root: this.#ports.root, events: this.#events })
    peer.prefer(this.#isPreferred)
    this.#peers.set(id, peer)
    peer.start()
    this.#ports.onChange()
    return true
  }

  setRtt(id: string, rttMs: number): void {
    const peer = this.#peers.get(id)
    if (peer == null) return
    peer.rttMs = rttMs
    this.#ports.leaves()?.feed({ type: 'rtt-measured', peer: id, rttMs })
  }

  /** Whether everybody is asked about this root before roots that only wait. */
  prefer(isPreferred: boolean): void {
    this.#isPreferred = isPreferred
    for (const peer of this.#peers.values()) peer.prefer(isPreferred)
  }

  find(id: string): FetchPeer | undefined {
    return this.#peers.get(id)
  }

  all(): FetchPeer[] {
    return [...this.#peers.values()]
  }

  /** Those that serve the root. */
  ready(): FetchPeer[] {
    return this.all().filter(peer => peer.root != null)
  }

  end(): void {
    for (const peer of this.all()) peer.end()
  }

  /** It sent bytes that are not the root's. */
  blame(id: string): void {
    this.#ports.stats.hashMismatchSeen = true
    const lies = (this.#lies.get(id) ?? 0) + 1
    this.#lies.set(id, lies)
    trace.fetch?.('strike', { peer: id, strikes: lies })
    if (lies >= STRIKES) this.ban(id, 'wrong-bytes')
    this.#ports.onChange()
  }

  ban(id: string, reason: BanReason): void {
    this.#banned.add(id)
    trace.fetch?.('banned', { peer: id, reason })
    this.#ports.ban(id, reason)
    this.#peers.get(id)?.end()
  }

  /** It may come again, and begins anew. */
  forgive(id: string): void {
    this.#banned.delete(id)
    this.#lies.delete(id)
    this.#ports.leaves()?.feed({ type: 'peer-forgiven', peer: id })
  }

  readonly #events: PeerEvents = {
    onReady: peer => {
      if (this.#ports.leaves() == null) this.#ports.finder().addPeer(peer)
      else this.#ports.join(peer)
      this.#ports.onChange()
    },
    onHave: (peer, have) => this.#onHave(peer, have),
    onChoke: ({ id, choked, slotsBytes }) => {
      this.#ports.finder().tick()
      this.#ports.leaves()?.feed({ type: 'choke-changed', peer: id, choked, slotsBytes })
    },
    onSkeleton: (peer, offset, bytes, last) => this.#ports.finder().onSkeleton(peer.id, offset, bytes, last),
    onSkeletonReject: (peer, offset, _code, retryMs) => {
      this.#ports.finder().onSkeletonReject(peer.id, offset, retryMs)
    },
    onBytes: (peer, ordinal, bytes) => {
      this.#ports.stats.bytes(peer, ordinal, { bytes, now: this.#now })
      this.#ports.finder().onBytes(peer.id)
      this.#ports.leaves()?.feed({ type: 'bytes-received', peer: peer.id, ordinal, bytes })
    },
    onLeaf: (peer, ordinal, bytes) => {
      this.#ports.stats.leaf(peer, ordinal, { bytes: bytes.length, now: this.#now })
      const leaves = this.#ports.leaves()
      if (leaves == null) this.#ports.finder().onLeaf(peer.id, bytes)
      else leaves.leaf(peer.id, ordinal, bytes)
      this.#ports.onChange()
    },
    onReject: (peer, { start, count }, code, retryMs) => {
      this.#ports.stats.rejected(peer.id, { start, count })
      const reason = reasonOf(code)
      if (reason === 'changed') this.#ports.stats.sourceChangedSeen = true
      const leaves = this.#ports.leaves()
      if (leaves == null) this.#ports.finder().onReject(peer.id, retryMs, reason === 'io')
      else leaves.feed({ type: 'reject-received', peer: peer.id, start, count, reason, retryMs })
    },
    onPex: (peer, records) => this.#ports.onPex(peer.id, records),
    onChanged: () => {
      this.#ports.stats.sourceChangedSeen = true
      this.#ports.onChange()
    },
    onUnready: ({ id }) => {
      this.#ports.stats.gone(id)
      this.#ports.finder().removePeer(id)
      this.#ports.leaves()?.feed({ type: 'peer-left', peer: id })
      this.#ports.onChange()
    },
    onGone: peer => {
      if (this.#peers.get(peer.id) === peer) this.#peers.delete(peer.id)
      this.#ports.onChange()
    }
  }

  #onHave(peer: FetchPeer, have: HaveMessage): void {
    if (have.kind !== HaveKind.SET) peer.isComplete = have.kind === HaveKind.FULL
    const leaves = this.#ports.leaves()
    if (leaves == null) peer.have.apply(changeOf(have), peer.info?.leaves ?? 0)
    else leaves.feed({ type: 'have-received', peer: peer.id, change: changeOf(have) })
  }

  get #now(): number {
    return this.#ports.clock.now()
  }
}
