// Finds peers and gets connected to them: those the user named, bootstrappers, good peers of earlier runs, mDNS, introductions. The mode's policy is applied
// by whoever dials (the gater, in the end); here it is decided who is dialled and when.

import type { Multiaddr } from '@multiformats/multiaddr'
import { multiaddr } from '@multiformats/multiaddr'
import { Introductions } from './introductions.ts'
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

interface Kept {
  readonly target: readonly Multiaddr[] | string
  readonly via: Via
  readonly isNeeded: () => boolean
  peerId?: string
}

/** Dials nothing of its own: begins when it is told of somebody. Disposing it ends what is being dialled. */
export class Discovery implements Disposable {
  readonly #ports: DiscoveryPorts
  readonly #redial: Redial
  readonly #introductions: Introductions<{ peerId: string; addrs: readonly Multiaddr[] }>
  readonly #kept = new Map<string, Kept>() // by redial key
  readonly #dialling = new Set<string>() // peer IDs being dialled once
  readonly #failedAt = new Map<string, number>() // peer IDs that others keep telling us of, and that nobody reaches
  readonly #stopped = new AbortController()
  readonly #timers = new Set<NodeJS.Timeout>()
  #wakeUp: NodeJS.Timeout | undefined

  constructor(ports: DiscoveryPorts) {
    this.#ports = ports
    this.#redial = new Redial(ports.random)
    this.#introductions = new Introductions(ports.now())
  }

  /** Stay connected to this address, retrying for ever with growing pauses; while it is not needed, it is not dialled. */
  keepAddr(addr: string, via: Via, isNeeded: () => boolean = () => true): void {
    this.#kept.set(addr, { target: [multiaddr(addr)], via, isNeeded })
    this.#feed({ type: 'want', key: addr, isConnected: false })
  }

  /** The same for a peer that is known by its ID. */
  keepPeer(peerId: string): void {
    if (!this.#kept.has(peerId)) {
      this.#kept.set(peerId, { target: peerId, via: 'inbound', isNeeded: () => true, peerId })
    }
    this.#feed({ type: 'want', key: peerId, isConnected: this.#ports.isConnected(peerId) })
  }

  dropPeer(peerId: string): void {
    this.#kept.delete(peerId)
    this.#feed({ type: 'unwant', key: peerId })
  }

  /** Dials the best few good peers once. */
  dialGoodPeers(peers: GoodPeers): void {
    const latest = [...peers.load()].slice(0, FIRST_GOOD_PEERS)
    for (const { peerId, addrs } of latest) void this.#tryOnce(peerId, addrs.flatMap(parsed), 'peer')
  }

  /** A peer that mDNS heard of; addresses without /p2p/. */
  onMdns(peerId: string, addrs: readonly Multiaddr[]): void {
    const withPeer = addrs.map(addr => addr.encapsulate(`/p2p/${peerId}`))
    if (this.#ports.ownPeerId < peerId) return void this.#tryOnce(peerId, withPeer, 'mdns')
    // both sides hear of each other at the same moment: one of them waits, so that there is one connection and not two
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      void this.#tryOnce(peerId, withPeer, 'mdns')
    }, MDNS_TIE_MS)
    this.#timers.add(timer)
  }

  /** How many of so many records of this sender may be looked at: beside his budget there is one of all. They are spent then. */
  allowIntroductions(sender: string, records: number): number {
    return this.#introductions.allow(sender, records, this.#ports.now())
  }

  /** A peer that another one introduced; addresses with /p2p/. A few are dialled at a time. */
  onIntroduced(peerId: string, addrs: readonly Multiaddr[]): void {
    this.#introductions.add({ peerId, addrs })
    this.#dialIntroduced()
  }

  onConnect(peerId: string): void {
    for (const key of this.#keysOf(peerId)) this.#feed({ type: 'connected', key })
  }

  onDisconnect(peerId: string): void {
    for (const key of this.#keysOf(peerId)) this.#feed({ type: 'disconnected', key })
  }

  [Symbol.dispose](): void {
    this.#stopped.abort(new Error('The node stops'))
    clearTimeout(this.#wakeUp)
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #feed(input: RedialInput): void {
    if (this.#stopped.signal.aborted) return
    for (const effect of this.#redial.apply(input, this.#ports.now())) this.#perform(effect)
    clearTimeout(this.#wakeUp)
    const wakeAt = this.#redial.nextWakeAt()
    if (wakeAt == null) return
    this.#wakeUp = setTimeout(() => this.#feed({ type: 'tick' }), Math.max(0, wakeAt - this.#ports.now()))
    this.#wakeUp.unref()
  }

  #perform({ key }: RedialEffect): void {
    const entry = this.#kept.get(key)
    if (entry == null) return
    if (!entry.isNeeded()) return this.#feed({ type: 'failed', key }) // asked again after the pause
    void this.#attempt(entry.target, entry.via).then(peerId => {
      if (peerId != null) entry.peerId = peerId
      this.#feed({ type: peerId == null ? 'failed' : 'connected', key })
      if (peerId != null && !this.#ports.isConnected(peerId)) this.#feed({ type: 'disconnected', key }) // gone while we were told
    })
  }

  #dialIntroduced(): void {
    for (let next = this.#introductions.next(); next != null; next = this.#introductions.next()) {
      void this.#tryOnce(next.peerId, next.addrs, 'pex').then(() => {
        this.#introductions.over()
        this.#dialIntroduced()
      })
    }
  }

  /** One attempt, if nothing speaks against it; resolves when it is over. */
  async #tryOnce(peerId: string, addrs: readonly Multiaddr[], via: Via): Promise<void> {
    const ports = this.#ports
    if (peerId === ports.ownPeerId || addrs.length === 0 || this.#stopped.signal.aborted) return
    if (this.#dialling.has(peerId) || ports.isConnected(peerId)) return
    if (ports.connectionCount() >= AUTO_PART * ports.maxConnections()) return
    const failed = this.#failedAt.get(peerId)
    if (failed != null && ports.now() < failed + PAUSE_AFTER_FAILURE_MS) return
    this.#dialling.add(peerId)
    const reached = await this.#attempt(addrs, via)
    this.#dialling.delete(peerId)
    this.#failedAt.delete(peerId)
    if (reached == null) this.#failedAt.set(peerId, ports.now())
    const [oldest] = this.#failedAt.keys()
    if (this.#failedAt.size > MAX_FAILURES_KEPT && oldest != null) this.#failedAt.delete(oldest)
  }

  async #attempt(target: readonly Multiaddr[] | string, via: Via): Promise<string | undefined> {
    const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
    return await this.#ports.dial(target, via, signal).catch(() => undefined)
  }

  #keysOf(peerId: string): string[] {
    return [...this.#kept].filter(([key, entry]) => key === peerId || entry.peerId === peerId).map(([key]) => key)
  }
}

function parsed(text: string): Multiaddr[] {
  try {
    return [multiaddr(text)]
  } catch {
    return []
  }
}
