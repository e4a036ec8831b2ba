// The libp2p node as a mode wants it. Every limit that libp2p has is set here; what it lacks is in the gater and the datastore.

import { type Identify, identify } from '@libp2p/identify'
import type { ConnectionGater, Ed25519PrivateKey, PeerId } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { type Ping, ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p, type Libp2pInit } from 'libp2p'
import { mayAnnounce, type NetworkMode, type Scope, scopeOf } from './address-policy.ts'
import { lanDht, publicDht } from './dht.ts'
import type { EncrypterFactories } from './encrypters.ts'
import { publicAddrs } from './listen.ts'

const MAX_CONNECTIONS = 150 // DESIGN.md, "Network"
const MAX_INBOUND_PENDING = 32
const MAX_ANNOUNCED_ADDRS = 16
/** Socket silence after which tcp gives up; yamux's keep-alive speaks every 30 s. */
const SOCKET_IDLE_MS = 120_000
/** libp2p aborts a stream with more unread bytes than its read buffer, so the window may not be larger: 8 MiB each is 80 MB/s at 100 ms round trip. */
const STREAM_WINDOW_BYTES = 8 * 1024 * 1024
const DAY_MS = 24 * 60 * 60 * 1000

export interface NodeOptions {
  readonly mode: NetworkMode
  readonly privateKey: Ed25519PrivateKey
  readonly version: string
  readonly listen: readonly string[]
  readonly encrypters: EncrypterFactories
  readonly gater: ConnectionGater
  readonly datastore: NonNullable<Libp2pInit['datastore']>
  /** Beyond it whoever comes is refused, and connections that nothing uses are closed; absent: 150. */
  readonly maxConnections?: number
  /** A member of the LAN DHT named this peer; called before libp2p stores its addresses. */
  onLanDhtPeer(peer: PeerId): void
}

/** libp2p gives its connection manager to services only. */
interface ConnectionLimit {
  max: number
}

type Services = {
  identify: Identify
  ping: Ping
  lanDht: KadDHT
  publicDht?: KadDHT
  connectionLimit: ConnectionLimit
}
export type Node = Libp2p<Services>

/** Made, not started: the caller puts its handlers in first. */
export async function createNode(options: NodeOptions): Promise<Node> {
  const { mode } = options
  const isInternet = mode === 'internet'
  return await createLibp2p<Services>({
    privateKey: options.privateKey,
    nodeInfo: { name: 'shoal', version: options.version, userAgent: `shoal/${options.version}` },
    addresses: {
      listen: [...options.listen],
      announceFilter: addrs => announced(mode, isInternet ? withPublic(addrs, options) : addrs)
    },
    transports: [
      tcp({ inboundSocketInactivityTimeout: SOCKET_IDLE_MS, outboundSocketInactivityTimeout: SOCKET_IDLE_MS })
    ],
    connectionEncrypters: options.encrypters,
    streamMuxers: [
      yamux({
        enableKeepAlive: true,
        maxInboundStreams: 256,
        maxOutboundStreams: 256,
        streamOptions: {
          initialStreamWindowSize: 1024 * 1024,
          maxStreamWindowSize: STREAM_WINDOW_BYTES,
          maxReadBufferLength: STREAM_WINDOW_BYTES
        }
      })
    ],
    connectionGater: options.gater,
    connectionManager: {
      maxConnections: options.maxConnections ?? MAX_CONNECTIONS,
      maxIncomingPendingConnections: MAX_INBOUND_PENDING,
      inboundConnectionThreshold: 100, // per host and second; the gater counts strangers, and a class room may sit on one machine
      maxParallelDials: 32,
      maxPeerAddrsToDial: MAX_ANNOUNCED_ADDRS,
      addressSorter: nearestFirst,
      ...(isInternet ? {} : { resolvers: {} }) // no name is looked up
    },
    connectionMonitor: { enabled: false }, // liveness.ts: a late ping on a slow link is no reason to hang up
    datastore: options.datastore,
    peerStore: { maxAddressAge: DAY_MS, maxPeerAge: 2 * DAY_MS },
    ...(isInternet ? {} : { dns: { query: refuseLookUp } }),
    services: {
      identify: identify({ maxObservedAddresses: 4 }),
      ping: ping({ maxInboundStreams: 8, maxOutboundStreams: 8 }), // with libp2p's 1, a ping of liveness.ts makes the DHT's fail, and the peer stays out of its table
      lanDht: lanDht(options.onLanDhtPeer),
      ...(isInternet ? { publicDht: publicDht() } : {}),
      connectionLimit: ({ connectionManager }) => ({
        get max() {
          return connectionManager.getMaxConnections()
        },
        set max(connections) {
          connectionManager.setMaxConnections(connections)
        }
      })
    },
    start: false
  })
}

async function refuseLookUp(): Promise<never> {
  throw new Error('Names are looked up in internet mode only')
}

/** With those on the internet that this host has now. */
function withPublic(addrs: Multiaddr[], { listen, privateKey }: NodeOptions): Multiaddr[] {
  const suffix = `/p2p/${peerIdFromPrivateKey(privateKey).toString()}`
  const own = publicAddrs(listen).map(addr => addr + suffix)
  return [...new Set([...addrs.map(addr => addr.toString()), ...own])].map(addr => multiaddr(addr))
}

/** What others hear of our addresses: those the mode allows; loopback ones only when there are no others, as they mean something else to everybody. */
function announced(mode: NetworkMode, addrs: Multiaddr[]): Multiaddr[] {
  const allowed = addrs.filter(addr => mayAnnounce(mode, addr))
  const elsewhere = allowed.filter(addr => scopeOf(addr) !== 'loopback')
  return (elsewhere.length > 0 ? elsewhere : allowed).slice(0, MAX_ANNOUNCED_ADDRS)
}

const DIAL_ORDER: Record<Scope, number> = { private: 0, public: 1, loopback: 2 }

/** The local network before the internet; our own machine last, since most peers are elsewhere and name it anyway. */
function nearestFirst(
  a: { multiaddr: Multiaddr; isCertified: boolean },
  b: { multiaddr: Multiaddr; isCertified: boolean }
): -1 | 0 | 1 {
  const rank = (addr: Multiaddr): number => DIAL_ORDER[scopeOf(addr.decapsulateCode(CODE_P2P)) ?? 'loopback']
  const order = rank(a.multiaddr) - rank(b.multiaddr) || Number(b.isCertified) - Number(a.isCertified)
  return Math.sign(order) as -1 | 0 | 1 // of a whole number it is nothing else
}
