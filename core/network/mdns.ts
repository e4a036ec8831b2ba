// mDNS discovery on every IPv4 network this machine is in. A socket per interface: one socket sends where the system's default route points,
// which with a VPN or a virtual bridge is not where the neighbours are.

import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import type { Multiaddr } from '@multiformats/multiaddr'
import { isNear, parseMultiaddr, scopeOf } from './address-policy.ts'
import { peerOf } from './dial-target.ts'
import { encodeAnswer, encodeQuery, parseMdns } from './mdns-packet.ts'

const GROUP = '224.0.0.251' // RFC 6762, 3
const PORT = 5353
const HOPS = 255 // RFC 6762, 11
/** After a start and after every new interface; the first may be lost while a network comes up. */
const FIRST_QUERIES_MS = [0, 300, 1000, 3000]
const QUERY_MS = 10_000
const INTERFACES_MS = 3000
const ANSWER_MS = 1000 // RFC 6762, 6: a record is not multicast more than once a second
const MAX_PACKETS_PER_SECOND = 200
const MAX_ADDRS = 16
const MAX_SOCKETS = 16

export interface MdnsOptions {
  readonly ownPeerId: string
  /** Our addresses right now, with /p2p/. */
  addrs(): readonly Multiaddr[]
  /** At every answer a peer gives, also when it is known; addresses on local networks only, without /p2p/. */
  onPeer(peerId: string, addrs: Multiaddr[]): void
  /** One of our networks cannot be used; once for each. */
  onLeftOut(error: unknown): void
}

/** Asks and answers until disposed. Interfaces that come later are joined within 3 s; what cannot be joined is left out. */
export class Mdns implements Disposable {
  readonly #options: MdnsOptions
  readonly #peerName = randomBytes(20).toString('hex') // the spec wants it random: it says nothing about the peer ID
  readonly #sockets = new Map<string, Socket>() // by our address on that network
  readonly #failed = new Set<string>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #answeredAt = -ANSWER_MS
  #isAnswering = false
  #packets = 0
  #isStopped = false

  constructor(options: MdnsOptions) {
    this.#options = options
    this.#lookAround()
    this.#repeat(INTERFACES_MS, () => this.#lookAround())
    this.#repeat(QUERY_MS, () => this.#query())
  }

  [Symbol.dispose](): void {
    this.#isStopped = true
    for (const timer of this.#timers) clearTimeout(timer)
    for (const [address, socket] of this.#sockets) this.#leave(address, socket)
  }

  #lookAround(): void {
    this.#packets = 0
    const present = new Set(ownNetworks())
    for (const [address, socket] of this.#sockets) if (!present.has(address)) this.#leave(address, socket)
    for (const address of this.#failed) if (!present.has(address)) this.#failed.delete(address)
    for (const address of present) {
      if (this.#sockets.has(address) || this.#failed.has(address) || this.#sockets.size >= MAX_SOCKETS) continue
      this.#join(address)
    }
  }

  #join(address: string): void {
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    this.#sockets.set(address, socket)
    const fail = (error: unknown): void => {
      this.#leave(address, socket)
      if (!this.#failed.has(address)) this.#options.onLeftOut(error)
      this.#failed.add(address)
    }
    socket.on('error', fail)
    socket.on('message', bytes => this.#onMessage(bytes))
    socket.bind(PORT, () => {
      try {
        socket.addMembership(GROUP, address)
        socket.setMulticastInterface(address)
        socket.setMulticastTTL(HOPS)
        socket.setMulticastLoopback(true) // other nodes on this machine
      } catch (error) {
        return fail(error)
      }
      for (const ms of FIRST_QUERIES_MS) this.#after(ms, () => this.#query())
    })
    socket.unref()
  }

  #leave(address: string, socket: Socket): void {
    if (this.#sockets.get(address) === socket) this.#sockets.delete(address)
    socket.removeAllListeners('message').close()
  }

  #onMessage(bytes: Uint8Array): void {
    if (this.#packets++ > MAX_PACKETS_PER_SECOND) return
    const packet = parseMdns(bytes)
    if (packet?.type === 'answer') this.#onAnswer(packet.addrs)
    if (packet?.type !== 'query') return
    if (this.#isAnswering) return // one answer is for all who asked meanwhile
    this.#isAnswering = true
    this.#after(Math.max(0, this.#answeredAt + ANSWER_MS - performance.now()), () => this.#sendAnswer())
  }

  #onAnswer(texts: readonly string[]): void {
    const addrs = texts.slice(0, MAX_ADDRS).flatMap(text => parseMultiaddr(text) ?? [])
    const peerId = peerOf(addrs[0])
    if (peerId == null || peerId === this.#options.ownPeerId) return
    const near = addrs.filter(addr => isNear(addr) && peerOf(addr) === peerId)
    const bare = near.map(addr => addr.decapsulate(`/p2p/${peerId}`))
    if (bare.length > 0) this.#options.onPeer(peerId, bare)
  }

  #query(): void {
    this.#sendAll(encodeQuery())
  }

  #sendAnswer(): void {
    this.#isAnswering = false
    this.#answeredAt = performance.now()
    const near = this.#options.addrs().filter(addr => scopeOf(addr) === 'private')
    if (near.length > 0) this.#sendAll(encodeAnswer(this.#peerName, near.map(String)))
  }

  #sendAll(packet: Uint8Array): void {
    for (const socket of this.#sockets.values()) socket.send(packet, PORT, GROUP, () => undefined) // a network that went down loses a packet
  }

  #repeat(ms: number, run: () => void): void {
    this.#after(ms, () => {
      run()
      if (!this.#isStopped) this.#repeat(ms, run)
    })
  }

  #after(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      run()
    }, ms)
    timer.unref()
    this.#timers.add(timer)
  }
}

const ownNetworks = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address)
