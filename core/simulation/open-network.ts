// What simulated code gets in place of core/network/open-network.ts: the same node, over simulated connections. Discovery and the order of dialling are the
// real ones.
import { multiaddr } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'
import { CodedError } from '../errors.ts'
import { rootText } from '../cid.ts'
import type { ExchangeProtocol, PeerPipe } from '../exchange/duplex.ts'
import { Discovery } from '../network/discovery.ts'
import { peerOf } from '../network/dial-target.ts'
import type { Network, NetworkOptions, NetworkPeer } from '../network/network.ts'
import { type PeerEvent, type StreamHandler } from '../network/peer-links.ts'
import type { Via } from '../network/peer-book.ts'
import { SimulatedBulk } from './bulk.ts'
import type { Side } from './connection.ts'
import { type Listening, type Peer, peerOfMachine } from './internet.ts'
import { thisMachine } from './machine.ts'
import { openWire } from './open-wire.ts'

const IDENTIFY_TRIPS = 2
const MDNS_MS = 20_000
const SETTLE_MS = 5_000

interface Link {
  readonly side: Side
  readonly from: Peer
}

/** As the real one, as far as anybody uses it. */
export async function openNetwork(options: NetworkOptions, signal: AbortSignal): Promise<Network> {
  signal.throwIfAborted()
  return new SimulatedNetwork(options)
}

class SimulatedNetwork implements Network {
  readonly peerId: string
  readonly mode: NetworkOptions['mode']
  readonly port = 4001
  readonly dhtPeers = 4
  readonly #machine = thisMachine()
  readonly #self: Peer
  readonly #listening: Listening
  readonly #stopListening: () => void
  readonly #links = new Map<string, Link[]>() // by peer, the newest last
  readonly #speaking = new Set<string>()
  readonly #banned = new Set<string>()
  readonly #names = new Map<string, string>()
  readonly #vias = new Map<string, Via>()
  readonly #listeners = new Set<(peerId: string, event: PeerEvent) => void>()
  readonly #handlers = new Map<ExchangeProtocol, StreamHandler>()
  readonly #bulk: SimulatedBulk
  readonly #discovery: Discovery
  #isOver = false

