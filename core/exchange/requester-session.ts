// A session with one peer, the asking side: one control stream out, data streams in, everything on them checked.
import type { CID } from 'multiformats/cid'
import { trace } from '../trace.ts'
import { TokenBucket } from '../token-bucket.ts'
import { ExpectedLeaves, ExpectedRange } from './expected-frames.ts'
import type { Clock } from '../clock.ts'
import { checkSender, noCounts } from './control-codec.ts'
import { ControlReader, controlFrame } from './control-frames.ts'
import { DataReader, Flags, type FrameHeader } from './data-frames.ts'
import type { Duplex, PeerPipe } from './duplex.ts'
import { type Asked, FrameIntake, type IntakePorts } from './frame-intake.ts'
import * as limits from './limits.ts'
import { ExchangeCode, ExchangeError, violation, type Run } from './codes.ts'
import type { ControlMessage, MessageFrom, Counts, HaveMessage } from './messages.ts'
import { OpenQueue } from './open-queue.ts'
import type { OpenRoot, Requester, RootListener } from './requester.ts'
import { RequesterBulk } from './requester-bulk.ts'
import { RequesterRoot, type RootSession } from './requester-root.ts'

/** Requests that are over and of which a rejected leaf's frames may still arrive. */
const KEPT_FOR_LATE_FRAMES = 64

type OpenRequest = Asked<RequesterRoot>

export class RequesterSession implements Requester, RootSession, IntakePorts<RequesterRoot> {
  readonly peerId: string
  name = ''
  agent = ''
  nonce: Uint8Array = new Uint8Array(0)
  readonly sent: Counts = noCounts()
  readonly received: Counts = noCounts()
  readonly #control: Duplex
  readonly #clock: Clock
  readonly #onSaid: ((root: CID, have: HaveMessage) => void) | undefined
  readonly #data: Duplex[] = []
  readonly #intakes: FrameIntake<RequesterRoot>[] = []
  readonly #queue: OpenQueue<RequesterRoot>
  readonly #roots = new Map<number, RequesterRoot>() // open at the peer, by sid
  readonly #asked = new Map<number, OpenRequest>()
  readonly #ended: OpenRequest[] = []
  readonly #closeListeners: ((error?: Error) => void)[] = []
  readonly #hello = Promise.withResolvers<void>()
  readonly #flood: TokenBucket
  readonly #own: TokenBucket
  readonly #bulk: RequesterBulk
  #maxRuns: number = limits.MAX_QUEUED_RUNS
  #maxBytes: number = limits.MAX_QUEUED_BYTES
  #runsOut = 0
  #bytesOut = 0
  #nextSid = 1
  #nextReq = 1
  #greeted = false
  #choked = true
  #slotsBytes = 0
  #flushing = false
  #opening = false
  #cancelOpenTimer: (() => void) | undefined
  #cancelTimer: (() => void) | undefined
  #receivedBytes = 0
  #closed = false
  closedWith: Error | undefined

