// Which multiaddrs a mode may listen on, announce, learn and dial. Pure: everybody who has an address asks here, and the gater asks again.
// What is not understood is refused: only IP, DNS, TCP, peer ID and relay components are known, so /unix, /udp or an IPv4 address in disguise never reaches a socket.

import { type Component, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import ipaddr from 'ipaddr.js'

export type NetworkMode = 'loopback' | 'lan' | 'internet'
/** Where an address leads: this machine, a private or link-local network, the internet (or a DNS name, which may lead anywhere). */
export type Scope = 'loopback' | 'private' | 'public'

const RANK: Record<Scope, number> = { loopback: 0, private: 1, public: 2 }
const WIDEST: Record<NetworkMode, number> = { loopback: 0, lan: 1, internet: 2 }

const DNS_NAMES = new Set(['dns', 'dns4', 'dns6', 'dnsaddr'])

/** What `multiaddr` makes of a stranger's text or bytes, or undefined. */
export function parseMultiaddr(input: string | Uint8Array): Multiaddr | undefined {
  try {
    return multiaddr(input)
  } catch {
    return undefined
  }
}

/**
 * Scope of one IP address in text form; undefined for what nobody may dial: unspecified, multicast, broadcast, reserved, tunnels that hide an IPv4 address.
 * IPv4-mapped (RFC 4291) and NAT64 (RFC 6052) addresses are judged by the IPv4 address inside. 100.64.0.0/10 (RFC 6598) belongs to a carrier,
 * not to the user: public. The documentation ranges (RFC 5737, 3849, 9637) route like any other: public.
 */
export function scopeOfIp(text: string): Scope | undefined {
  if (!ipaddr.isValid(text) || IPV4_COMPATIBLE.test(text)) return undefined
  const ip = ipaddr.parse(text)
  if (ip instanceof ipaddr.IPv4) return scopeOfIpv4(ip)
  if (!(ip instanceof ipaddr.IPv6)) return undefined
  const range: string = ip.range()
  switch (range) {
    case 'loopback':
      return 'loopback'
    case 'uniqueLocal':
    case 'linkLocal':
      return 'private'
    case 'ipv4Mapped':
      return scopeOfIpv4(ip.toIPv4Address())
    case 'rfc6052': {
      const inner = scopeOfIpv4(new ipaddr.IPv4(ip.toByteArray().slice(12)))
      return inner === 'public' ? 'public' : undefined
    }
    case 'unicast': // everything ipaddr.js has no name for; only 2000::/3 is given out (RFC 4291, 2.4), and ::/96 hides IPv4 addresses
      return ((ip.parts[0] ?? 0) & 0xe000) === 0x2000 ? 'public' : undefined
    case 'reserved':
      return isIpv6Documentation(ip) ? 'public' : undefined
    default:
      return undefined
  }
}

function scopeOfIpv4(ip: ipaddr.IPv4): Scope | undefined {
  const range: string = ip.range()
  if (range === 'loopback') return 'loopback'
  if (range === 'private' || range === 'linkLocal') return 'private'
  if (range === 'unicast' || range === 'carrierGradeNat') return 'public'
  return range === 'reserved' && isIpv4Documentation(ip) ? 'public' : undefined
}

/** The deprecated ::a.b.c.d (RFC 4291, 2.5.5.1), which ipaddr.js takes for ::ffff:a.b.c.d and a kernel does not. */
const IPV4_COMPATIBLE = /^[0:]*::\d+(\.\d+){3}$/

const IPV4_DOCUMENTATION = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'].map(cidr =>
  ipaddr.IPv4.parseCIDR(cidr)
) // RFC 5737
const IPV6_DOCUMENTATION = ['2001:db8::/32', '3fff::/20'].map(cidr => ipaddr.IPv6.parseCIDR(cidr)) // RFC 3849, RFC 9637

const isIpv4Documentation = (ip: ipaddr.IPv4): boolean => IPV4_DOCUMENTATION.some(range => ip.match(range))
const isIpv6Documentation = (ip: ipaddr.IPv6): boolean => IPV6_DOCUMENTATION.some(range => ip.match(range))

/**
 * The widest scope anything in this multiaddr leads to; undefined when it may not be dialled in any mode. A relayed address (p2p-circuit) is as wide as
 * the wider of the way to the relay and what is said about the peer behind it.
 */
export function scopeOf(addr: Multiaddr): Scope | undefined {
  const parts = componentsOf(addr)
  const circuit = parts.findIndex(part => part.name === 'p2p-circuit')
  if (circuit === -1) return scopeOfDirect(parts)
  const relay = parts.slice(0, circuit)
  const behind = parts.slice(circuit + 1)
  if (!relay.some(part => part.name === 'p2p') || behind.some(part => part.name === 'p2p-circuit')) return undefined
  const viaRelay = scopeOfDirect(relay)
  const isPeerOnly = behind.length === 0 || (behind.length === 1 && behind[0]?.name === 'p2p')
  return wider(viaRelay, isPeerOnly ? 'loopback' : scopeOfDirect(behind))
}

