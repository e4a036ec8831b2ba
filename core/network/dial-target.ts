// What somebody asks to be dialled, checked and sorted before libp2p sees it, so that a refusal has a sentence.

import { peerIdFromString } from '@libp2p/peer-id'
import { CODE_P2P, type Multiaddr } from '@multiformats/multiaddr'
import { CodedError } from '../errors.ts'
import { mayDial, type NetworkMode, parseMultiaddr, scopeOf } from './address-policy.ts'

/** Addresses of one link that are looked at (DESIGN.md, "Network"). */
export const MAX_HINTS = 16

/** Throws `usage` for what is no dialable multiaddr in any mode, `forbidden` for one that this mode excludes. */
export function parseDialAddr(mode: NetworkMode, text: string): Multiaddr {
  const addr = parseMultiaddr(text)
  if (addr == null || scopeOf(addr) == null) {
    throw new CodedError(
      'usage',
      `Not an address that can be dialled: ${JSON.stringify(text.slice(0, 200))}. It should look like /ip4/192.168.1.5/tcp/4801/p2p/...`
    )
  }
  if (mayDial(mode, addr)) return addr
  throw new CodedError('forbidden', `The network mode "${mode}" does not allow dialling ${addr.toString()}`)
}

/** Throws `usage`. */
export function parsePeerId(text: string): string {
  try {
    return peerIdFromString(text).toString()
  } catch (error) {
    const shown = JSON.stringify(text.slice(0, 100))
    throw new CodedError('usage', `Neither an address nor a peer ID: ${shown}`, { cause: error })
  }
}

/** The peer an address leads to, if it says so. */
export const peerOf = (addr: Multiaddr | undefined): string | undefined =>
  addr?.getComponents().findLast(({ code }) => code === CODE_P2P)?.value

/** The first 16 addresses of a link by peer; what is malformed, names no peer, or is outside the mode is left out. */
export function hintsByPeer(mode: NetworkMode, addrs: readonly string[]): Map<string, Multiaddr[]> {
  const byPeer = new Map<string, Multiaddr[]>()
  for (const text of addrs.slice(0, MAX_HINTS)) {
    const addr = parseMultiaddr(text)
    const peerId = peerOf(addr)
    if (addr == null || peerId == null || !mayDial(mode, addr)) continue
    byPeer.set(peerId, [...(byPeer.get(peerId) ?? []), addr])
  }
  return byPeer
}