  constructor(options: NetworkOptions) {
    this.mode = options.mode
    this.#self = peerOfMachine(this.#machine)
    this.peerId = this.#self.peerId
    this.#listening = {
      machine: this.#machine,
      peer: this.#self,
      accepts: peerId => !this.#isOver && !this.#banned.has(peerId),
      onConnection: (side, from) => this.#onConnection({ side, from })
    }
    this.#bulk = new SimulatedBulk(this.#machine, this.peerId)
    this.#stopListening = this.#self.internet.listen(this.#listening)
    this.#discovery = new Discovery({
      ownPeerId: this.peerId,
      dial: async (target, via) => this.#dial(typeof target === 'string' ? target : (peerOf(target[0]) ?? ''), via),
      isConnected: peerId => this.#links.has(peerId),
      connectionCount: () => this.#links.size,
      maxConnections: () => options.maxConnections ?? 150,
      now: () => performance.now(),
      random: Math.random
    })
    if (options.goodPeers != null) this.#discovery.dialGoodPeers(options.goodPeers)
    this.#mdns(1_000)
  }

  addrs(): string[] {
    return [this.#self.addr]
  }

  async dial(target: string, signal: AbortSignal, via: Via = 'peer'): Promise<void> {
    const peerId = target.startsWith('/') ? peerOf(multiaddr(target)) : target
    if (peerId == null) throw new CodedError('usage', 'That names no peer')
    if (this.#banned.has(peerId)) throw new CodedError('forbidden', 'This peer is refused')
    await this.#dial(peerId, via).catch((error: unknown) => {
      signal.throwIfAborted()
      throw new CodedError('no-providers', 'The peer could not be reached', { cause: error })
    })
  }

  async dialHints(addrs: readonly string[]): Promise<string[]> {
    const ids = new Set(addrs.slice(0, 16).flatMap(addr => peerOf(multiaddr(addr)) ?? []))
    ids.delete(this.peerId)
    const dials = [...ids].map(async id =>
      this.#dial(id, 'link')
        .then(() => id)
        .catch(() => undefined)
    )
    return (await Promise.all(dials)).filter(id => id != null)
  }

  pipe(peerId: string): PeerPipe | undefined {
    const link = this.#links.get(peerId)?.findLast(it => it.side.isOpen)
    return link == null || !this.#speaking.has(peerId) ? undefined : this.#pipeOver(link)
  }

  onPeer(listener: (peerId: string, event: PeerEvent) => void): () => void {
    this.#listeners.add(listener)
    for (const peerId of this.#speaking) queueMicrotask(() => this.#speaking.has(peerId) && listener(peerId, 'connect'))
    return () => this.#listeners.delete(listener)
  }

  handle(protocol: ExchangeProtocol, handler: StreamHandler): void {
    this.#handlers.set(protocol, handler)
  }

  async *findProviders(root: CID, signal: AbortSignal): AsyncGenerator<{ peerId: string; addrs: string[] }> {
    const { internet } = this.#self
    await this.#wait(300)
    for (const peerId of internet.providers(rootText(root))) {
      if (peerId === this.peerId || this.#banned.has(peerId) || signal.aborted) continue
      await this.#wait(50)
      const addr = internet.addrOf(peerId)
      yield { peerId, addrs: addr == null ? [] : [addr] }
    }
  }

  async provide(root: CID): Promise<void> {
    await this.#wait(200)
    this.#self.internet.provide(rootText(root), this.peerId)
  }

  unprovide(root: CID): void {
    this.#self.internet.unprovide(rootText(root), this.peerId)
  }

  peers(): NetworkPeer[] {
    return [...this.#links].map(([peerId, links]) => {
      const name = this.#names.get(peerId)
      return {
        peerId,
        addrs: links.map(({ from }) => from.addr),
        via: this.#vias.get(peerId) ?? 'inbound',
        direct: true,
        isExchanging: this.#speaking.has(peerId),
        ...(name != null && { name }),
        latencyMs: 2 * (links.at(-1)?.side.path.delayMs ?? 0)
      }
    })
  }

  noteName(peerId: string, name: string): void {
    this.#names.set(peerId, name)
  }

  tag(peerId: string, keep: boolean): void {
    if (keep) this.#discovery.keepPeer(peerId)
    else this.#discovery.dropPeer(peerId)
  }

  setMaxConnections(): void {}

  ban(peerId: string): void {
    this.#banned.add(peerId)
    this.#discovery.dropPeer(peerId)
    this.#self.internet.ports.onBan(this.#machine, peerId)
    for (const { side } of this.#links.get(peerId) ?? []) {
      this.#machine.after(0, 'net.hang-up', () => side.close(new Error('Refused')))
    }
  }

  unban(peerId: string): void {
    this.#banned.delete(peerId)
  }

  async pexRecords(recipient: string, others: readonly string[]): Promise<Uint8Array[]> {
    await this.#wait(1)
    const told = [this.peerId, ...others.filter(it => it !== recipient)].slice(0, 32)
    return told.map(it => Buffer.from(it))
  }

  async acceptPex(sender: string, records: readonly Uint8Array[]): Promise<string[]> {
    const allowed = this.#discovery.allowIntroductions(sender, records.length)
    await this.#wait(1)
    const fresh: string[] = []
    for (const record of records.slice(0, allowed)) {
      const peerId = Buffer.from(record).toString()
      const addr = this.#self.internet.addrOf(peerId)
      if (addr == null || peerId === this.peerId || this.#links.has(peerId) || this.#banned.has(peerId)) continue
      fresh.push(peerId)
      this.#discovery.onIntroduced(peerId, [multiaddr(addr)])
    }
    return fresh
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    this.#stopListening()
    this.#discovery[Symbol.dispose]()
    for (const links of this.#links.values())
      for (const { side } of links.slice()) side.close(new Error('The node stops'))
  }

  async #wait(ms: number): Promise<void> {
    await new Promise<void>(resolve => this.#machine.after(ms, 'net.wait', () => resolve()))
  }

  async #dial(peerId: string, via: Via): Promise<string> {
    if (this.#links.has(peerId)) return peerId
    if (this.#isOver || this.#banned.has(peerId)) throw new Error('Not dialled')
    this.#vias.set(peerId, via)
    await this.#self.internet.dial(this.#listening, peerId)
    return peerId
  }

  /** Now and then everybody on the local network hears of everybody. */
  #mdns(ms: number): void {
    this.#machine.after(ms, 'net.mdns', () => {
      if (this.#isOver) return
      for (const { peer } of this.#self.internet.neighbours(this.peerId)) {
        const [addr] = peer.addr.split('/p2p/')
        if (addr != null) this.#discovery.onMdns(peer.peerId, [multiaddr(addr)])
      }
      this.#mdns(MDNS_MS)
    })
  }

  #onConnection(link: Link): void {
    const { side, from } = link
    if (this.#isOver) return side.close(new Error('The node stops'))
    const links = this.#links.get(from.peerId) ?? []
    this.#links.set(from.peerId, links)
    links.push(link)
    side.onClosed = () => this.#onClosed(link)
    side.onStream = (protocol, wire) => {
      if (protocol === 'bulk') this.#bulk.onWire(wire)
      else this.#handlers.get(protocol)?.(wire, this.#pipeOver(link))
    }
    side.watch()
    this.#discovery.onConnect(from.peerId)
    this.#settle(from.peerId, links)
    this.#machine.after(IDENTIFY_TRIPS * 2 * side.path.delayMs, 'net.identified', () => {
      if (!side.isOpen || this.#speaking.has(from.peerId)) return
      this.#speaking.add(from.peerId)
      for (const listener of this.#listeners) listener(from.peerId, 'connect')
    })
  }

  /** Of two connections to the same peer the one with the smaller ID closes the older one. */
  #settle(peerId: string, links: Link[]): void {
    if (links.length < 2 || peerId < this.peerId) return
    this.#machine.after(SETTLE_MS, 'net.settled', () => {
      const open = links.filter(({ side }) => side.isOpen)
      for (const { side } of open.slice(0, -1)) side.close(new Error('Another connection is used'))
    })
  }

  #onClosed(link: Link): void {
    const { peerId } = link.from
    const links = this.#links.get(peerId) ?? []
    const at = links.indexOf(link)
    if (at >= 0) links.splice(at, 1)
    if (links.length > 0) return
    this.#links.delete(peerId)
    if (!this.#isOver) this.#discovery.onDisconnect(peerId)
    if (!this.#speaking.delete(peerId)) return
    for (const listener of this.#listeners) listener(peerId, 'disconnect')
  }

  #pipeOver({ side, from }: Link): PeerPipe {
    return {
      peerId: from.peerId,
      remoteAddr: from.addr,
      isLan: side.path.isLan,
      rttMs: 2 * side.path.delayMs,
      ...(this.#self.internet.hasBulk && side.path.isLan && { bulk: this.#bulk.portOver(side) }),
      open: async protocol => openWire(side, protocol)
    }
  }
}