/** [ip6zone] ip4|ip6|dns* [tcp] [p2p], in this order and nothing else; only dnsaddr may come without a port. */
function scopeOfDirect(parts: readonly Component[]): Scope | undefined {
  const rest = [...parts]
  const zone = rest[0]?.name === 'ip6zone' ? rest.shift() : undefined
  const host = rest.shift()
  if (host?.value == null) return undefined
  if (zone != null && (host.name !== 'ip6' || !isLinkLocal(host.value))) return undefined
  if (host.name !== 'dnsaddr' && !isTcpPort(rest.shift())) return undefined
  if (rest[0]?.name === 'p2p') rest.shift()
  if (rest.length > 0) return undefined
  if (DNS_NAMES.has(host.name)) return 'public'
  return host.name === 'ip4' || host.name === 'ip6' ? scopeOfIp(host.value) : undefined
}

const isTcpPort = (part: Component | undefined): boolean => part?.name === 'tcp' && Number(part.value) > 0

const isLinkLocal = (text: string): boolean => ipaddr.isValid(text) && ipaddr.parse(text).range() === 'linkLocal'

const wider = (a: Scope | undefined, b: Scope | undefined): Scope | undefined =>
  a == null || b == null ? undefined : RANK[a] >= RANK[b] ? a : b

/** Whether a connection from there came over the internet. Carriers number their own networks from 100.64.0.0/10, and so do VPNs: nobody else is reached from there. */
export function isOfInternet(addr: Multiaddr): boolean {
  const host = componentsOf(addr)[0]?.value ?? ''
  const isCarriers = ipaddr.isValid(host) && ipaddr.process(host).range() === 'carrierGradeNat'
  return scopeOf(addr) === 'public' && !isCarriers
}

/** Whether this node, in this mode, may open a connection to the address or have one from it. */
export function mayDial(mode: NetworkMode, addr: Multiaddr): boolean {
  const scope = scopeOf(addr)
  return scope != null && RANK[scope] <= WIDEST[mode]
}

/** Whether this node may tell others that it is reached there. The same rule: nobody is told of an address he could not use in this mode. */
export const mayAnnounce = mayDial

/**
 * Whether an address a stranger told us of may be kept and dialled later. A peer that is not near (not connected over a local network, not found by
 * mDNS) has no reason to name addresses of our own machine or network: dialling them would let him point us at our router.
 */
export function mayLearn(mode: NetworkMode, addr: Multiaddr, isNear: boolean): boolean {
  const scope = scopeOf(addr)
  if (scope == null || RANK[scope] > WIDEST[mode]) return false
  if (mode === 'loopback' || isNear) return true
  return mode === 'lan' ? scope === 'private' : scope === 'public'
}

/** Whether a listener may be opened there. The unspecified address listens on everything, so only the modes that gate what comes in may use it. */
export function mayListen(mode: NetworkMode, addr: Multiaddr): boolean {
  const parts = componentsOf(addr)
  const zone = parts[0]?.name === 'ip6zone' ? 1 : 0
  const [host, port, ...rest] = parts.slice(zone)
  if (host?.value == null || port?.name !== 'tcp' || rest.length > 0) return false
  if (host.name !== 'ip4' && host.name !== 'ip6') return false
  if (zone === 1 && !isLinkLocal(host.value)) return false
  if (isUnspecified(host.value)) return mode !== 'loopback'
  const scope = scopeOfIp(host.value)
  return scope != null && RANK[scope] <= WIDEST[mode]
}

const isUnspecified = (text: string): boolean => ipaddr.isValid(text) && /^[0.:]+$/.test(text)

/** Near: on this machine or a network of the user's. What is near is not rate-limited and may name private addresses. */
export function isNear(addr: Multiaddr): boolean {
  const scope = scopeOf(addr)
  return scope === 'loopback' || scope === 'private'
}

/** What connections are counted by: an IPv4 address, or the /64 that one IPv6 customer has; undefined without an IP address. */
export function ipGroup(addr: Multiaddr): string | undefined {
  const host = componentsOf(addr).find(part => part.name === 'ip4' || part.name === 'ip6')?.value
  if (host == null || !ipaddr.isValid(host)) return undefined
  const ip = ipaddr.process(host) // unwraps IPv4-mapped
  if (ip instanceof ipaddr.IPv4) return ip.toString()
  return `${ip.toByteArray().slice(0, 8).join('.')}/64`
}

function componentsOf(addr: Multiaddr): Component[] {
  try {
    return addr.getComponents()
  } catch {
    return [] // made from a stranger's bytes: parsed only here
  }
}
