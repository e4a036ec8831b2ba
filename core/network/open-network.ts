// The node as the rest of the application sees it: peers that speak the exchange protocol, pipes to them, providers. Wires the parts, decides little.

import type { Connection, Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'
import { CodedError } from '../errors.ts'
import type { ExchangeProtocol, PeerPipe } from '../exchange/duplex.ts'
import { trace } from '../trace.ts'
import { isNear, type NetworkMode } from './address-policy.ts'
import { PUBLIC_BOOTSTRAPPERS } from './bootstrappers.ts'
import { createCappedDatastore } from './capped-datastore.ts'
import type { FoundProvider } from './dht.ts'
import { hintsByPeer, parseDialAddr, parsePeerId, peerOf } from './dial-target.ts'
import { type GoodPeers, startDiscovery } from './discovery.ts'
import { chooseEncrypters } from './encrypters.ts'
import { createGater } from './gater.ts'
import { chooseListenAddrs } from './listen.ts'
import { type Liveness, watchLiveness } from './liveness.ts'
import { startMdns } from './mdns.ts'
import { createNode, type Node } from './open-libp2p.ts'
import { PeerBook, type Via } from './peer-book.ts'
import { type PeerEvent, type StreamHandler, watchPeerLinks } from './peer-links.ts'
import { MAX_PEX_RECORDS, mayTell, openRecords, sealRecord } from './pex.ts'
import type { ProvideRows } from './provide.ts'
import { startRouting } from './routing.ts'

export type { GoodPeers, NetworkMode, PeerPipe, ProvideRows, Via }

const KEEP_TAG = 'shoal-transfer'
const KEEP_VALUE = 100 // the most a tag may weigh: the pruner closes the lightest first
const DIAL_TIMEOUT_MS = 15_000
const ENOUGH_DHT_PEERS = 4

export interface NetworkOptions {
  readonly mode: NetworkMode
  /** From `openIdentity`. */
  readonly privateKey: Ed25519PrivateKey
  /** The application's; strangers see `shoal/<version>`. */
  readonly version: string
  /** The port kept in settings; 0 or a taken one: another free one, which `addrs()` tells. */
  readonly port?: number
  /** Multiaddrs instead of the mode's own (`--listen`). */
  readonly listen?: readonly string[]
  /** Multiaddrs to stay connected to (`--peer`). */
  readonly peers?: readonly string[]
  /** Multiaddrs instead of the public bootstrappers (`--bootstrap`); without it only internet mode has any. */
  readonly bootstrap?: readonly string[]
  /** Connections at most, of everybody together (default 150). */
  readonly maxConnections?: number
  readonly goodPeers?: GoodPeers
  readonly provides?: ProvideRows
  /** What the node goes on without, and what that failed with: its text may name an address. */
  onTrouble?(what: 'tls-left-out' | 'mdns-left-out', error: unknown): void
}

export interface NetworkPeer {
  readonly peerId: string
  readonly name?: string
  readonly addrs: readonly string[]
  readonly via: Via
  readonly direct: boolean
  readonly latencyMs?: number
  /** Whether it speaks the exchange protocol: others are members of the DHT. */
  readonly isExchanging: boolean
}

export interface Network extends AsyncDisposable {
  readonly peerId: string
  readonly mode: NetworkMode
  /** With /p2p/, only what the mode lets others use. */
  addrs(): string[]
  /** The port listened on over IPv4, else IPv6: what settings should keep. */
  readonly port: number | undefined
  /** A multiaddr or a peer ID. Throws `forbidden` (mode, ban), `invalid-link` (neither), `no-providers` (nobody answers), `cancelled`. */
  dial(target: string, signal: AbortSignal, via?: Via): Promise<void>
  /** The addresses of a link: the first 16 are tried, what the mode excludes is skipped. Resolves with the peer IDs reached, maybe none; never throws. */
  dialHints(addrs: readonly string[], signal: AbortSignal): Promise<string[]>
  /** For an open connection, the best there is. */
  pipe(peerId: string): PeerPipe | undefined
  /**
   * Peers that speak the exchange protocol; connect once, disconnect when the last connection is gone. Those there already are told
   * of at once. Returns how to stop listening.
   */
  onPeer(listener: (peerId: string, event: PeerEvent) => void): () => void
  /** Once per protocol; streams that come earlier are refused. */
  handle(protocol: ExchangeProtocol, handler: StreamHandler): void
  /** Each provider once, not us. Ends by itself: after a minute at the latest, after 5 s while no DHT peer is connected. */
  findProviders(root: CID, signal: AbortSignal): AsyncIterable<FoundProvider>
  /** Provides the root from now on, over restarts too; resolves when a DHT peer has taken it. */
  provide(root: CID, signal: AbortSignal): Promise<void>
  unprovide(root: CID): void
  /** How many connected peers take part in a DHT. */
  readonly dhtPeers: number
  /** Every connected peer. */
  peers(): NetworkPeer[]
  noteName(peerId: string, name: string): void
  /** A peer with an active transfer: the pruner keeps it, and it is dialled again when it is lost. */
  tag(peerId: string, keep: boolean): void
  /** Holds at once for whoever comes; nobody who is being served is cut off. */
  setMaxConnections(maxConnections: number): void
  /** For 24 h, or until this process ends. */
  ban(peerId: string): void
  unban(peerId: string): void
  /** Signed records of others to tell this peer, at most 32; ours is first. */
  pexRecords(recipient: string, others: readonly string[]): Promise<Uint8Array[]>
  /** What a peer told us: verified, then dialled. Resolves with the peer IDs that were new to us. */
  acceptPex(sender: string, records: readonly Uint8Array[]): Promise<string[]>
}

/**
 * Opens the node: listening when this resolves, connecting in the background. Disposing it closes every connection.
 * Throws `forbidden` or `usage` for addresses given by the user that the mode excludes or that make no sense.
 */
export async function openNetwork(options: NetworkOptions, signal: AbortSignal): Promise<Network> {
  const { mode, privateKey } = options
  const ownPeerId = peerIdFromPrivateKey(privateKey).toString()
  const wanted = [...(options.peers ?? []), ...(options.bootstrap ?? [])]
  for (const text of wanted) parseDialAddr(mode, text)

  await using acquiring = new AsyncDisposableStack()
  const book = new PeerBook()
  let made: Node | undefined // the gater and the datastore ask about connections, and the node is made with them
  const gater = createGater({ mode, now: monotonic, isNearPeer: peer => isNearPeer(peer.toString()) })
  const [encrypters, listen] = await Promise.all([
    chooseEncrypters(privateKey, error => options.onTrouble?.('tls-left-out', error)),
    chooseListenAddrs(mode, options.port ?? 0, options.listen ?? [])
  ])
  signal.throwIfAborted()

  const connectionsOf = (peerId: string): Connection[] => made?.getConnections(peerIdFromString(peerId)) ?? []
  const isConnected = (peerId: string): boolean => connectionsOf(peerId).some(({ status }) => status === 'open')
  const isNearPeer = (peerId: string): boolean =>
    book.wasNear(peerId) || connectionsOf(peerId).some(({ remoteAddr }) => isNear(remoteAddr))

  const node = await createNode({
    mode,
    privateKey,
    version: options.version,
    listen,
    encrypters,
    ...(options.maxConnections != null && { maxConnections: options.maxConnections }),
    gater: gater.connectionGater,
    datastore: createCappedDatastore({
      now: Date.now,
      isPinned: peerId => peerId === ownPeerId || (peerId !== '' && isConnected(peerId))
    }),
    onLanDhtPeer: peer => book.noteNear(peer.toString())
  })
  made = node
  acquiring.defer(async () => {
    await node.stop()
  })
  const liveness = acquiring.use(watchLiveness(() => node.getConnections(), monotonic))
  const links = await watchPeerLinks(node, liveness)

  const dial = async (target: readonly Multiaddr[] | string, via: Via, dialSignal: AbortSignal): Promise<string> => {
    const to = typeof target === 'string' ? peerIdFromString(target) : [...target]
    const known = typeof target === 'string' ? target : peerOf(target[0])
    if (known != null) book.noteVia(known, via) // before the connection is told of
    trace.network?.('dial', { peer: known, via })
    const connection = await node
      .dial(to, { signal: AbortSignal.any([dialSignal, signal]) })
      .catch((error: unknown) => {
        trace.network?.('dial-failed', { peer: known, via })
        throw error
      })
    const peerId = connection.remotePeer.toString()
    book.noteVia(peerId, via)
    return peerId
  }
  const discovery = acquiring.use(
    startDiscovery({
      ownPeerId,
      dial,
      isConnected,
      connectionCount: () => node.getConnections().length,
      maxConnections: () => node.services.connectionLimit.max,
      now: monotonic,
      random: Math.random
    })
  )
  const routing = acquiring.use(startRouting(node, mode, options.provides))
  node.addEventListener('peer:identify', ({ detail: { peerId: peer, connection } }) => {
    const peerId = peer.toString()
    discovery.onConnect(peerId)
    if (connection.direction !== 'outbound' || !links.speaking.has(peerId)) return
    options.goodPeers?.save(peerId, [connection.remoteAddr.toString()])
  })
  node.addEventListener('peer:disconnect', ({ detail: peer }) => discovery.onDisconnect(peer.toString()))

  signal.throwIfAborted()
  await node.start()
  signal.throwIfAborted()
  for (const addr of options.peers ?? []) discovery.keepAddr(addr, 'peer')
  const bootstrap = options.bootstrap ?? (mode === 'internet' ? PUBLIC_BOOTSTRAPPERS : [])
  // bootstrappers serve everybody: once we know our way around they are left alone
  for (const addr of bootstrap) discovery.keepAddr(addr, 'dht', () => routing.dhtPeers < ENOUGH_DHT_PEERS)
  if (options.goodPeers != null) discovery.dialGoodPeers(options.goodPeers)

  if (mode !== 'loopback') {
    const onPeer = (peerId: string, addrs: Multiaddr[]): void => {
      book.noteNear(peerId)
      discovery.onMdns(peerId, addrs)
    }
    const onLeftOut = (error: unknown): void => options.onTrouble?.('mdns-left-out', error)
    acquiring.use(startMdns({ ownPeerId, addrs: () => node.getMultiaddrs(), onPeer, onLeftOut }))
  }

  const owned = acquiring.move()
  return {
    peerId: ownPeerId,
    mode,
    addrs: () => node.getMultiaddrs().map(addr => addr.toString()),
    get port() {
      const ports = node.getMultiaddrs().map(addr => addr.getComponents().find(({ name }) => name === 'tcp')?.value)
      return ports[0] == null ? undefined : Number(ports[0])
    },
    async dial(target, dialSignal, via = 'peer') {
      const to = target.startsWith('/') ? [parseDialAddr(mode, target)] : parsePeerId(target)
      const peerId = typeof to === 'string' ? to : peerOf(to[0])
      if (peerId != null && gater.isBanned(peerId)) {
        throw new CodedError('forbidden', 'This peer sent wrong data and is not dialled for 24 hours')
      }
      const limited = AbortSignal.any([dialSignal, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
      await dial(to, via, limited).catch((error: unknown) => {
        if (dialSignal.aborted || signal.aborted) throw new CodedError('cancelled', 'Cancelled', { cause: error })
        throw new CodedError(
          'no-providers',
          'The peer could not be reached; check that it is running and on this network',
          {
            cause: error
          }
        )
      })
    },
    async dialHints(addrs, dialSignal) {
      const byPeer = hintsByPeer(mode, addrs)
      byPeer.delete(ownPeerId)
      const limited = AbortSignal.any([dialSignal, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
      const dials = [...byPeer.values()].map(async list => await dial(list, 'link', limited).catch(() => undefined))
      return (await Promise.all(dials)).filter(peerId => peerId != null)
    },
    pipe: links.pipe,
    onPeer: links.onPeer,
    handle: links.handle,
    async *findProviders(root, findSignal) {
      const query = AbortSignal.any([findSignal, signal])
      for await (const found of routing.find(root, query)) {
        if (gater.isBanned(found.peerId)) continue
        book.noteVia(found.peerId, 'dht')
        yield found
      }
    },
    provide: routing.provide,
    unprovide: routing.unprovide,
    get dhtPeers() {
      return routing.dhtPeers
    },
    peers: () => describePeers(node, liveness, book, links.speaking),
    noteName: (peerId, name) => book.noteName(peerId, name),
    tag(peerId, keep) {
      if (keep) discovery.keepPeer(peerId)
      else discovery.dropPeer(peerId)
      const tags = { [KEEP_TAG]: keep ? { value: KEEP_VALUE } : undefined }
      // an undefined tag is taken away; the merge cannot fail for a reason anybody could act on
      void node.peerStore.merge(peerIdFromString(peerId), { tags }).catch(() => undefined)
    },
    setMaxConnections(maxConnections) {
      node.services.connectionLimit.max = maxConnections
    },
    ban(peerId) {
      gater.ban(peerId)
      discovery.dropPeer(peerId)
      void node.hangUp(peerIdFromString(peerId)).catch(() => undefined)
    },
    unban: peerId => gater.unban(peerId),
    async pexRecords(recipient, others) {
      const records = [await sealRecord(privateKey, node.getMultiaddrs())]
      const toNear = isNearPeer(recipient)
      for (const peerId of others) {
        if (records.length >= MAX_PEX_RECORDS) break
        if (peerId === recipient || peerId === ownPeerId) continue
        const peer = await node.peerStore.get(peerIdFromString(peerId)).catch(() => undefined)
        const record = peer?.peerRecordEnvelope
        if (record != null && mayTell(record, mode, toNear)) records.push(record)
      }
      return records
    },
    async acceptPex(sender, records) {
      const introduced = await openRecords(records, { mode, isSenderNear: isNearPeer(sender), ownPeerId })
      const fresh = introduced.filter(({ peerId }) => !isConnected(peerId) && !gater.isBanned(peerId))
      for (const { peerId, addrs } of fresh) discovery.onIntroduced(peerId, addrs)
      return fresh.map(({ peerId }) => peerId)
    },
    [Symbol.asyncDispose]: async () => await owned.disposeAsync()
  }
}

/** Milliseconds that never go back. */
const monotonic = (): number => performance.now()

function describePeers(node: Node, liveness: Liveness, book: PeerBook, speaking: ReadonlySet<string>): NetworkPeer[] {
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
      isExchanging: speaking.has(peerId),
      ...(name == null ? {} : { name }),
      ...(rtts.length === 0 ? {} : { latencyMs: Math.min(...rtts) })
    }
  })
}
