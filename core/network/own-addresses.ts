// A laptop joins another network, a router gives out another IPv6 prefix: what others hear of our addresses follows.

import type { PeerId } from '@libp2p/interface'
import { CODE_P2P, type Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../clock.ts'

const LOOK_MS = 5_000

/** Of libp2p: what is in its own record is what identify tells, now and to everybody who is connected. */
interface Node {
  readonly peerId: PeerId
  readonly peerStore: { patch(peer: PeerId, data: { multiaddrs: Multiaddr[] }): Promise<unknown> }
  getMultiaddrs(): Multiaddr[]
}

/** libp2p looks at the interfaces when it is asked, and writes its record when it begins to listen: after that it is written here, within 5 s of a change. */
export function watchOwnAddresses(node: Node, clock: Clock): Disposable {
  let told = node.getMultiaddrs()
  let cancel = (): void => {}
  const look = (): void => {
    cancel = clock.after(LOOK_MS, look)
    const addrs = addrsOf(node)
    if (addrs == null || addrs.join() === told.join()) return
    told = addrs
    const multiaddrs = addrs.map(addr => addr.decapsulateCode(CODE_P2P))
    void node.peerStore.patch(node.peerId, { multiaddrs }).catch(() => (told = [])) // done again at the next look
  }
  cancel = clock.after(LOOK_MS, look)
  return { [Symbol.dispose]: () => cancel() }
}

/** Undefined: the system has no answer just now, as without a free descriptor. */
function addrsOf(node: Node): Multiaddr[] | undefined {
  try {
    return node.getMultiaddrs()
  } catch {
    return undefined
  }
}