  constructor(
    pipe: Pick<PeerPipe, 'peerId' | 'bulk'>,
    control: Duplex,
    clock: Clock,
    onSaid?: (root: CID, have: HaveMessage) => void
  ) {
    this.#onSaid = onSaid
    this.peerId = pipe.peerId
    this.#control = control
    this.#clock = clock
    this.#flood = new TokenBucket(limits.CONTROL_PER_SECOND, limits.CONTROL_BURST, clock.now())
    this.#own = new TokenBucket(limits.OWN_CONTROL_PER_SECOND, limits.OWN_CONTROL_BURST, clock.now())
    this.#queue = new OpenQueue(clock.now())
    this.#hello.promise.catch(() => {}) // whoever waits for it hears; nobody may be waiting any more
    this.#bulk = new RequesterBulk({
      peerId: pipe.peerId,
      clock,
      port: () => pipe.bulk,
      send: message => this.send(message),
      receiver: {
        onLeaf: (request, ordinal, bytes) => this.guard(() => this.#onWholeLeaf(request, ordinal, bytes)),
        onBytes: (request, ordinal, bytes) => this.guard(() => this.#leavesAsked(request).coming(ordinal, bytes))
      }
    })
    const reader = new ControlReader((message, frameBytes) => {
      trace.exchange?.('received', { peer: this.peerId, frameBytes, ...message })
      this.#onMessage(message)
    })
    control.onBytes(bytes => this.guard(() => reader.push(bytes)))
    control.onEnd(error => this.#streamEnded(error))
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Resolves when the peer has said Hello; rejects when the session ends before. */
  async greeted(): Promise<void> {
    await this.#hello.promise
  }

  /** Takes over a data stream whose nonce was sent. */
  addData(data: Duplex): void {
    this.#data.push(data)
    const intake = new FrameIntake(this)
    const reader = new DataReader(intake)
    this.#intakes.push(intake)
    data.onBytes(bytes =>
      this.guard(() => {
        this.#countBytes(bytes.length)
        reader.push(bytes)
      })
    )
    data.onEnd(error => this.#streamEnded(error))
  }

  openRoot(root: CID, listener: RootListener, options: { isPreferred?: boolean } = {}): OpenRoot {
    const opened = new RequesterRoot(root, listener, this, options.isPreferred)
    if (this.#closed) {
      queueMicrotask(() => opened.end(this.closedWith))
      return opened
    }
    this.#queue.add(opened, this.#clock.now())
    this.openSoon()
    return opened
  }

  onClosed(listener: (error?: Error) => void): void {
    if (this.#closed) listener(this.closedWith)
    else this.#closeListeners.push(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end(undefined)
  }

  /** Ends the session: politely without an error, with a Bye that says why otherwise. */
  end(error: Error | undefined): void {
    if (this.#closed) return
    this.send({ type: 'bye', code: error instanceof ExchangeError ? error.code : ExchangeCode.OK })
    trace.exchange?.('session-ended', { peer: this.peerId, how: 'asking' })
    this.#closed = true
    this.closedWith = error
    this.#cancelTimer?.()
    this.#cancelOpenTimer?.()
    this.#bulk.end()
    this.#control.close()
    for (const data of this.#data) {
      if (error == null) data.close()
      else data.abort(error)
    }
    this.#hello.reject(error ?? new ExchangeError(ExchangeCode.CANCELLED, 'The session was closed'))
    const roots = this.#queue.roots()
    this.#roots.clear()
    this.#asked.clear()
    for (const root of roots) root.end(error)
    for (const listener of this.#closeListeners) listener(error)
  }

  send(message: MessageFrom<'requester'>): void {
    if (this.#closed) return
    this.sent[message.type]++
    this.#own.spend(1, this.#clock.now())
    const frame = controlFrame(message)
    trace.exchange?.('sent', { peer: this.peerId, frameBytes: frame.length, ...message })
    this.#control.send(frame)
    if (this.#control.unsentBytes > limits.MAX_CONTROL_UNSENT)
      this.end(new ExchangeError(ExchangeCode.LIMIT, 'The peer does not read its control stream'))
  }

  cancelAsked(root: RequesterRoot, run: Run): number {
    let cancelled = 0
    for (const asked of this.#asked.values())
      if (asked.root === root && asked.what instanceof ExpectedLeaves)
        cancelled += asked.what.cancel(run.start, run.start + run.count)
    return cancelled
  }

  closeRoot(root: RequesterRoot): void {
    this.cancelAsked(root, { start: 0, count: limits.MAX_LEAVES })
    this.#queue.delete(root, this.#clock.now())
    if (root.sid === 0) return
    for (let news = root.takeNews(); news != null && this.#mayTalk(); news = root.takeNews()) this.#sendNews(root, news) // the last is often that it holds everything now
    this.#closeAt(root)
    this.openSoon()
  }

  openSoon(): void {
    this.#opening = true
    this.flushSoon()
  }

  flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    queueMicrotask(() => {
      this.#flushing = false
      this.guard(() => this.#flush())
    })
  }

  /** Sends what waits, as far as the peer's queue and our own pace let it. */
  #flush(): void {
    if (this.#opening) this.#open()
    if (this.#closed) return
    for (const root of this.#roots.values()) {
      while (root.waits && this.#mayTalk()) if (!this.#flushOne(root)) break
    }
  }

  /** Opens whose turn it is, as far as the peer's patience and our own pace let it; comes back when time alone changes that. */
  #open(): void {
    const parked: RequesterRoot[] = []
    while (this.#mayTalk()) {
      const step = this.#queue.next(this.#clock.now())
      if (step == null) {
        this.#opening = false
        break
      }
      if (step.close != null) this.#closeAt(step.close)
      if (step.close != null && step.wasServed) parked.push(step.close)
      this.#openAt(step.open)
    }
    this.#cancelOpenTimer?.()
    const wait = this.#queue.wakeMs(this.#clock.now())
    this.#cancelOpenTimer = wait == null ? undefined : this.#clock.after(wait, () => this.openSoon())
    for (const root of parked) if (!root.closed) root.listener.onParked()
  }

  #openAt(root: RequesterRoot): void {
    root.opened(this.#nextSid++)
    this.#roots.set(root.sid, root)
    this.#flood.add(limits.CONTROL_PER_OPEN)
    this.send({ type: 'open', sid: root.sid, root: root.root.bytes })
  }

  #closeAt(root: RequesterRoot): void {
    this.#roots.delete(root.sid)
    this.send({ type: 'close', sid: root.sid })
    root.sid = 0
  }

  /** One message for a root, most urgent first; false when the peer's queue is full. */
  #flushOne(root: RequesterRoot): boolean {
    const cancels = root.takeCancels()
    if (cancels.length > 0) {
      this.send({ type: 'cancel', reqs: [], runs: cancels, sid: root.sid, all: false })
      return true
    }
    if (this.#flushRequest(root)) return true
    const news = root.takeNews()
    if (news != null) this.#sendNews(root, news)
    return news != null
  }

  #sendNews(root: RequesterRoot, news: MessageFrom<'requester'>): void {
    this.send(news)
    if (news.type === 'have') this.#onSaid?.(root.root, news)
  }

  #flushRequest(root: RequesterRoot): boolean {
    const isNearlyFull = this.#runsOut > 0 && this.#bytesOut > (this.#maxBytes * 3) / 4
    if (this.#runsOut >= this.#maxRuns || isNearlyFull) return false // filled up later, by one message instead of many
    const req = this.#nextReq
    const range = root.takeRange()
    if (range != null) {
      this.#keep({ root, what: new ExpectedRange(req, range.offset, range.maxBytes) })
      this.#out(1, range.maxBytes)
      this.send({ type: 'skeleton', req, sid: root.sid, offset: range.offset, maxBytes: range.maxBytes })
    } else {
      const runs = root.takeRuns(this.#maxRuns - this.#runsOut, this.#maxBytes - this.#bytesOut, this.#runsOut === 0)
      if (runs.length === 0) return false
      this.#ask(root, req, runs)
      this.send({ type: 'request', req, sid: root.sid, runs })
    }
    this.#nextReq = req === 0xffffffff ? 1 : req + 1
    return true
  }

  #ask(root: RequesterRoot, req: number, runs: readonly Run[]): void {
    const claim = root.claim
    let [bytes, biggest] = [0, 0]
    for (const run of runs) {
      for (let at = run.start; at < run.start + run.count; at++) {
        const leaf = claim(at)
        bytes += leaf
        biggest = Math.max(biggest, leaf)
      }
    }
    this.#out(runs.length, bytes)
    if (biggest > limits.BULK_LEAF_BYTES) this.#bulk.asked(bytes)
    const what = new ExpectedLeaves(req, runs, claim, {
      onBytes: (ordinal, bytes) => root.closed || root.listener.onBytes(ordinal, bytes),
      onLeaf: (ordinal, bytes) => root.closed || root.listener.onLeaf(ordinal, bytes),
      onOver: (bytes, runsOver) => {
        root.over(bytes)
        this.#out(-runsOver, -bytes)
      }
    })
    this.#keep({ root, what })
  }

  #keep(asked: OpenRequest): void {
    asked.root.requests++
    this.#asked.set(asked.what.req, asked)
  }

  #out(runs: number, bytes: number): void {
    this.#runsOut += runs
    this.#bytesOut += bytes
    if (runs < 0 || bytes < 0) this.flushSoon()
  }

  /** Whether our own pace allows a message; if not, comes back when it does. */
  #mayTalk(): boolean {
    const wait = this.#own.waitMs(this.#clock.now())
    if (wait === 0) return true
    this.#cancelTimer?.()
    this.#cancelTimer = this.#clock.after(wait, () => {
      this.#cancelTimer = undefined
      this.flushSoon()
    })
    return false
  }

  #onMessage(message: ControlMessage | undefined): void {
    if (this.#closed) return
    if (message != null) this.received[message.type]++
    if (message?.type !== 'reject' && !this.#flood.take(this.#clock.now()))
      throw new ExchangeError(ExchangeCode.LIMIT, 'The peer sends too many messages')
    if (message == null) return
    if (!this.#greeted && message.type !== 'hello' && message.type !== 'bye') throw violation('A message before Hello')
    checkSender(message, 'server')
    this.#dispatch(message)
  }

  #dispatch(message: MessageFrom<'server'>): void {
    switch (message.type) {
      case 'hello':
        return this.#onHello(message)
      case 'info':
        return this.#onInfo(message)
      case 'have':
        return this.#rootOf(message.sid)?.onHave({ kind: message.kind, start: message.start, bits: message.bits })
      case 'choke':
        return this.#onChoke(message.choke, message.slotsBytes)
      case 'reject':
        return this.#onReject(message)
      case 'bulkOffer':
        return this.#bulk.onOffer(message)
      case 'pex':
        return this.#rootOf(message.sid)?.listener.onPex(message.records)
      case 'bye':
        return this.#endAfterIntake(new ExchangeError(message.code, 'The peer ended the session'))
      default:
        message satisfies never
    }
  }

  #onHello(message: ControlMessage & { type: 'hello' }): void {
    if (this.#greeted) throw violation('A second Hello')
    if (message.nonce.length !== limits.NONCE_BYTES) throw violation('A Hello without a nonce')
    this.#greeted = true
    this.name = message.name
    this.agent = message.agent
    this.nonce = message.nonce
    this.#bulk.hello(message.features)
    if (message.maxRequests > 0) this.#maxRuns = Math.min(this.#maxRuns, message.maxRequests)
    if (message.maxOutBytes > 0) this.#maxBytes = Math.min(this.#maxBytes, message.maxOutBytes)
    this.#hello.resolve()
  }

  #onInfo(message: ControlMessage & { type: 'info' }): void {
    const root = this.#rootOf(message.sid)
    const now = this.#clock.now()
    this.openSoon()
    if (root == null) {
      const closed = this.#queue.roots().find(it => it.lastSid === message.sid)
      return this.#queue.answeredLate(closed, message.code, message.retryMs, now)
    }
    if (!this.#queue.answered(root, message.code, message.retryMs, now)) {
      this.#roots.delete(root.sid)
      root.sid = 0
    }
    if (!root.answered) root.listener.onChoke(this.#choked, this.#slotsBytes)
    const { type: _, ...info } = message
    if (!root.closed) root.onInfo(info)
  }

  #onChoke(choked: boolean, slotsBytes: number): void {
    this.#choked = choked
    this.#slotsBytes = slotsBytes
    for (const root of this.#roots.values()) if (root.answered) root.listener.onChoke(choked, slotsBytes)
  }

  #onReject(message: ControlMessage & { type: 'reject' }): void {
    const asked = this.#asked.get(message.req)
    if (asked == null) throw violation('A Reject for what was not asked for')
    const { root, what } = asked
    if (what instanceof ExpectedRange) {
      what.rejected = true
      this.#rangeOver(asked, what)
      if (!root.closed) root.listener.onSkeletonReject(what.offset + what.filled, message.code, message.retryMs)
      return
    }
    for (const run of what.reject(message.ordinal, message.count))
      if (!root.closed) root.listener.onReject(run.start, run.count, message.code, message.retryMs)
    if (what.over) this.leavesOver(message.req)
  }

  /** Finds what a data frame answers. */
  askedFor(request: number): OpenRequest {
    const asked = this.#asked.get(request)
    if (asked != null) return asked
    for (const ended of this.#ended) if (ended.what.req === request) return ended
    throw violation('A frame that was not asked for')
  }

  /** A leaf came whole, beside the streams. */
  #onWholeLeaf(request: number, ordinal: number, bytes: Uint8Array): void {
    this.#countBytes(bytes.length)
    const asked = this.#leavesAsked(request)
    asked.whole(ordinal, bytes)
    if (asked.over) this.leavesOver(request)
  }

  #leavesAsked(request: number): ExpectedLeaves {
    const { what } = this.askedFor(request)
    if (what instanceof ExpectedLeaves) return what
    throw violation('A leaf for a request for skeleton')
  }

  /** Skeleton bytes are whole. */
  onRangeBytes(asked: OpenRequest, range: ExpectedRange, header: Readonly<FrameHeader>, payload: Uint8Array): void {
    const offset = range.offset + range.filled
    range.filled += payload.length
    const last = (header.flags & Flags.LAST) !== 0
    if (last) this.#rangeOver(asked, range)
    if (!asked.root.closed) asked.root.listener.onSkeleton(offset, payload, last)
  }

  /** Every leaf of a request was sent or rejected. */
  leavesOver(req: number): void {
    const asked = this.#asked.get(req)
    if (asked != null) this.#keepForLate(asked)
  }

  #keepForLate(asked: OpenRequest): void {
    if (this.#asked.delete(asked.what.req)) asked.root.requests--
    this.#ended.push(asked)
    if (this.#ended.length > KEPT_FOR_LATE_FRAMES) this.#ended.shift()
  }

  #rangeOver(asked: OpenRequest, range: ExpectedRange): void {
    range.over = true
    this.#keepForLate(asked)
    asked.root.over(range.maxBytes)
    this.#out(-1, -range.maxBytes)
  }

  /** Answers to a root closed just now are ordinary; to one never opened they are not. */
  #rootOf(sid: number): RequesterRoot | undefined {
    if (sid === 0 || sid >= this.#nextSid) throw violation('A message about a root that was never opened')
    return this.#roots.get(sid)
  }

  #countBytes(bytes: number): void {
    const before = Math.floor(this.#receivedBytes / limits.CONTROL_BYTES_PER_TOKEN)
    this.#receivedBytes += bytes
    const earned = Math.floor(this.#receivedBytes / limits.CONTROL_BYTES_PER_TOKEN) - before
    if (earned === 0) return
    this.#flood.add(earned)
    this.#own.add(earned)
  }

  /** Ends the session with what it throws. */
  guard(act: () => void): void {
    if (this.#closed) return
    try {
      act()
    } catch (error) {
      this.end(error instanceof Error ? error : new Error('A listener failed', { cause: error }))
    }
  }

  #streamEnded(error: Error | undefined): void {
    const cause = error == null ? {} : { cause: error }
    this.#endAfterIntake(new ExchangeError(ExchangeCode.IO, 'The connection to the peer ended', cause))
  }

  /** What came before the peer went is not lost. */
  #endAfterIntake(error: ExchangeError): void {
    const waits = this.#intakes.map(it => it.idle()).filter(it => it != null)
    if (waits.length === 0) this.end(error)
    else void Promise.all(waits).then(() => this.end(error))
  }
}
