// The Kademlia DHTs of a mode: a LAN DHT among near peers, and in internet mode the public one beside it.

import { type KadDHT, kadDHT } from '@libp2p/kad-dht'
import type { Connection, PeerId, PeerInfo } from '@libp2p/interface'
import { CODE_P2P } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'
import { isNear, isOfInternet, mayLearn, type NetworkMode } from './address-policy.ts'
import { CodedError } from '../errors.ts'

export const LAN_KAD = '/ipfs/lan/kad/1.0.0' // go-libp2p-kad-dht, dual/dual.go
export const PUBLIC_KAD = '/ipfs/kad/1.0.0' // kad-dht spec

type KadFactory = ReturnType<typeof kadDHT>

export interface FoundProvider {
  readonly peerId: string
  /** With /p2p/, at most 16; none when the DHT knows only the peer's ID. */
  readonly addrs: string[]
}

/**
 * The DHT on this machine or the local network. Everybody in it serves: no NAT stands between. `onPeer` hears of every peer that a member named, before
 * libp2p stores the addresses.
 */
export function lanDht(onPeer: (peer: PeerId) => void): KadFactory {
  return components => {
    const dht = kadDHT({
      protocol: LAN_KAD,
      clientMode: false,
      logPrefix: 'libp2p:kad-dht-lan',
      datastorePrefix: '/dht-lan',
      initialQuerySelfInterval: 0, // queries wait for the first one, and it waits for the first peer
      peerInfoMapper: keepAddrs(addr => isNear(addr))
    })(components)
    // the instance is the event target that libp2p itself listens to for peer discovery; its published type leaves that out
    const target = dht as unknown as EventTarget
    target.addEventListener('peer', event => onPeer((event as CustomEvent<PeerInfo>).detail.id))
    return dht
  }
}

/** The DHT of the internet, as a client of it: see `serveWhenReached`. Private addresses are neither believed nor passed on. */
export function publicDht(): KadFactory {
  return kadDHT({
    protocol: PUBLIC_KAD,
    clientMode: true,
    initialQuerySelfInterval: 0,
    peerInfoMapper: keepAddrs(addr => mayLearn('internet', addr, false))
  })
}

/** What tells of connections: a libp2p node. */
interface ConnectionSource {
  addEventListener(type: 'connection:open', listener: (event: CustomEvent<Reached>) => void): void
}
type Reached = Pick<Connection, 'direction' | 'remoteAddr' | 'direct'>

/**
 * Serves the public DHT from when somebody on the internet has connected to us. An own address that looks public proves nothing: a firewall may stand
 * before it, and servers that nobody reaches are what makes a DHT slow.
 */
export function serveWhenReached(node: ConnectionSource, dht: Pick<KadDHT, 'setMode'>): void {
  node.addEventListener('connection:open', ({ detail: { direction, remoteAddr, direct } }) => {
    if (direction !== 'inbound' || !direct || !isOfInternet(remoteAddr)) return
    void dht.setMode('server').catch(() => undefined) // once it is one this does nothing; a node that stops needs none
  })
}

const keepAddrs =
  (isKept: (addr: PeerInfo['multiaddrs'][number]) => boolean) =>
  (peer: PeerInfo): PeerInfo => ({ ...peer, multiaddrs: peer.multiaddrs.filter(isKept) })

const MAX_ADDRS = 16

type Dht = Pick<KadDHT, 'findProviders' | 'provide' | 'cancelReprovide'>

export interface Kad {
  readonly isPublic: boolean
  readonly dht: Dht
}

/**
 * Providers as the DHTs name them, each peer once, with the addresses this mode may use. Ends with the last query; an abort ends it quietly, a DHT that
 * fails only falls silent.
 */
export async function* findProviders(
  kads: readonly Kad[],
  { root, mode, ownPeerId }: { root: CID; mode: NetworkMode; ownPeerId: string },
  signal: AbortSignal
): AsyncGenerator<FoundProvider> {
  const told = new Set([ownPeerId])
  const queue: FoundProvider[] = []
  let wake = Promise.withResolvers<void>()
  let open = kads.length
  const stop = new AbortController()
  const query = AbortSignal.any([signal, stop.signal])
  const ask = async ({ isPublic, dht }: Kad): Promise<void> => {
    for await (const event of dht.findProviders(root, { signal: query })) {
      if (event.name !== 'PROVIDER') continue
      for (const { id, multiaddrs } of event.providers) {
        const suffix = `/p2p/${id.toString()}`
        const usable = multiaddrs.filter(addr => mayLearn(mode, addr, !isPublic))
        const addrs = usable.map(addr => addr.decapsulateCode(CODE_P2P).encapsulate(suffix).toString())
        queue.push({ peerId: id.toString(), addrs: [...new Set(addrs)].slice(0, MAX_ADDRS) })
      }
      wake.resolve()
    }
  }
  for (const kad of kads) {
    void ask(kad)
      .catch(() => undefined)
      .finally(() => {
        open--
        wake.resolve()
      })
  }
  try {
    while (true) {
      const fresh = queue.splice(0).filter(({ peerId }) => !told.has(peerId) && told.add(peerId))
      yield* fresh
      if (queue.length > 0) continue
      if (open === 0 || signal.aborted) return
      await wake.promise
      wake = Promise.withResolvers()
    }
  } finally {
    stop.abort(new Error('No more providers wanted'))
  }
}

/** Puts our provider record on every DHT given; resolves when at least one peer took it. Throws `no-providers` otherwise. */
export async function provideOn(kads: readonly Kad[], root: CID, signal: AbortSignal): Promise<void> {
  const counts = await Promise.all(
    kads.map(async ({ dht }) => {
      let taken = 0
      try {
        for await (const event of dht.provide(root, { signal })) {
          if (event.name === 'PEER_RESPONSE' && event.messageName === 'ADD_PROVIDER') taken++
        }
      } catch {
        // counted below: what was taken before the failure stands
      }
      return taken
    })
  )
  if (counts.some(count => count > 0)) return
  throw new CodedError('no-providers', 'No peer of the DHT took the provider record; it is tried again')
}
