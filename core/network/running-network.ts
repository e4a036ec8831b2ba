// An open node: every call of `Network`, each handed to the part that knows.

import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { CID } from 'multiformats/cid'
import type { ExchangeProtocol, PeerPipe } from '../exchange/duplex.ts'
import type { NetworkMode } from './address-policy.ts'
import type { FoundProvider } from './dht.ts'
import type { Dialler } from './dialler.ts'
import type { Discovery } from './discovery.ts'
import type { Gater } from './gater.ts'
import type { Liveness } from './liveness.ts'
import type { Network, NetworkPeer } from './network.ts'
import type { Node } from './open-libp2p.ts'
import type { PeerBook, Via } from './peer-book.ts'
import type { PeerEvent, PeerLinks, StreamHandler } from './peer-links.ts'
import { MAX_PEX_RECORDS, mayTell, openRecords, sealRecord } from './pex.ts'
import type { Routing } from './routing.ts'

const KEEP_TAG = 'shoal-transfer'
const KEEP_VALUE = 100 // the most a tag may weigh: the pruner closes the lightest first

export interface NetworkParts {
  readonly mode: NetworkMode
  readonly privateKey: Ed25519PrivateKey
  readonly ownPeerId: string
  /** Aborts when the node ends. */
  readonly ended: AbortSignal
  readonly node: Node
  readonly book: PeerBook
  readonly gater: Gater
  readonly liveness: Liveness
  readonly links: PeerLinks
  readonly dialler: Dialler
  readonly discovery: Discovery
  readonly routing: Routing
  isConnected(peerId: string): boolean
  /** Whether we met the peer on this machine or a local network. */
  isNearPeer(peerId: string): boolean
}

export class RunningNetwork implements Network {
  readonly #parts: NetworkParts
  readonly #owned: AsyncDisposableStack

  /** Owns what `owned` holds. */
  constructor(parts: NetworkParts, owned: AsyncDisposableStack) {
    this.#parts = parts
    this.#owned = owned
  }

  get peerId(): string {
    return this.#parts.ownPeerId
  }

  get mode(): NetworkMode {
    return this.#parts.mode
  }

  addrs(): string[] {
    return this.#parts.node.getMultiaddrs().map(addr => addr.toString())
  }

  get port(): number | undefined {
    const [addr] = this.#parts.node.getMultiaddrs()
    const port = addr?.getComponents().find(({ name }) => name === 'tcp')?.value
    return port == null ? undefined : Number(port)
  }

  async dial(target: string, signal: AbortSignal, via: Via = 'peer'): Promise<void> {
    await this.#parts.dialler.dial(target, signal, via)
  }

  async dialHints(addrs: readonly string[], signal: AbortSignal): Promise<string[]> {
    return await this.#parts.dialler.dialHints(addrs, signal)
  }

  pipe(peerId: string): PeerPipe | undefined {
    return this.#parts.links.pipe(peerId)
  }

  onPeer(listener: (peerId: string, event: PeerEvent) => void): () => void {
    return this.#parts.links.onPeer(listener)
  }

  handle(protocol: ExchangeProtocol, handler: StreamHandler): void {
    this.#parts.links.handle(protocol, handler)
  }

  async *findProviders(root: CID, signal: AbortSignal): AsyncGenerator<FoundProvider> {
    const { routing, gater, book, ended } = this.#parts
    for await (const found of routing.find(root, AbortSignal.any([signal, ended]))) {
      if (gater.isBanned(found.peerId)) continue
      book.noteVia(found.peerId, 'dht')
      yield found
    }
  }

  async provide(root: CID, signal: AbortSignal): Promise<void> {
    await this.#parts.routing.provide(root, signal)
  }

  unprovide(root: CID): void {
    this.#parts.routing.unprovide(root)
  }

  get dhtPeers(): number {
    return this.#parts.routing.dhtPeers
  }

  peers(): NetworkPeer[] {
    return describePeers(this.#parts)
  }

  noteName(peerId: string, name: string): void {
    this.#parts.book.noteName(peerId, name)
  }

  tag(peerId: string, keep: boolean): void {
    const { discovery, node } = this.#parts
    if (keep) discovery.keepPeer(peerId)
    else discovery.dropPeer(peerId)
    const tags = { [KEEP_TAG]: keep ? { value: KEEP_VALUE } : undefined }
    // an undefined tag is taken away; the merge cannot fail for a reason anybody could act on
    void node.peerStore.merge(peerIdFromString(peerId), { tags }).catch(() => undefined)
  }

  setMaxConnections(maxConnections: number): void {
    this.#parts.node.services.connectionLimit.max = maxConnections
  }

  ban(peerId: string): void {
    const { gater, discovery, node } = this.#parts
    gater.ban(peerId)
    discovery.dropPeer(peerId)
    void node.hangUp(peerIdFromString(peerId)).catch(() => undefined)
  }

  unban(peerId: string): void {
    this.#parts.gater.unban(peerId)
  }

  async pexRecords(recipient: string, others: readonly string[]): Promise<Uint8Array[]> {
    const { node, privateKey, ownPeerId, mode } = this.#parts
    const records = [await sealRecord(privateKey, node.getMultiaddrs())]
    const toNear = this.#parts.isNearPeer(recipient)
    for (const peerId of others) {
      if (records.length >= MAX_PEX_RECORDS) break
      if (peerId === recipient || peerId === ownPeerId) continue
      const peer = await node.peerStore.get(peerIdFromString(peerId)).catch(() => undefined)
      const record = peer?.peerRecordEnvelope
      if (record != null && mayTell(record, mode, toNear)) records.push(record)
    }
    return records
  }

  async acceptPex(sender: string, records: readonly Uint8Array[]): Promise<string[]> {
    const { mode, ownPeerId, gater, discovery } = this.#parts
    const isSenderNear = this.#parts.isNearPeer(sender)
    const allowed = discovery.allowIntroductions(sender, records.length) // before signatures are looked at: they cost us more than him
    const introduced = await openRecords(records.slice(0, allowed), { mode, isSenderNear, ownPeerId })
    const fresh = introduced.filter(({ peerId }) => !this.#parts.isConnected(peerId) && !gater.isBanned(peerId))
    for (const { peerId, addrs } of fresh) discovery.onIntroduced(peerId, addrs)
    return fresh.map(({ peerId }) => peerId)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync()
  }
}

function describePeers({ node, liveness, book, links }: NetworkParts): NetworkPeer[] {
  return node.getPeers().map(peer => {
    const peerId = peer.toString()
    const connections = node.getConnections(peer)
    const rtts = connections.map(connection => liveness.rttMs(connection)).filter(rtt => rtt != null)
    const name = book.nameOf(peerId)
    return {
      peerId,
      addrs: connections.map(({ remoteAddr }) => remoteAddr.toString()),
      via: book.viaOf(peerId),
      direct: connections.some(({ direct }) => direct),
      isExchanging: links.speaking.has(peerId),
      ...(name == null ? {} : { name }),
      ...(rtts.length === 0 ? {} : { latencyMs: Math.min(...rtts) })
    }
  })
}
