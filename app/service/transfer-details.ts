// What the drawer of one transfer shows: who sends, a map of what is there, the rate over the last minutes.
import type { FetchSnapshot } from '../../core/fetch/ports.ts'
import type { Layout } from '../../core/content/layout.ts'
import type { ReadonlyBitset } from '../../core/exchange/servable.ts'
import { FULL_CELL } from '../contract/limits.ts'
import type { TransferDetails } from '../contract/shapes.ts'

const MAX_CELLS = 1024
const MAX_SOURCES = 150

export function transferDetails(
  id: string,
  peers: FetchSnapshot['peers'],
  layout: Layout | undefined,
  have: ReadonlyBitset | undefined,
  rates: readonly number[]
): TransferDetails {
  return {
    id,
    sources: peers.slice(0, MAX_SOURCES).map(peer => ({
      peerId: peer.peerId,
      name: peer.name,
      direct: true, // the exchange is spoken over direct connections only (core/network/peer-links.ts)
      rate: peer.ratePerSecond,
      bytes: peer.receivedBytes,
      share: peer.isComplete ? 1 : 0
    })),
    map: layout == null || have == null ? { extents: 0, cells: [] } : blockMap(layout, have),
    rates: [...rates]
  }
}

/** One cell an extent, or several extents a cell when there are many; FULL_CELL = all of it. */
export function blockMap(layout: Pick<Layout, 'extents' | 'leafCount'>, have: ReadonlyBitset): TransferDetails['map'] {
  const extents = layout.extents.length - 1
  const count = Math.min(extents, MAX_CELLS)
  const cells: number[] = []
  for (let cell = 0; cell < count; cell++) {
    const from = layout.extents[Math.floor((cell * extents) / count)] ?? 0
    const to = layout.extents[Math.floor(((cell + 1) * extents) / count)] ?? layout.leafCount
    let held = 0
    for (let ordinal = from; ordinal < to; ordinal++) if (have.has(ordinal)) held++
    cells.push(to === from ? FULL_CELL : Math.floor((held / (to - from)) * FULL_CELL))
  }
  return { extents, cells }
}
