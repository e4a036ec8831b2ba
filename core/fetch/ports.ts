// What a fetch needs from the rest of the application, and what it shows of itself.

import type { Layout } from '../content/layout.ts'
import type { Clock } from '../clock.ts'
import type { ReadonlyBitset, ServableChange } from '../exchange/servable.ts'
import type { BanReason } from './inputs-and-effects.ts'
import type { PeerState } from './scheduled-peer.ts'
import type { DownloadLimit } from './download-limit.ts'

export interface Finished {
  readonly path: string
  /** Symlinks that were not made, by their path. */
  readonly leftOut: readonly string[]
}

/** The writing side of one transfer; the store's Download is one. Disposing it keeps everything for the next time. */
export interface DownloadPort extends AsyncDisposable {
  /** Positions that are written; live. */
  readonly have: ReadonlyBitset
  readonly wanted: { has(ordinal: number): boolean }
  readonly bytesWritten: number
  readonly totalBytes: number
  /** Accepted by `writeLeaf`, not yet in a file. */
  readonly queuedBytes: number
  /** Verified bytes, to all positions of their multihash. Throws `disk-full`, `not-writable`, `bad-content`, `unsafe-name`. */
  writeLeaf(ordinals: readonly number[], bytes: Uint8Array): Promise<void>
  /** The same for bytes nobody hashed yet: false when they are not that multihash. They may be gone afterwards. */
  verifyAndWrite(ordinals: readonly number[], bytes: Uint8Array): Promise<boolean>
  /** Fills wanted leaves from what this device holds elsewhere. */
  copyLocal(signal: AbortSignal): Promise<number>
  /** Throws `disk-full`, `not-writable`, `unreadable`; then it may be called again. */
  finish(signal: AbortSignal): Promise<Finished>
  watch(listener: (change: ServableChange) => void): () => void
}

/** Nothing needs to be downloaded: the content stands at this path already, whole. */
export interface AlreadyAt {
  readonly alreadyAt: string
}

export interface FetchPorts {
  readonly clock: Clock
  /** [0, 1) */
  random(): number
  /** The verified prefix of the skeleton, kept across restarts. `append` is given the end of what is there as offset. */
  readonly skeleton: { parts(): Iterable<Uint8Array>; append(offset: number, bytes: Uint8Array): void }
  /** A leaf this device holds anywhere, verified; only asked when the root is a single leaf. */
  findLeaf(digest: Uint8Array): Promise<Uint8Array | undefined>
  openDownload(layout: Layout, signal: AbortSignal): Promise<DownloadPort | AlreadyAt>
  /** Signed peer records another peer sent: not verified. */
  onPex(peerId: string, records: readonly Uint8Array[]): void
  /** Three strikes in ten minutes: refuse it for a day. */
  ban(peerId: string, reason: BanReason): void
}

/** Where a transfer is. `ready`: a preview has its layout and waits for `start`. `open`: what stands at the place already is looked at. */
export type FetchState =
  | 'resolve'
  | 'skeleton'
  | 'ready'
  | 'open'
  | 'fetch'
  | 'stalled'
  | 'endgame'
  | 'finalise'
  | 'complete'
  | 'paused'
  | 'disk-full'
  | 'io-error'
  | 'failed'

/**
 * Why nothing arrives: `peers`: nobody who has it is connected; `parts`: nobody connected has what is missing; `slot`: they serve
 * others first; `answer`: they are silent; `disk`: no room, or it cannot be written.
 */
export type WaitingFor = 'peers' | 'parts' | 'slot' | 'answer' | 'disk'

export interface FetchPeerRow {
  readonly peerId: string
  /** A stranger's text. */
  readonly name: string
  /** `hello`: it has not said yet that it serves the root, or says that it does not. */
  readonly state: PeerState | 'hello'
  readonly ratePerSecond: number
  /** Payload it sent in this run. */
  readonly receivedBytes: number
  /** It said it holds every leaf. */
  readonly isComplete: boolean
}

export interface FetchSnapshot {
  readonly state: FetchState
  /** Verified and written; begins with what an earlier run left, and is null until that was looked at. */
  readonly bytes: number | null
  /** Of everything chosen; null while unknown. */
  readonly total: number | null
  /** Payload that arrived in this run. */
  readonly received: number
  /** Of it, bytes that were here already or came twice. */
  readonly duplicate: number
  /** Peers that gave at least one good leaf in this run. */
  readonly sources: number
  /** Payload, over the last seconds. */
  readonly ratePerSecond: number
  readonly peers: readonly FetchPeerRow[]
  readonly waitingFor: WaitingFor | undefined
  /** How long, in ms, nobody could have sent anything that is missing; undefined while somebody can, the disk is busy, it is not asked for, or had no turn yet. */
  readonly noProgressSinceMs: number | undefined
  readonly sourceChangedSeen: boolean
  readonly hashMismatchSeen: boolean
  /** What a peer calls it and how big it says it is, until the layout is there: a stranger's words. */
  readonly nameHint: string
  readonly sizeHint: number | null
}

export interface FetchOptions {
  readonly ports: FetchPorts
  /** `preview` stops when the layout is known, until `start`. */
  readonly mode: 'preview' | 'fetch'
  /** Whether it may ask for anything from the start (default); without, it only listens until `setTurn`. */
  readonly hasTurn?: boolean
  /** What an earlier fetch of the same says of itself (`Fetch.unservedMs`): it had its turn, and its time to give up goes on. */
  readonly unservedMs?: number
  /** Bytes per second for this transfer; 0: no limit. */
  readonly limitPerSecond?: number
  /** This transfer's part of the memory for what is asked for and not yet written (default: all of it, 48 MiB); asked often. */
  readonly roomBytes?: () => number
  /** Limits shared with other transfers. */
  readonly sharedLimits?: readonly DownloadLimit[]
}
