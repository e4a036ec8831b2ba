// Enforces the network mode on every dial and every inbound connection, wherever an address came from; and bans; and counts strangers per IP address.

import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { ipGroup, isNear, mayDial, mayLearn, type NetworkMode } from './address-policy.ts'

const BAN_MS = 24 * 60 * 60 * 1000
const MAX_BANS = 4096
/** Inbound connections one address on the internet may hold (DESIGN.md, "Network"); near ones are not counted. */
export const MAX_PER_IP = 8

export interface GaterOptions {
  readonly mode: NetworkMode
  /** Whether we met the peer on this machine or a local network: only then may he name addresses there. */
  isNearPeer(peer: PeerId): boolean
  /** Monotonic milliseconds. */
  now(): number
}

export class Gater {
  /** What libp2p asks. */
  readonly connectionGater: ConnectionGater
  readonly #now: () => number
  readonly #bans = new Map<string, number>() // peer ID -> when it ends; insertion order is also ending order
  readonly #inbound = new Map<string, number>() // IP group -> connections, also those still being upgraded

  constructor({ mode, isNearPeer, now }: GaterOptions) {
    this.#now = now
    const denyPeer = (peer: PeerId): boolean => this.isBanned(peer.toString())
    const denyAddress = (addr: Multiaddr): boolean => !mayDial(mode, addr)
    this.connectionGater = {
      denyDialPeer: denyPeer,
      denyDialMultiaddr: denyAddress,
      denyInboundConnection: connection => denyAddress(connection.remoteAddr) || !this.#admit(connection),
      denyOutboundConnection: (peer, connection) => denyPeer(peer) || denyAddress(connection.remoteAddr),
      denyInboundEncryptedConnection: denyPeer,
      denyOutboundEncryptedConnection: denyPeer,
      denyInboundUpgradedConnection: denyPeer,
      denyOutboundUpgradedConnection: denyPeer,
      denyOutboundRelayedConnection: (source, destination) => denyPeer(source) || denyPeer(destination),
      denyInboundRelayedConnection: (relay, peer) => denyPeer(relay) || denyPeer(peer),
      filterMultiaddrForPeer: (peer, addr) => mayLearn(mode, addr, isNearPeer(peer))
    }
  }

  /** For 24 h; the oldest of more than 4,096 is forgotten. */
  ban(peerId: string): void {
    this.#bans.delete(peerId)
    this.#bans.set(peerId, this.#now() + BAN_MS)
    for (const oldest of this.#bans.keys()) {
      if (this.#bans.size <= MAX_BANS) break
      this.#bans.delete(oldest)
    }
  }

  unban(peerId: string): void {
    this.#bans.delete(peerId)
  }

  isBanned(peerId: string): boolean {
    const until = this.#bans.get(peerId)
    if (until == null) return false
    if (until > this.#now()) return true
    this.#bans.delete(peerId)
    return false
  }

  /** Counts a connection in until it closes; false when its address holds enough already. */
  #admit(connection: MultiaddrConnection): boolean {
    if (isNear(connection.remoteAddr)) return true
    const group = ipGroup(connection.remoteAddr)
    if (group == null) return false
    const held = this.#inbound.get(group) ?? 0
    if (held >= MAX_PER_IP) return false
    this.#inbound.set(group, held + 1)
    const leave = (): void => {
      const left = (this.#inbound.get(group) ?? 1) - 1
      if (left > 0) this.#inbound.set(group, left)
      else this.#inbound.delete(group)
    }
    connection.addEventListener('close', leave, { once: true })
    return true
  }
}
