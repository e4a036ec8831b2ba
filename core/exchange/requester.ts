// Our side towards one peer: asks for skeletons and leaves, and checks everything that comes back.
import type { CID } from 'multiformats/cid'
import type { Clock } from '../clock.ts'
import type { PeerPipe } from './duplex.ts'
import type { ExchangeCode, Run } from './codes.ts'
import type { Counts, HaveMessage, InfoMessage } from './messages.ts'

/**
 * What one root hears from one peer. Listeners may call the OpenRoot back; one that throws ends the session.
 * Every ordinal and skeleton range asked for ends exactly once: by `onLeaf`, `onReject`, `onSkeleton(last)`,
 * `onSkeletonReject`, by the caller's own `cancel` (nothing more is heard of it), or all together by `onClosed`.
 */
export interface RootListener {
  /** The answer to Open; again when the peer's state changes, and each time it is asked anew. */
  onInfo(info: InfoMessage): void
  onHave(have: HaveMessage): void
  /** Consecutive bytes of a range, owned by the listener. `last`: this range is over, perhaps short of what was asked. */
  onSkeleton(offset: number, bytes: Uint8Array, last: boolean): void
  /** `bytes` more payload bytes of a leaf arrived that is not whole yet. */
  onBytes(ordinal: number, bytes: number): void
  /** A whole leaf, NOT verified, owned by the listener; never longer than its claim, perhaps shorter. */
  onLeaf(ordinal: number, bytes: Uint8Array): void
  onReject(ordinal: number, count: number, code: ExchangeCode, retryMs: number): void
  onSkeletonReject(offset: number, code: ExchangeCode, retryMs: number): void
  /** Told before the first onInfo, then when it changes. While choked, requests are answered BUSY. */
  onChoke(choked: boolean, slotsBytes: number): void
  /** Signed peer records, not verified: a stranger's bytes. */
  onPex(records: readonly Uint8Array[]): void
  /** It was open, and had to make room for others: what comes next is an onInfo, when its turn comes again. Nothing was asked of it. */
  onParked(): void
  /** Exactly once, last: the session with the peer ended, or this root was closed. */
  onClosed(error?: Error): void
}

/**
 * One root at one peer. A peer has at most 64 open for us: this one may wait for its turn before the first onInfo, and silently
 * make room while the peer does not serve it.
 */
export interface OpenRoot {
  /** Wanted now: it is opened before others, and makes no room for them. */
  prefer(isPreferred: boolean): void
  /** Claimed lengths, needed before `request` for anything but a raw root; without it a leaf may be 2 MiB. */
  setLayout(leafBytes: (ordinal: number) => number, leafCount: number): void
  requestSkeleton(offset: number, maxBytes: number): void
  /** Calls of one turn of the event loop travel together. */
  request(runs: readonly Run[]): void
  /** Nothing more is heard of these ordinals; their credit returns when the peer has answered. */
  cancel(runs: readonly Run[]): void
  sendHave(have: HaveMessage): void
  sendPex(records: readonly Uint8Array[]): void
  /** Cancels everything and ends with onClosed. */
  close(): void
  /** Bytes asked for and not over, cancelled ones included until the peer has answered. */
  readonly outstandingBytes: number
}

export interface HelloOptions {
  agent: string
  /** Name of this device; give '' towards public addresses. */
  name: string
  /** Streams the peer may send on, 1 or 2; one is enough where all share a connection. */
  dataStreams?: number
  clock?: Clock
  /** Hears each Have that has left. Called synchronously; must not throw. */
  onSaid?(root: CID, have: HaveMessage): void
}

/** A session with one peer, on one control stream. */
export interface Requester extends AsyncDisposable {
  readonly peerId: string
  /** The peer's device name: a stranger's text, at most 255 bytes. */
  readonly name: string
  readonly agent: string
  /** Any number of them. The peer is asked again about what it does not serve. */
  openRoot(root: CID, listener: RootListener, options?: { isPreferred?: boolean }): OpenRoot
  readonly closed: boolean
  /** Exactly once, after every root's onClosed; at once when the session is over already. */
  onClosed(listener: (error?: Error) => void): void
  readonly sent: Readonly<Counts>
  readonly received: Readonly<Counts>
}

export type OpenRequester = (pipe: PeerPipe, hello: HelloOptions, signal: AbortSignal) => Promise<Requester>
