// One root at one peer, as its requester sees it: what waits to be asked, and who hears the answers.
import type { CID } from 'multiformats/cid'
import { checkHave } from './have-bits.ts'
import * as limits from './limits.ts'
import { ExchangeCode, HaveKind, violation, type Run } from './codes.ts'
import type { MessageFrom, HaveMessage, InfoMessage } from './messages.ts'
import type { OpenRoot, RootListener } from './requester.ts'

const MAX_NEWS = 32

type News =
  Omit<MessageFrom<'requester'> & { type: 'have' }, 'sid'> | Omit<MessageFrom<'requester'> & { type: 'pex' }, 'sid'>

/** What a root needs of its session. */
export interface RootSession {
  /** What is open at the peer may have to change: look soon. */
  openSoon(): void
  /** Something waits to be sent: look soon. */
  flushSoon(): void
  /** Marks what is asked of the peer as cancelled; returns how many leaves that were. */
  cancelAsked(root: RequesterRoot, run: Run): number
  closeRoot(root: RequesterRoot): void
}

export class RequesterRoot implements OpenRoot {
  readonly root: CID
  readonly key: string
  readonly listener: RootListener
  /** Under which it is open at the peer; 0: it waits for its turn. */
  sid = 0
  /** Under which it was open last. */
  lastSid = 0
  isPreferred: boolean
  /** Requests that are not over. */
  requests = 0
  readonly #session: RootSession
  #claim: (ordinal: number) => number = () => limits.MAX_BLOCK_BYTES
  #leafCount = limits.MAX_LEAVES
  /** Waiting to be asked. */
  #runs: Run[] = []
  #ranges: { offset: number; maxBytes: number }[] = []
  #cancels: Run[] = []
  #news: News[] = []
  #waitingBytes = 0
  #askedBytes = 0
  #leaves: number | undefined
  #closed = false

  constructor(root: CID, listener: RootListener, session: RootSession, isPreferred = false) {
    this.root = root
    this.key = root.toString()
    this.isPreferred = isPreferred
    this.listener = listener
    this.#session = session
  }

  get claim(): (ordinal: number) => number {
    return this.#claim
  }

  get outstandingBytes(): number {
    return this.#waitingBytes + this.#askedBytes
  }

  /** Whether the first Info came. */
  get answered(): boolean {
    return this.#leaves != null
  }

