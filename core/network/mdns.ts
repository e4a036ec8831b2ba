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
export function startMdns(options: MdnsOptions): Disposable {
  const peerName = randomBytes(20).toString('hex') // the spec wants it random: it says nothing about the peer ID
  const sockets = new Map<string, Socket>() // by our address on that network
  const failed = new Set<string>()
  const timers = new Set<NodeJS.Timeout>()
  let answeredAt = -ANSWER_MS
  let answer: NodeJS.Timeout | undefined
  let packets = 0
  let isStopped = false

  const later = (ms: number, run: () => void): NodeJS.Timeout => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      run()
    }, ms)
    timer.unref()
    timers.add(timer)
    return timer
  }
  const sendAll = (packet: Uint8Array): void => {
    for (const socket of sockets.values()) socket.send(packet, PORT, GROUP, () => undefined) // a network that went down loses a packet
  }
  const query = (): void => sendAll(encodeQuery())
  const sendAnswer = (): void => {
    answer = undefined
    answeredAt = performance.now()
    const near = options.addrs().filter(addr => scopeOf(addr) === 'private')
    if (near.length > 0) sendAll(encodeAnswer(peerName, near.map(String)))
  }
  const onMessage = (bytes: Uint8Array): void => {
    if (packets++ > MAX_PACKETS_PER_SECOND) return
    const packet = parseMdns(bytes)
    if (packet?.type === 'query') answer ??= later(Math.max(0, answeredAt + ANSWER_MS - performance.now()), sendAnswer)
    if (packet?.type === 'answer') onAnswer(packet.addrs)
  }
  const onAnswer = (texts: readonly string[]): void => {
    const addrs = texts.slice(0, MAX_ADDRS).flatMap(text => parseMultiaddr(text) ?? [])
    const peerId = peerOf(addrs[0])
    if (peerId == null || peerId === options.ownPeerId) return
    const near = addrs.filter(addr => isNear(addr) && peerOf(addr) === peerId)
    if (near.length > 0)
      options.onPeer(
        peerId,
        near.map(addr => addr.decapsulate(`/p2p/${peerId}`))
      )
  }

  const join = (address: string): void => {
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    sockets.set(address, socket)
    const leave = (error: unknown): void => {
      if (sockets.get(address) === socket) sockets.delete(address)
      socket.removeAllListeners('message').close()
      if (!failed.has(address)) options.onLeftOut(error)
      failed.add(address)
    }
    socket.on('error', leave)
    socket.on('message', onMessage)
    socket.bind(PORT, () => {
      try {
        socket.addMembership(GROUP, address)
        socket.setMulticastInterface(address)
        socket.setMulticastTTL(HOPS)
        socket.setMulticastLoopback(true) // other nodes on this machine
      } catch (error) {
        return leave(error)
      }
      for (const ms of FIRST_QUERIES_MS) later(ms, query)
    })
    socket.unref()
  }
  const leave = (address: string, socket: Socket): void => {
    sockets.delete(address)
    socket.removeAllListeners('message').close()
  }
  const lookAround = (): void => {
    packets = 0
    const present = new Set(ownNetworks())
    for (const [address, socket] of sockets) if (!present.has(address)) leave(address, socket)
    for (const address of failed) if (!present.has(address)) failed.delete(address)
    for (const address of present) {
      if (!sockets.has(address) && !failed.has(address) && sockets.size < MAX_SOCKETS) join(address)
    }
  }
  const repeat = (ms: number, run: () => void): void => {
    later(ms, () => {
      run()
      if (!isStopped) repeat(ms, run)
    })
  }

  lookAround()
  repeat(INTERFACES_MS, lookAround)
  repeat(QUERY_MS, query)
  return {
    [Symbol.dispose]() {
      isStopped = true
      for (const timer of timers) clearTimeout(timer)
      for (const [address, socket] of sockets) leave(address, socket)
    }
  }
}

const ownNetworks = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address)
