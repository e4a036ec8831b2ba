// Room for peers of the exchange among the connections: strangers that speak something else, members of the DHT above all, hold no more than their part. libp2p refuses
// whoever comes when everything is taken, whatever it wants.

import type { Connection } from '@libp2p/interface'
import type { Node } from './open-libp2p.ts'

/** Of the connections allowed, what those may hold that do not speak the exchange. */
const OTHERS_PART = 2 / 3
/** A new connection has so long to say what it speaks. */
const UNKNOWN_MS = 10_000
const LOOK_MS = 5_000

type Seen = Pick<Connection, 'direction'> & { readonly timeline: { readonly open: number } }

/**
 * Which of these connections to peers that do not speak the exchange are closed, so that no more stay than their part of `max`: those that
 * came before those we made, the oldest first; none that is so new that it may still say what it speaks. `now`: wall clock, ms.
 */
export function surplusOthers<T extends Seen>(others: readonly T[], max: number, now: number): T[] {
  const surplus = others.length - Math.floor(max * OTHERS_PART)
  if (surplus <= 0) return []
  return others
    .filter(({ timeline }) => now - timeline.open >= UNKNOWN_MS)
    .toSorted(
      (a, b) =>
        Number(a.direction === 'outbound') - Number(b.direction === 'outbound') || a.timeline.open - b.timeline.open
    )
    .slice(0, surplus)
}

/** Looks every five seconds and closes what is too much, until it is disposed of. */
export function keepRoom(node: Node, speaks: (peerId: string) => boolean, now: () => number = Date.now): Disposable {
  const timer = setInterval(() => {
    const others = node.getConnections().filter(({ remotePeer }) => !speaks(remotePeer.toString()))
    for (const connection of surplusOthers(others, node.services.connectionLimit.max, now())) {
      void connection.close().catch(() => undefined)
    }
  }, LOOK_MS)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