  prefer(isPreferred: boolean): void {
    if (this.#closed || this.isPreferred === isPreferred) return
    this.isPreferred = isPreferred
    this.#session.openSoon()
  }

  /** Something was asked of it, or is about to be. */
  get isBusy(): boolean {
    return this.requests > 0 || this.waits
  }

  /** It is open from now on under this number; nothing was said of it yet. */
  opened(sid: number): void {
    this.sid = sid
    this.lastSid = sid
    this.#leaves = undefined
  }

  setLayout(leafBytes: (ordinal: number) => number, leafCount: number): void {
    for (const run of this.#runs) this.#waitingBytes -= this.#bytesOf(run)
    this.#claim = leafBytes
    this.#leafCount = leafCount
    for (const run of this.#runs) this.#waitingBytes += this.#bytesOf(run)
  }

  requestSkeleton(offset: number, maxBytes: number): void {
    if (this.#closed) return
    const size = Math.min(maxBytes, limits.MAX_SKELETON_RANGE)
    if (offset < 0 || size < 1) throw new RangeError(`A skeleton range of ${maxBytes} bytes at ${offset}`)
    this.#ranges.push({ offset, maxBytes: size })
    this.#waitingBytes += size
    this.#session.flushSoon()
  }

  request(runs: readonly Run[]): void {
    if (this.#closed) return
    for (const run of runs) {
      if (run.start < 0 || run.count < 1 || run.start + run.count > this.#leafCount)
        throw new RangeError(`A run of ${run.count} leaves from ${run.start} of ${this.#leafCount}`)
      this.#runs.push({ start: run.start, count: run.count })
      this.#waitingBytes += this.#bytesOf(run)
    }
    this.#session.flushSoon()
  }

  cancel(runs: readonly Run[]): void {
    if (this.#closed) return
    for (const run of runs) {
      this.#runs = this.#runs.flatMap(waiting => this.#without(waiting, run))
      if (this.#session.cancelAsked(this, run) > 0) this.#cancels.push(run)
    }
    if (this.#cancels.length > 0) this.#session.flushSoon()
  }

  sendHave(have: HaveMessage): void {
    if (have.kind === HaveKind.FULL || have.kind === HaveKind.NONE)
      this.#news = this.#news.filter(it => it.type !== 'have')
    this.#tell({ type: 'have', kind: have.kind, start: have.start, bits: have.bits })
  }

  sendPex(records: readonly Uint8Array[]): void {
    this.#tell({ type: 'pex', records: records.slice(0, limits.MAX_PEX_RECORDS) })
  }

  close(): void {
    if (this.#closed) return
    this.#session.closeRoot(this)
    this.end(undefined)
  }

  /** Nothing more is heard of this root after its onClosed. */
  end(error: Error | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#runs = []
    this.#ranges = []
    this.#cancels = []
    this.#news = []
    this.#waitingBytes = 0
    this.listener.onClosed(error)
  }

  get closed(): boolean {
    return this.#closed
  }

  onInfo(info: InfoMessage): void {
    if (info.code === ExchangeCode.OK) this.#leaves = info.leaves
    else this.#leaves ??= 0
    this.listener.onInfo(info)
  }

  onHave(have: HaveMessage): void {
    if (this.#leaves == null) throw violation('A Have before Info')
    checkHave(have, this.#leaves)
    this.listener.onHave(have)
  }

  /** The next range to ask for; it counts as asked from now on. */
  takeRange(): { offset: number; maxBytes: number } | undefined {
    const range = this.#ranges.shift()
    if (range != null) this.#asked(range.maxBytes)
    return range
  }

  /**
   * Runs for one Request, disjoint: at most `maxRuns` and `maxBytes`, or one leaf when even that is too much and
   * `atLeastOne` says so. They count as asked from now on.
   */
  takeRuns(maxRuns: number, maxBytes: number, atLeastOne: boolean): Run[] {
    const taken: Run[] = []
    let bytes = 0
    while (taken.length < maxRuns) {
      const run = this.#runs[0]
      if (run == null || taken.some(it => overlap(it, run))) break
      let count = 0
      const most = Math.min(run.count, limits.MAX_RUN_LEAVES)
      for (; count < most; count++) {
        const leaf = this.#claim(run.start + count)
        if (bytes + leaf > maxBytes && !(atLeastOne && taken.length === 0 && count === 0)) break
        bytes += leaf
      }
      if (count === 0) break
      taken.push({ start: run.start, count })
      if (count === run.count) this.#runs.shift()
      else this.#runs[0] = { start: run.start + count, count: run.count - count }
    }
    this.#asked(bytes)
    return taken
  }

  /** Up to 64 runs to cancel at the peer. */
  takeCancels(): Run[] {
    return this.#cancels.splice(0, limits.MAX_MESSAGE_RUNS)
  }

  /** The next Have or Pex: they go when nothing more urgent waits. */
  takeNews(): MessageFrom<'requester'> | undefined {
    const news = this.#news.shift()
    return news && { ...news, sid: this.sid }
  }

  get waits(): boolean {
    return this.#runs.length + this.#ranges.length + this.#cancels.length + this.#news.length > 0
  }

  /** Bytes asked for are over. */
  over(bytes: number): void {
    this.#askedBytes -= bytes
  }

  /** News are hints: of very many that wait, the oldest are forgotten. */
  #tell(message: News): void {
    if (this.#closed) return
    this.#news.push(message)
    if (this.#news.length > MAX_NEWS) this.#news.shift()
    this.#session.flushSoon()
  }

  #asked(bytes: number): void {
    this.#waitingBytes -= bytes
    this.#askedBytes += bytes
  }

  #bytesOf(run: Run): number {
    let bytes = 0
    for (let at = run.start; at < run.start + run.count; at++) bytes += this.#claim(at)
    return bytes
  }

  /** What is left of a waiting run, its credit corrected. */
  #without(waiting: Run, cancelled: Run): Run[] {
    if (!overlap(waiting, cancelled)) return [waiting]
    const a = Math.max(waiting.start, cancelled.start)
    const b = Math.min(waiting.start + waiting.count, cancelled.start + cancelled.count)
    this.#waitingBytes -= this.#bytesOf({ start: a, count: b - a })
    const left: Run[] = []
    if (a > waiting.start) left.push({ start: waiting.start, count: a - waiting.start })
    if (b < waiting.start + waiting.count) left.push({ start: b, count: waiting.start + waiting.count - b })
    return left
  }
}

function overlap(a: Run, b: Run): boolean {
  return a.start < b.start + b.count && b.start < a.start + a.count
}
