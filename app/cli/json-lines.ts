// The JSON lines exactly as PRODUCT.md, "JSON lines", has them: field names, their order, null for what is unknown.
import type { Code } from '../../core/errors.ts'
import type { Repaired } from '../service/repair.ts'
import type { NodeInfo, Peer, Share, ShareEvent, Transfer, TransferEvent, VerifyEvent } from '../contract/shapes.ts'

export interface ProgressLine {
  event: 'progress'
  phase: 'index' | 'find' | 'fetch' | 'verify'
  root: string | null
  bytes: number
  total: number | null
  rate: number | null
  received: number | null
  duplicate: number | null
}

type Of<Event extends { type: string }, Type extends Event['type']> = Extract<Event, { type: Type }>

export const listeningLine = ({ peerId, addrs }: NodeInfo) => ({ event: 'listening', peerId, addrs })
export const uiLine = (url: string) => ({ event: 'ui', url })

export const indexLine = ({ bytes, total, rate }: Of<ShareEvent, 'progress'>): ProgressLine => ({
  event: 'progress',
  phase: 'index',
  root: null,
  bytes,
  total,
  rate,
  received: null,
  duplicate: null
})
export const verifyLine = (root: string, { bytes, total, rate }: Of<VerifyEvent, 'progress'>): ProgressLine => ({
  event: 'progress',
  phase: 'verify',
  root,
  bytes,
  total,
  rate,
  received: null,
  duplicate: null
})
export const fetchLine = (event: Of<TransferEvent, 'progress'>): ProgressLine => {
  const { phase, root, bytes, total, rate, received, duplicate } = event
  return { event: 'progress', phase, root, bytes, total, rate, received, duplicate }
}

export const sharedLine = ({ root, link, bytes, files, seconds, leftOut }: Of<ShareEvent, 'shared'>) => ({
  event: 'shared',
  root,
  link,
  bytes,
  files,
  seconds,
  leftOut
})
export const doneLine = (event: Of<TransferEvent, 'done'>) => {
  const { root, path, bytes, seconds, received, duplicate, sources } = event
  return { event: 'done', root, path, bytes, seconds, received, duplicate, sources }
}
export const shareLine = ({ root, name, bytes, files, state }: Share) => ({
  event: 'share',
  root,
  name,
  bytes,
  files,
  state
})
export const transferLine = ({ root, name, state, bytes, total, rate, path }: Transfer) => ({
  event: 'transfer',
  root,
  name,
  state,
  bytes,
  total,
  rate,
  path
})
export const peerLine = ({ peerId, name, addrs, via, direct, latencyMs, rateIn, rateOut }: Peer) => ({
  event: 'peer',
  peerId,
  name,
  addrs,
  via,
  direct,
  latencyMs,
  rateIn,
  rateOut
})
export const removedLine = (root: string) => ({ event: 'removed', root })
export const verifiedLine = ({ root, bytes, bad }: Of<VerifyEvent, 'verified'>) => ({
  event: 'verified',
  root,
  bytes,
  bad
})
/** @param repaired absent: the index was in order */
export const repairedLine = (repaired: Repaired | undefined) => ({
  event: 'repaired',
  aside: repaired?.aside ?? null,
  shares: repaired?.shares ?? 0,
  downloads: repaired?.downloads ?? 0
})
export const infoLine = ({ version, peerId, addrs, network, ownDisk }: NodeInfo, data: string, ui: string | null) => ({
  event: 'info',
  version,
  peerId,
  addrs,
  network,
  data,
  ui,
  ownDisk
})
export const errorLine = (code: Code, message: string) => ({ event: 'error', code, message })
