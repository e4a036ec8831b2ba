// Finds peers and gets connected to them: those the user named, bootstrappers, good peers of earlier runs, mDNS, introductions. The mode's policy is applied
// by whoever dials (the gater, in the end); here it is decided who is dialled and when.

import type { Multiaddr } from '@multiformats/multiaddr'
import { multiaddr } from '@multiformats/multiaddr'
import { Redial, type RedialEffect, type RedialInput } from './redial.ts'
import type { Via } from './peer-book.ts'

/** Peers kept for the next run (DESIGN.md, "Network"). */
export const MAX_GOOD_PEERS = 64
const DIAL_TIMEOUT_MS = 15_000
const FIRST_GOOD_PEERS = 8 // dialled at once; more would be a burst nobody asked for
const AUTO_PART = 0.8 // of the connections allowed: discovery leaves room for whoever comes by himself
const MDNS_TIE_MS = 1000
const PAUSE_AFTER_FAILURE_MS = 30_000
const MAX_FAILURES_KEPT = 1024

/** Where good peers are remembered: the last 64 this node reached by dialling, addresses with /p2p/. `load` gives the latest first. */
export interface GoodPeers {
  load(): Iterable<{ peerId: string; addrs: readonly string[] }>
  save(peerId: string, addrs: readonly string[]): void
}

export interface DiscoveryPorts {
  readonly ownPeerId: string
  /** Resolves with the peer ID once connected; at once when already connected. */
  dial(target: readonly Multiaddr[] | string, via: Via, signal: AbortSignal): Promise<string>
  isConnected(peerId: string): boolean
  connectionCount(): number
  /** At most, of everybody together. */
  maxConnections(): number
  /** Monotonic milliseconds. */
  now(): number
  random(): number
}

export interface Discovery extends Disposable {
  /** Stay connected to this address, retrying for ever with growing pauses; while it is not needed, it is not dialled. */
  keepAddr(addr: string, via: Via, isNeeded?: () => boolean): void
  /** The same for a peer that is known by its ID. */
  keepPeer(peerId: string): void
  dropPeer(peerId: string): void
  /** Dials the best few good peers once. */
  dialGoodPeers(peers: GoodPeers): void
  /** A peer that mDNS heard of; addresses without /p2p/. */
  onMdns(peerId: string, addrs: readonly Multiaddr[]): void
  /** A peer that another one introduced; addresses with /p2p/. */
  onIntroduced(peerId: string, addrs: readonly Multiaddr[]): void
  onConnect(peerId: string): void
  onDisconnect(peerId: string): void
}

interface Kept {
  readonly target: readonly Multiaddr[] | string
  readonly via: Via
  readonly isNeeded: () => boolean
  peerId?: string
}

export function startDiscovery(ports: DiscoveryPorts): Discovery {
  const redial = new Redial(ports.random)
  const kept = new Map<string, Kept>() // by redial key
  const dialling = new Set<string>() // peer IDs being dialled once
  const failedAt = new Map<string, number>() // peer IDs that others keep telling us of, and that nobody reaches
  const stopped = new AbortController()
  const timers = new Set<NodeJS.Timeout>()
  let wakeUp: NodeJS.Timeout | undefined

  const feed = (input: RedialInput): void => {
    if (stopped.signal.aborted) return
    for (const effect of redial.apply(input, ports.now())) perform(effect)
    clearTimeout(wakeUp)
    const wakeAt = redial.nextWakeAt()
    if (wakeAt == null) return
    wakeUp = setTimeout(() => feed({ type: 'tick' }), Math.max(0, wakeAt - ports.now()))
    wakeUp.unref()
  }
  const perform = ({ key }: RedialEffect): void => {
    const entry = kept.get(key)
    if (entry == null) return
    if (!entry.isNeeded()) return feed({ type: 'failed', key }) // asked again after the pause
    void attempt(entry.target, entry.via).then(peerId => {
      if (peerId != null) entry.peerId = peerId
      feed({ type: peerId == null ? 'failed' : 'connected', key })
      if (peerId != null && !ports.isConnected(peerId)) feed({ type: 'disconnected', key }) // gone while we were told
    })
  }
  const attempt = async (target: readonly Multiaddr[] | string, via: Via): Promise<string | undefined> => {
    const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
    return await ports.dial(target, via, signal).catch(() => undefined)
  }
  /** One attempt, if nothing speaks against it. */
  const tryOnce = (peerId: string, addrs: readonly Multiaddr[], via: Via): void => {
    if (peerId === ports.ownPeerId || addrs.length === 0 || stopped.signal.aborted) return
    if (dialling.has(peerId) || ports.isConnected(peerId)) return
    if (ports.connectionCount() >= AUTO_PART * ports.maxConnections()) return
    const failed = failedAt.get(peerId)
    if (failed != null && ports.now() < failed + PAUSE_AFTER_FAILURE_MS) return
    dialling.add(peerId)
    void attempt(addrs, via).then(reached => {
      dialling.delete(peerId)
      failedAt.delete(peerId)
      if (reached == null) failedAt.set(peerId, ports.now())
      const [oldest] = failedAt.keys()
      if (failedAt.size > MAX_FAILURES_KEPT && oldest != null) failedAt.delete(oldest)
    })
  }
  const keysOf = (peerId: string): string[] =>
    [...kept].filter(([key, entry]) => key === peerId || entry.peerId === peerId).map(([key]) => key)

  return {
    keepAddr(addr, via, isNeeded = () => true) {
      kept.set(addr, { target: [multiaddr(addr)], via, isNeeded })
      feed({ type: 'want', key: addr, isConnected: false })
    },
    keepPeer(peerId) {
      if (!kept.has(peerId)) kept.set(peerId, { target: peerId, via: 'inbound', isNeeded: () => true, peerId })
      feed({ type: 'want', key: peerId, isConnected: ports.isConnected(peerId) })
    },
    dropPeer(peerId) {
      kept.delete(peerId)
      feed({ type: 'unwant', key: peerId })
    },
    dialGoodPeers(peers) {
      const latest = [...peers.load()].slice(0, FIRST_GOOD_PEERS)
      for (const { peerId, addrs } of latest) tryOnce(peerId, addrs.flatMap(parsed), 'peer')
    },
    onMdns(peerId, addrs) {
      const withPeer = addrs.map(addr => addr.encapsulate(`/p2p/${peerId}`))
      if (ports.ownPeerId < peerId) return tryOnce(peerId, withPeer, 'mdns')
      // both sides hear of each other at the same moment: one of them waits, so that there is one connection and not two
      const timer = setTimeout(() => {
        timers.delete(timer)
        tryOnce(peerId, withPeer, 'mdns')
      }, MDNS_TIE_MS)
      timers.add(timer)
    },
    onIntroduced: (peerId, addrs) => tryOnce(peerId, addrs, 'pex'),
    onConnect(peerId) {
      for (const key of keysOf(peerId)) feed({ type: 'connected', key })
    },
    onDisconnect(peerId) {
      for (const key of keysOf(peerId)) feed({ type: 'disconnected', key })
    },
    [Symbol.dispose]() {
      stopped.abort(new Error('The node stops'))
      clearTimeout(wakeUp)
      for (const timer of timers) clearTimeout(timer)
    }
  }
}

function parsed(text: string): Multiaddr[] {
  try {
    return [multiaddr(text)]
  } catch {
    return []
  }
}
