// Provider records: which DHTs are usable right now, asking them, and keeping our own roots on them.

import type { Connection } from '@libp2p/interface'
import { CID } from 'multiformats/cid'
import { isNear, type NetworkMode } from './address-policy.ts'
import { type FoundProvider, findProviders, type Kad, LAN_KAD, provideOn, PUBLIC_KAD, serveWhenReached } from './dht.ts'
import type { Node } from './open-libp2p.ts'
import { type ProvideRows, Providing } from './provide.ts'

const QUERY_MS = 60_000
const FIRST_PEER_MS = 5000

export interface Routing extends Disposable {
  /** Connected peers that take part in a DHT. */
  readonly dhtPeers: number
  /** Ends by itself: after a minute at the latest, after 5 s when no DHT peer comes by. */
  find(root: CID, signal: AbortSignal): AsyncIterable<FoundProvider>
  provide(root: CID, signal: AbortSignal): Promise<void>
  unprovide(root: CID): void
}

export function startRouting(node: Node, mode: NetworkMode, rows: ProvideRows | undefined): Routing {
  const kads: (Kad & { members: Set<string>; protocol: string })[] = [
    { isPublic: false, protocol: LAN_KAD, dht: node.services.lanDht, members: new Set() }
  ]
  const { publicDht } = node.services
  if (publicDht != null) {
    kads.push({ isPublic: true, protocol: PUBLIC_KAD, dht: publicDht, members: new Set() })
    serveWhenReached(node, publicDht)
  }

  const count = (): number => new Set(kads.flatMap(({ members }) => [...members])).size
  /** A query of a DHT without peers waits for the first one: it is asked only when there is no other. */
  const ready = (): Kad[] => {
    const peopled = kads.filter(({ members }) => members.size > 0)
    return peopled.length > 0 ? peopled : kads
  }
  const providing = new Providing({
    rows: rows ?? { load: () => [], save: () => undefined },
    provide: async (root, signal) => await provideOn(ready(), CID.parse(root), signal),
    now: Date.now,
    random: Math.random
  })
  const recount = (change: () => void): void => {
    const before = count()
    change()
    if (count() !== before) providing.setDhtPeers(count())
  }
  const isOpen = ({ status }: Connection): boolean => status === 'open'

  node.addEventListener('peer:identify', ({ detail: { peerId, protocols, connection } }) => {
    if (!node.getConnections(peerId).some(isOpen)) return
    recount(() => {
      for (const { isPublic, members, protocol } of kads) {
        // everybody speaks the LAN DHT's protocol, but only near peers are members: the others' addresses have no place in it
        if (protocols.includes(protocol) && (isPublic || isNear(connection.remoteAddr))) members.add(peerId.toString())
      }
    })
  })
  node.addEventListener('peer:disconnect', ({ detail: peer }) => {
    recount(() => {
      for (const { members } of kads) members.delete(peer.toString())
    })
  })
  return {
    get dhtPeers() {
      return count()
    },
    find(root, signal) {
      const patience = AbortSignal.timeout(count() > 0 ? QUERY_MS : FIRST_PEER_MS)
      const about = { root, mode, ownPeerId: node.peerId.toString() }
      return findProviders(ready(), about, AbortSignal.any([signal, patience]))
    },
    provide: async (root, signal) => await providing.add(root.toString(), signal),
    unprovide(root) {
      providing.remove(root.toString())
      for (const { dht } of kads) void dht.cancelReprovide(root).catch(() => undefined)
    },
    [Symbol.dispose]: () => providing[Symbol.dispose]()
  }
}
