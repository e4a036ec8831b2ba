// Opens the node: makes the parts, wires them to one another, decides little.

import type { Connection } from '@libp2p/interface'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { systemClock } from '../clock.ts'
import { isNear } from './address-policy.ts'
import { PUBLIC_BOOTSTRAPPERS } from './bootstrappers.ts'
import { BulkLinks, hostsOf } from './bulk-links.ts'
import { CappedDatastore } from './capped-datastore.ts'
import { parseDialAddr } from './dial-target.ts'
import { Dialler } from './dialler.ts'
import { Discovery } from './discovery.ts'
import { chooseEncrypters } from './encrypters.ts'
import { Gater } from './gater.ts'
import { chooseListenAddrs } from './listen.ts'
import { watchLiveness } from './liveness.ts'
import { Mdns } from './mdns.ts'
import type { Network, NetworkOptions } from './network.ts'
import { createNode, type Node } from './open-libp2p.ts'
import { PeerBook } from './peer-book.ts'
import { keepRoom } from './connection-room.ts'
import { PeerLinks } from './peer-links.ts'
import { watchOwnAddresses } from './own-addresses.ts'
import { startRouting } from './routing.ts'
import { type NetworkParts, RunningNetwork } from './running-network.ts'

const ENOUGH_DHT_PEERS = 4
const LISTEN_TRIES = 4

/**
 * Opens the node: listening when this resolves, connecting in the background. Disposing it closes every connection.
 * Throws `forbidden` or `usage` for addresses given by the user that the mode excludes or that make no sense.
 */
export async function openNetwork(options: NetworkOptions, signal: AbortSignal): Promise<Network> {
  for (const text of [...(options.peers ?? []), ...(options.bootstrap ?? [])]) parseDialAddr(options.mode, text)
  for (let tries = 1; ; tries++) {
    try {
      return await tryToOpen(options, signal)
    } catch (error) {
      // a port that was free when it was chosen is taken when libp2p listens on it: by an outgoing connection of anybody, for one
      const isPortGone = error instanceof Error && error.name === 'UnsupportedListenAddressesError'
      const isChosenByUs = (options.listen ?? []).length === 0
      if (!isPortGone || !isChosenByUs || tries === LISTEN_TRIES) throw error
    }
  }
}

async function tryToOpen(options: NetworkOptions, signal: AbortSignal): Promise<Network> {
  const { mode } = options
  await using acquiring = new AsyncDisposableStack()
  const parts = await makeParts(options, acquiring, signal)
  const { node, discovery, links } = parts
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
  beginDiscovery(parts, options)
  if (mode !== 'loopback') {
    acquiring.use(watchOwnAddresses(node, systemClock))
    acquiring.use(startMdns(parts, options))
  }
  return new RunningNetwork(parts, acquiring.move())
}

/** All but the node's start: nothing listens and nobody is dialled yet. `acquiring` owns what must be ended. */
async function makeParts(
  options: NetworkOptions,
  acquiring: AsyncDisposableStack,
  signal: AbortSignal
): Promise<NetworkParts> {
  const { mode, privateKey } = options
  const ownPeerId = peerIdFromPrivateKey(privateKey).toString()
  const book = new PeerBook()
  const questions = new ConnectionQuestions(book)
  const { isConnected, isNearPeer } = questions
  const gater = new Gater({ mode, now: monotonic, isNearPeer: peer => isNearPeer(peer.toString()) })
  const datastore = new CappedDatastore({
    now: Date.now,
    isPinned: peerId => peerId === ownPeerId || (peerId !== '' && isConnected(peerId))
  })
  const listen = await chooseListenAddrs(mode, options.port ?? 0, options.listen ?? [])
  const node = await makeNode(options, { gater, datastore, book, listen }, signal)
  questions.node = node
  acquiring.defer(async () => {
    await node.stop()
  })
  const liveness = acquiring.use(watchLiveness(() => node.getConnections(), monotonic))
  const bulk = acquiring.use(new BulkLinks({ mode, privateKey, hosts: hostsOf(listen) }))
  const links = await PeerLinks.open(node, liveness, bulk)
  acquiring.use(keepRoom(node, peerId => links.speaking.has(peerId)))
  const dialler = new Dialler({ mode, ownPeerId, node, book, gater, ended: signal })
  const discovery = acquiring.use(
    new Discovery({
      ownPeerId,
      dial: async (target, via, dialSignal) => await dialler.connect(target, via, dialSignal),
      isConnected,
      connectionCount: () => node.getConnections().length,
      maxConnections: () => node.services.connectionLimit.max,
      now: monotonic,
      random: Math.random
    })
  )
  const routing = acquiring.use(startRouting(node, mode, options.provides))
  const made = { mode, privateKey, ownPeerId, ended: signal, isConnected, isNearPeer }
  return { ...made, node, book, gater, liveness, links, dialler, discovery, routing }
}

async function makeNode(
  options: NetworkOptions,
  {
    gater,
    datastore,
    book,
    listen
  }: { gater: Gater; datastore: CappedDatastore; book: PeerBook; listen: readonly string[] },
  signal: AbortSignal
): Promise<Node> {
  const { mode, privateKey, version, maxConnections } = options
  const encrypters = await chooseEncrypters(privateKey, error => options.onTrouble?.('tls-left-out', error))
  signal.throwIfAborted()
  return await createNode({
    mode,
    privateKey,
    version,
    listen,
    encrypters,
    ...(maxConnections != null && { maxConnections }),
    gater: gater.connectionGater,
    datastore,
    onLanDhtPeer: peer => book.noteNear(peer.toString())
  })
}

/** What the gater and the datastore ask about connections. The node is made with them, so it comes later. */
class ConnectionQuestions {
  node: Node | undefined
  readonly #book: PeerBook

  constructor(book: PeerBook) {
    this.#book = book
  }

  readonly isConnected = (peerId: string): boolean => this.#of(peerId).some(({ status }) => status === 'open')

  readonly isNearPeer = (peerId: string): boolean =>
    this.#book.wasNear(peerId) || this.#of(peerId).some(({ remoteAddr }) => isNear(remoteAddr))

  #of(peerId: string): Connection[] {
    return this.node?.getConnections(peerIdFromString(peerId)) ?? []
  }
}

function beginDiscovery({ mode, discovery, routing }: NetworkParts, options: NetworkOptions): void {
  for (const addr of options.peers ?? []) discovery.keepAddr(addr, 'peer')
  const bootstrap = options.bootstrap ?? (mode === 'internet' ? PUBLIC_BOOTSTRAPPERS : [])
  // bootstrappers serve everybody: once we know our way around they are left alone
  for (const addr of bootstrap) discovery.keepAddr(addr, 'dht', () => routing.dhtPeers < ENOUGH_DHT_PEERS)
  if (options.goodPeers != null) discovery.dialGoodPeers(options.goodPeers)
}

function startMdns({ ownPeerId, node, book, discovery }: NetworkParts, options: NetworkOptions): Mdns {
  return new Mdns({
    ownPeerId,
    addrs: () => node.getMultiaddrs(),
    onPeer(peerId: string, addrs: Multiaddr[]) {
      book.noteNear(peerId)
      discovery.onMdns(peerId, addrs)
    },
    onLeftOut: error => options.onTrouble?.('mdns-left-out', error)
  })
}

/** Milliseconds that never go back. */
const monotonic = (): number => performance.now()
