// The node as the rest of the application sees it: peers that speak the exchange protocol, pipes to them, providers. `open-network.ts` opens one.

import type { Ed25519PrivateKey } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { ExchangeProtocol, PeerPipe } from '../exchange/duplex.ts'
import type { NetworkMode } from './address-policy.ts'
import type { FoundProvider } from './dht.ts'
import type { GoodPeers } from './discovery.ts'
import type { Via } from './peer-book.ts'
import type { PeerEvent, StreamHandler } from './peer-links.ts'
import type { ProvideRows } from './provide.ts'

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
  /** What a peer told us: within a budget for each sender and for all verified, then dialled, few at a time. Resolves with the peer IDs that were new to us. */
  acceptPex(sender: string, records: readonly Uint8Array[]): Promise<string[]>
}
