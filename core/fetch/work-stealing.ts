// Work for a peer that has nothing left to do: leaves it would deliver several times sooner than the one they were asked of.
// What that one has not begun is taken from it; what it has begun may be asked of both, in the end-game only.

import type { LeafTable } from './leaf-table.ts'
import type { OutstandingRequests } from './outstanding-requests.ts'
import * as limits from './limits.ts'
import type { Outstanding, ScheduledPeer } from './scheduled-peer.ts'
import type { Budget } from './picker.ts'

export interface StolenWork {
  from: ScheduledPeer
  /** Ready to be asked of the idle peer. */
  stolen: Outstanding[]
  duplicated: Outstanding | undefined
}

const ASSUMED_RATE = limits.EXTENT_BYTES // bytes per second, of an unmeasured peer, against one that fell silent

/** The idle peer has what it takes over, so nobody loses a leaf of which it is the only source. */
export function findWorkToSteal(
  idle: ScheduledPeer,
  peers: Iterable<ScheduledPeer>,
  options: { budget: Budget; mayDuplicate: number; now: number; table: LeafTable; outstanding: OutstandingRequests }
): StolenWork | undefined {
  const { budget, mayDuplicate, now, table, outstanding } = options
  const from = slowest(idle, peers, now)
  if (from == null) return undefined
  const request = { isStruck: false }
  const found: StolenWork = { from, stolen: [], duplicated: undefined }
  let ahead = from.outBytes
  let taken = 0
  for (const one of [...from.out.values()].reverse()) {
    const bytes = taken + one.bytes
    const holderMs = from.etaMs(ahead - one.got, now) ?? 0
    ahead -= one.bytes
    if (bytes > budget.hard || (taken > 0 && bytes > budget.free)) break
    if (holderMs < limits.SOONER * idleMs(idle, bytes, holderMs, now)) break
    const ordinal = table.duplicates.positions(one.leaf).find(at => idle.have.has(at))
    if (ordinal == null || outstanding.holders(one.leaf).size > 1) continue
    const begun = one.got > 0 || ahead === 0
    if (begun && (found.duplicated != null || one.bytes > mayDuplicate)) continue
    const asked = { ...one, ordinal, run: { left: 0 }, request, got: 0 }
    if (begun) found.duplicated = asked
    else found.stolen.push(asked)
    taken = bytes
    if (found.stolen.length === limits.MAX_REQUEST_RUNS - 1) break
  }
  return taken > 0 ? found : undefined
}

function idleMs(idle: ScheduledPeer, bytes: number, holderMs: number, now: number): number {
  const known = idle.etaMs(bytes, now)
  if (known != null) return known
  return holderMs === Infinity ? (bytes * 1000) / ASSUMED_RATE : Infinity // never measured: only where nothing is to be lost
}

function slowest(idle: ScheduledPeer, peers: Iterable<ScheduledPeer>, now: number): ScheduledPeer | undefined {
  let found: ScheduledPeer | undefined
  let longest = 0
  for (const peer of peers) {
    const ms = peer === idle || peer.out.size === 0 ? 0 : (peer.etaMs(peer.outBytes, now) ?? 0)
    if (ms <= longest) continue
    found = peer
    longest = ms
  }
  return found
}
