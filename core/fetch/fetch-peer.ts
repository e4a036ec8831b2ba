// One peer of one transfer, as long as it is connected: keeps the root open there and hands what it hears to whoever runs the transfer.

import type { CID } from 'multiformats/cid'
import { ExchangeCode, RootState, type Run } from '../exchange/codes.ts'
import type { HaveMessage, InfoMessage } from '../exchange/messages.ts'
import { MAX_RUN_LEAVES } from '../exchange/limits.ts'
import type { OpenRoot, Requester, RootListener } from '../exchange/requester.ts'
import { PendingHave } from './pending-have.ts'

/** What the transfer hears; `peer` is open when any of it is called, except for the last two. */
export interface PeerEvents {
  onReady(peer: FetchPeer): void
  onHave(peer: FetchPeer, have: HaveMessage): void
  onChoke(peer: FetchPeer): void
  onSkeleton(peer: FetchPeer, offset: number, bytes: Uint8Array, last: boolean): void
  onSkeletonReject(peer: FetchPeer, offset: number, code: ExchangeCode, retryMs: number): void
  onBytes(peer: FetchPeer, ordinal: number, bytes: number): void
  onLeaf(peer: FetchPeer, ordinal: number, bytes: Uint8Array): void
  onReject(peer: FetchPeer, run: Run, code: ExchangeCode, retryMs: number): void
  onPex(peer: FetchPeer, records: readonly Uint8Array[]): void
  onChanged(peer: FetchPeer): void
  /** It does not serve the root (any more); it may become ready again. */
  onUnready(peer: FetchPeer): void
  /** Last of all. */
  onGone(peer: FetchPeer): void
}

export class FetchPeer {
  readonly id: string
  readonly requester: Requester
  rttMs: number
  /** Of the last Info that said OK; undefined before, and after it said otherwise. */
  info: InfoMessage | undefined
  choked = true
  slotsBytes = 0
  receivedBytes = 0
  isComplete = false
  readonly have = new PendingHave()
  readonly #root: CID
  readonly #events: PeerEvents
  #open: OpenRoot | undefined
  #isPreferred = false
  #ended = false

  constructor(requester: Requester, rttMs: number, { root, events }: { root: CID; events: PeerEvents }) {
    this.id = requester.peerId
    this.requester = requester
    this.rttMs = rttMs
    this.#root = root
    this.#events = events
  }

  /** Opens the root; nothing is heard before. */
  start(): void {
    this.requester.onClosed(() => this.end())
    if (!this.#ended) this.#openRoot()
  }

  /** The open root; undefined while it is not ready. */
  get root(): OpenRoot | undefined {
    return this.info == null ? undefined : this.#open
  }

  /** Lets go of the root; the session with the peer is somebody else's. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#unready()
    const open = this.#open
    this.#open = undefined
    open?.close()
    this.#events.onGone(this)
  }

  /** The transfer goes on now: its root is opened before those that only wait, and stays open. */
  prefer(isPreferred: boolean): void {
    this.#isPreferred = isPreferred
    this.#open?.prefer(isPreferred)
  }

  #unready(): void {
    if (this.info == null) return
    this.info = undefined
    this.isComplete = false
    this.#events.onUnready(this)
  }

  #openRoot(): void {
    const events = this.#events
    let mine: OpenRoot | undefined
    const current = (): boolean => !this.#ended && (mine == null || mine === this.#open)
    const heard = (act: () => void): void => {
      if (current() && this.info != null) act()
    }
    const listener: RootListener = {
      onInfo: info => {
        if (current()) this.#onInfo(info)
      },
      onHave: have => heard(() => events.onHave(this, have)),
      onSkeleton: (offset, bytes, last) => heard(() => events.onSkeleton(this, offset, bytes, last)),
      onSkeletonReject: (offset, code, retryMs) => heard(() => events.onSkeletonReject(this, offset, code, retryMs)),
      onBytes: (ordinal, bytes) => heard(() => events.onBytes(this, ordinal, bytes)),
      onLeaf: (ordinal, bytes) => heard(() => events.onLeaf(this, ordinal, bytes)),
      onReject: (start, count, code, retryMs) => heard(() => events.onReject(this, { start, count }, code, retryMs)),
      onChoke: (choked, slotsBytes) => {
        if (!current()) return
        this.choked = choked
        this.slotsBytes = slotsBytes
        heard(() => events.onChoke(this))
      },
      onPex: records => heard(() => events.onPex(this, records)),
      onParked: () => {
        if (current()) this.#unready()
      },
      onClosed: () => {
        if (!current() || this.#open == null) return
        this.#open = undefined
        this.end()
      }
    }
    mine = this.requester.openRoot(this.#root, listener, { isPreferred: this.#isPreferred })
    this.#open = mine
  }

  #onInfo(info: InfoMessage): void {
    if (info.state === RootState.CHANGED || info.code === ExchangeCode.CHANGED) this.#events.onChanged(this)
    if (info.code !== ExchangeCode.OK) {
      const leaves = this.info?.leaves ?? 0
      this.#unready()
      this.#open?.cancel(inRuns(leaves)) // whatever it still answers: whoever asked is gone
      return
    }
    const isNew = this.info == null
    this.info = info
    if (isNew) this.#events.onReady(this)
  }
}

function inRuns(leaves: number): Run[] {
  const runs: Run[] = []
  for (let start = 0; start < leaves; start += MAX_RUN_LEAVES) {
    runs.push({ start, count: Math.min(MAX_RUN_LEAVES, leaves - start) })
  }
  return runs
}
