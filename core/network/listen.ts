// Where the node listens, and on which port. Sockets are tried before libp2p is made: it cannot move to another port once it stands.

import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { multiaddr } from '@multiformats/multiaddr'
import { CodedError } from '../errors.ts'
import { mayListen, type NetworkMode, parseMultiaddr, scopeOfIp } from './address-policy.ts'

const ANY_PORT_TRIES = 8

const HOSTS: Record<NetworkMode, { ip4: string; ip6: string }> = {
  loopback: { ip4: '127.0.0.1', ip6: '::1' },
  lan: { ip4: '0.0.0.0', ip6: '::' },
  internet: { ip4: '0.0.0.0', ip6: '::' }
}

/**
 * Multiaddrs to listen on. `wished` replaces the mode's own addresses (throws `usage` for one that is malformed, `forbidden` for one the mode excludes);
 * otherwise IPv4 and IPv6 on the same port: `port`, or a free one if it is 0 or taken. Hosts without IPv6 get IPv4 only.
 */
export async function chooseListenAddrs(mode: NetworkMode, port: number, wished: readonly string[]): Promise<string[]> {
  if (wished.length > 0) return wished.map(text => checkListenAddr(mode, text))
  const { ip4, ip6 } = HOSTS[mode]
  for (let tries = 0; tries < ANY_PORT_TRIES; tries++) {
    const chosen = await tryPort(ip4, tries === 0 ? port : 0)
    if (chosen == null) continue
    const chosen6 = await tryPort(ip6, chosen)
    if (chosen6 == null && tries < ANY_PORT_TRIES - 1 && (await tryPort(ip6, 0)) != null) continue // IPv6 is there, the port is not
    const addrs = [`/ip4/${ip4}/tcp/${chosen}`]
    return chosen6 == null ? addrs : [...addrs, `/ip6/${ip6}/tcp/${chosen}`]
  }
  throw new CodedError('internal', 'No port could be opened to listen on; check the limits of this system')
}

function checkListenAddr(mode: NetworkMode, text: string): string {
  const addr = parseMultiaddr(text)
  if (addr == null) throw new CodedError('usage', `Not an address to listen on: ${JSON.stringify(text)}`)
  if (mayListen(mode, addr)) return text
  throw new CodedError('forbidden', `The network mode "${mode}" does not allow listening on ${addr.toString()}`)
}

/** The port that was free, or undefined: taken, or no such address family. */
async function tryPort(host: string, port: number): Promise<number | undefined> {
  const server = createServer()
  return await new Promise(resolve => {
    server.once('error', () => resolve(undefined))
    server.listen({ host, port, ipv6Only: true, exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })
}

/**
 * Addresses on the internet this host has itself, on the ports it listens on: a server, not a home behind a router. libp2p would announce them only
 * after somebody confirmed them (AutoNAT).
 */
export function publicAddrs(listen: readonly string[]): string[] {
  const found: string[] = []
  for (const text of listen) {
    const [host, port] = multiaddr(text).getComponents()
    if (host == null || port?.value == null) continue
    for (const { address, family } of Object.values(networkInterfaces()).flatMap(list => list ?? [])) {
      const isSameFamily = family === (host.name === 'ip4' ? 'IPv4' : 'IPv6')
      const isListening = host.value === address || host.value === '0.0.0.0' || host.value === '::'
      if (isSameFamily && isListening && scopeOfIp(address) === 'public') {
        found.push(`/${host.name}/${address}/tcp/${port.value}`)
      }
    }
  }
  return found
}
