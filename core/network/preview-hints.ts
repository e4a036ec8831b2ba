// Which addresses of a link are asked before the user has said that he wants what it leads to. A link is a stranger's text: whoever makes one could have
// everybody who only looks at it knock at any machine behind their router or VPN, and learn who looked.

import { networkInterfaces } from 'node:os'
import ipaddr from 'ipaddr.js'
import { mayDial, type NetworkMode, parseMultiaddr, scopeOf } from './address-policy.ts'
import { MAX_HINTS } from './dial-target.ts'

/** The addresses of this host with the length of their prefix: 192.168.1.5/24. */
export type OwnNetworks = readonly string[]

export interface PreviewHints {
  /** Public, or on a network that this host is in itself. */
  readonly now: readonly string[]
  /** On private networks behind a router or a VPN, and names, which may lead there. */
  readonly later: readonly string[]
}

/** Of the first 16; what is no address, or outside the mode, is left out. */
export function previewHints(
  mode: NetworkMode,
  addrs: readonly string[],
  own: OwnNetworks = ownNetworks()
): PreviewHints {
  const [now, later]: [string[], string[]] = [[], []]
  for (const text of addrs.slice(0, MAX_HINTS)) {
    const addr = parseMultiaddr(text)
    if (addr == null || !mayDial(mode, addr)) continue
    const ip = hostIp(text)
    const mayAsk = ip != null && (scopeOf(addr) === 'public' || own.some(network => isIn(ip, network)))
    ;(mayAsk ? now : later).push(text)
  }
  return { now, later }
}

/** The IP address that is connected to, the relay's for one behind a relay; undefined: it is a name. */
export function hostIp(addr: string): string | undefined {
  const host = parseMultiaddr(addr)
    ?.getComponents()
    .find(({ name }) => name !== 'ip6zone')
  return host?.name === 'ip4' || host?.name === 'ip6' ? host.value : undefined
}

function ownNetworks(): OwnNetworks {
  return Object.values(networkInterfaces()).flatMap(list => (list ?? []).flatMap(({ cidr }) => cidr ?? []))
}

function isIn(ip: string, network: string): boolean {
  const [addr, [base, bits]] = [ipaddr.process(ip), ipaddr.parseCIDR(network)]
  if (addr instanceof ipaddr.IPv4 && base instanceof ipaddr.IPv4) return addr.match(base, bits)
  return addr instanceof ipaddr.IPv6 && base instanceof ipaddr.IPv6 && addr.match(base, bits)
}
