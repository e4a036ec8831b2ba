// Which addresses of a link are asked before the user has said that he wants what it leads to. A link is a stranger's text: whoever makes one could have
// everybody who only looks at it knock at any machine behind their router or VPN, and learn who looked.

import { networkInterfaces } from 'node:os'
import ipaddr from 'ipaddr.js'
import { CODE_P2P_CIRCUIT, type Multiaddr } from '@multiformats/multiaddr'
import { isOfInternet, type NetworkMode, parseMultiaddr, scopeOf } from './address-policy.ts'
import { hintsByPeer } from './dial-target.ts'

/** The addresses of this host with the length of their prefix: 192.168.1.5/24. */
export type OwnNetworks = readonly string[]

export interface PreviewHints {
  /** Public, or on a network that this host is in itself. */
  readonly now: readonly string[]
  /** On private networks behind a router or a VPN, and names, which may lead there. */
  readonly later: readonly string[]
}

/** Of the first 16 those that are dialled at all: of the mode, and with a peer. */
export function previewHints(
  mode: NetworkMode,
  addrs: readonly string[],
  own: OwnNetworks = ownNetworks()
): PreviewHints {
  const [now, later]: [string[], string[]] = [[], []]
  for (const addr of [...hintsByPeer(mode, addrs).values()].flat()) {
    const mayAsk = mode === 'loopback' || isPublic(addr) || isOnOwnNetwork(addr, own)
    ;(mayAsk ? now : later).push(addr.toString())
  }
  return { now: [...new Set(now)], later: [...new Set(later)] }
}

/** By all that it says, a relay and what is behind it; carriers' and VPNs' 100.64.0.0/10 is not. A name may lead anywhere. */
const isPublic = (addr: Multiaddr): boolean =>
  ipOf(addr) != null && isOfInternet(addr) && scopeOf(firstHop(addr)) === 'public'

/** What a connection is opened to: the relay, of an address behind one. */
const firstHop = (addr: Multiaddr): Multiaddr => addr.decapsulateCode(CODE_P2P_CIRCUIT)

/** This machine itself is not meant: what listens there on other ports is not for a stranger's link to knock at. */
function isOnOwnNetwork(addr: Multiaddr, own: OwnNetworks): boolean {
  const ip = ipOf(addr)
  return ip != null && scopeOf(firstHop(addr)) !== 'loopback' && own.some(network => isIn(ip, network))
}

/** The IP address that is connected to, the relay's for one behind a relay; undefined: it is a name. */
export function hostIp(text: string): string | undefined {
  const addr = parseMultiaddr(text)
  return addr && ipOf(addr)
}

function ipOf(addr: Multiaddr): string | undefined {
  const host = addr.getComponents().find(({ name }) => name !== 'ip6zone')
  return host?.name === 'ip4' || host?.name === 'ip6' ? host.value : undefined
}

function ownNetworks(): OwnNetworks {
  try {
    return Object.values(networkInterfaces()).flatMap(list => (list ?? []).flatMap(({ cidr }) => cidr ?? []))
  } catch {
    return [] // no descriptor is free: then nobody on them is asked
  }
}

function isIn(ip: string, network: string): boolean {
  const [addr, [base, bits]] = [ipaddr.process(ip), ipaddr.parseCIDR(network)]
  if (addr instanceof ipaddr.IPv4 && base instanceof ipaddr.IPv4) return addr.match(base, bits)
  return addr instanceof ipaddr.IPv6 && base instanceof ipaddr.IPv6 && addr.match(base, bits)
}
