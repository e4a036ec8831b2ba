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

export interface Gater {
  /** What libp2p asks. */
  readonly connectionGater: ConnectionGater
  ban(peerId: string): void
  unban(peerId: string): void
  isBanned(peerId: string): boolean
}

export function createGater({ mode, isNearPeer, now }: GaterOptions): Gater {
  const bans = new Map<string, number>() // peer ID -> when it ends; insertion order is also ending order
  const inbound = new Map<string, number>() // IP group -> connections, also those still being upgraded

  const isBanned = (peerId: string): boolean => {
    const until = bans.get(peerId)
    if (until == null) return false
    if (until > now()) return true
    bans.delete(peerId)
    return false
  }
  const ban = (peerId: string): void => {
    bans.delete(peerId)
    bans.set(peerId, now() + BAN_MS)
    for (const oldest of bans.keys()) {
      if (bans.size <= MAX_BANS) break
      bans.delete(oldest)
    }
  }

  /** Counts a connection in until it closes; false when its address holds enough already. */
  const admit = (connection: MultiaddrConnection): boolean => {
    if (isNear(connection.remoteAddr)) return true
    const group = ipGroup(connection.remoteAddr)
    if (group == null) return false
    const held = inbound.get(group) ?? 0
    if (held >= MAX_PER_IP) return false
    inbound.set(group, held + 1)
    connection.addEventListener(
      'close',
      () => {
        const left = (inbound.get(group) ?? 1) - 1
        if (left > 0) inbound.set(group, left)
        else inbound.delete(group)
      },
      { once: true }
    )
    return true
  }

  const denyPeer = (peer: PeerId): boolean => isBanned(peer.toString())
  const denyAddress = (addr: Multiaddr): boolean => !mayDial(mode, addr)
  return {
    ban,
    unban: peerId => void bans.delete(peerId),
    isBanned,
    connectionGater: {
      denyDialPeer: denyPeer,
      denyDialMultiaddr: denyAddress,
      denyInboundConnection: connection => denyAddress(connection.remoteAddr) || !admit(connection),
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
}
