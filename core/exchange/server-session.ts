// A session with one peer, the serving side: its control stream in and out, its data streams out.
import type { CID } from 'multiformats/cid'
import { decodeRoot } from '../cid.ts'
import { trace } from '../trace.ts'
import { TokenBucket } from '../token-bucket.ts'
import type { Clock } from '../clock.ts'
import { checkSender, noCounts } from './control-codec.ts'
import { ControlReader, controlFrame } from './control-frames.ts'
import type { Duplex, PeerPipe } from './duplex.ts'
import { checkHave } from './have-bits.ts'
import * as limits from './limits.ts'
import { ExchangeCode, ExchangeError, HaveKind, violation } from './codes.ts'
import type { ControlMessage, MessageFrom, Counts, HaveMessage } from './messages.ts'
import type { UploadBudget } from './upload-limiter.ts'
import { disjoint, type DisjointRuns, SendQueue, type Job } from './send-queue.ts'
import type { FoundServable, ServableChange, Servables } from './servable.ts'
import { OpenedRoot } from './opened-root.ts'
import { ServerBulk } from './server-bulk.ts'
import type { FairQueue } from './fair-queue.ts'
import { UnitSender } from './unit-sender.ts'
import { UnknownOpens } from './unknown-opens.ts'

/** What every session of a server shares. */
export interface SessionPorts {
  readonly servables: Servables
  readonly turns: FairQueue
  readonly budget: UploadBudget
  readonly clock: Clock
  readonly agent: string
  /** The device name for this peer; '' towards public addresses. */
  readonly name: string
  onOpen(root: CID): void
  onHave(root: CID, have: HaveMessage): void
  onPex(root: CID, records: readonly Uint8Array[]): void
  onSent(root: CID, bytes: number): void
  /** It began or ended to want bytes: slots may have to be given anew. */
  onInterest(): void
  onClosed(error?: Error): void
}

export class ServerSession {
  readonly peer: PeerPipe
  readonly nonce: Uint8Array
  readonly sent: Counts = noCounts()
  readonly received: Counts = noCounts()
  /** Name and agent the peer gave: a stranger's texts. */
  name = ''
  agent = ''
  bytesSent = 0
  choked = true
  readonly #control: Duplex
  readonly #data: Duplex[] = []
  readonly #ports: SessionPorts
  readonly #opens = new Map<number, OpenedRoot>()
  readonly #queue: SendQueue
  readonly #sender: UnitSender
  readonly #bulk: ServerBulk
  readonly #abort = new AbortController()
  readonly #flood: TokenBucket
  readonly #unknownOpens: UnknownOpens
  #greeted = false
  #cancelHelloTimer: () => void
  #cancelNewsTimer: (() => void) | undefined
  #unearned = 0

  constructor(peer: PeerPipe, control: Duplex, nonce: Uint8Array, ports: SessionPorts) {
    this.peer = peer
    this.nonce = nonce
    this.#control = control
    this.#ports = ports
    const now = ports.clock.now()
    this.#flood = new TokenBucket(limits.CONTROL_PER_SECOND, limits.CONTROL_BURST, now)
    this.#unknownOpens = new UnknownOpens(now)
    const reject = (req: number, ordinal: number, count: number, code: ExchangeCode, retryMs: number) => {
      this.#tellLosses()
      this.#send({ type: 'reject', req, ordinal, count, code, retryMs })
    }
    this.#queue = new SendQueue(reject)
    this.#bulk = new ServerBulk({
      peerId: peer.peerId,
      budget: ports.budget,
      port: () => peer.bulk,
      send: message => this.#send(message),
      reject
    })
    this.#sender = new UnitSender({
      queue: this.#queue,
      bulk: this.#bulk,
      turns: ports.turns,
      budget: ports.budget,
      clock: ports.clock,
      signal: this.#abort.signal,
      reject,
      onSent: (root, bytes) => this.#onSent(root, bytes),
      onFailed: error => this.#fail(error)
    })
    this.#cancelHelloTimer = ports.clock.after(limits.HELLO_TIMEOUT_MS, () => {
      this.end(new ExchangeError(ExchangeCode.IO, 'The peer did not say Hello'))
    })
    const reader = new ControlReader((message, frameBytes) => {
      trace.exchange?.('received', { peer: this.peer.peerId, frameBytes, ...message })
      this.#onMessage(message)
    })
    control.onBytes(bytes => this.#guard(() => reader.push(bytes)))
    control.onEnd(error => this.#streamEnded(error))
  }

  get ended(): boolean {
    return this.#abort.signal.aborted
  }

  /** Roots this peer has open, whether it said that it holds all of them, and whether it asked for leaves. */
  roots(): { root: CID; key: string; full: boolean; reads: boolean }[] {
    return [...this.#opens.values()].map(it => ({
      root: it.root,
      key: it.key,
      full: it.peerIsFull,
      reads: it.hasAsked
    }))
  }

  /** Payload bytes that went over bulk links. */
  get bulkBytesSent(): number {
    return this.#bulk.bytesSent
  }

  get queued(): { runs: number; bytes: number } {
    return { runs: this.#queue.runs, bytes: this.#queue.bytes }
  }

  /** Whether it may want bytes: it has a root open here of which it does not hold everything. */
  get interested(): boolean {
    for (const it of this.#opens.values()) if (it.servable != null && !it.peerIsFull) return true
    return false
  }

  /** Takes over a data stream that named this session; false when it has enough of them. */
  addData(data: Duplex): boolean {
    if (this.ended || this.#sender.streams >= limits.MAX_DATA_STREAMS) return false
    this.#data.push(data)
    data.onEnd(error => this.#streamEnded(error))
    this.#sender.addStream(data)
    return true
  }

  /** Bytes from the peer on a data stream: only the server writes there. */
  onDataBytes(): void {
    this.end(violation('The peer wrote on a data stream'))
  }

  setChoked(choked: boolean): void {
    if (!this.#greeted || this.ended || this.choked === choked) return
    this.choked = choked
    this.#send({ type: 'choke', choke: choked, slotsBytes: choked ? 0 : limits.MAX_QUEUED_BYTES })
    if (choked) this.#cancel(() => true, ExchangeCode.BUSY)
  }

  /** Looks a root up anew, if the peer has it open and is not served: it may have come. That it goes, its servable says itself. */
  async refresh(key: string): Promise<void> {
    for (const open of [...this.#opens.values()].filter(it => it.key === key && it.servable == null)) {
      const found = await this.#find(open)
      if (open.servable != null) this.#announce(open, found)
    }
  }

  sendPex(key: string, records: readonly Uint8Array[]): void {
    for (const open of this.#opens.values())
      if (open.key === key)
        this.#send({ type: 'pex', sid: open.sid, records: records.slice(0, limits.MAX_PEX_RECORDS) })
  }

  /** Ends the session: politely without an error, with a Bye that says why otherwise. */
  end(error: Error | undefined): void {
    if (this.ended) return
    this.#send({ type: 'bye', code: error instanceof ExchangeError ? error.code : ExchangeCode.SHUTDOWN })
    trace.exchange?.('session-ended', { peer: this.peer.peerId, how: 'serving' })
    this.#abort.abort(error ?? new ExchangeError(ExchangeCode.SHUTDOWN, 'Shutting down'))
    this.#cancelHelloTimer()
    this.#cancelNewsTimer?.()
    this.#bulk.end()
    for (const open of this.#opens.values()) open.detach()
    this.#opens.clear()
    this.#control.close()
    for (const data of this.#data) {
      if (error == null) data.close()
      else data.abort(error)
    }
    this.#ports.onClosed(error)
  }

  #onMessage(message: ControlMessage | undefined): void {
    if (this.ended) return
    if (message != null) this.received[message.type]++
    if (!this.#flood.take(this.#ports.clock.now()))
      throw new ExchangeError(ExchangeCode.LIMIT, 'The peer sends too many messages')
    if (message == null) return
    if (!this.#greeted && message.type !== 'hello' && message.type !== 'bye') throw violation('A message before Hello')
    checkSender(message, 'requester')
    this.#dispatch(message)
  }

  #dispatch(message: MessageFrom<'requester'>): void {
    switch (message.type) {
      case 'hello':
        return this.#onHello(message)
      case 'open':
        return this.#onOpen(message.sid, message.root)
      case 'close':
        return this.#onClose(message.sid)
      case 'skeleton':
        return this.#onSkeleton(message)
      case 'request':
        return this.#onRequest(message)
      case 'cancel':
        return this.#onCancel(message)
      case 'have':
        return this.#onHave(message.sid, { kind: message.kind, start: message.start, bits: message.bits })
      case 'pex': {
        const open = this.#opens.get(message.sid)
        if (open?.servable != null && open.hasAsked) this.#ports.onPex(open.root, message.records)
        return
      }
      case 'bulkAsk':
        return this.#bulk.onAsk(message)
      case 'bulkLost':
        return this.#bulk.onLost(message)
      case 'bye':
        return this.end(undefined)
      default:
        message satisfies never
    }
  }

  #onHello(message: ControlMessage & { type: 'hello' }): void {
    if (this.#greeted) throw violation('A second Hello')
    this.#greeted = true
    this.#cancelHelloTimer()
    this.name = message.name
    this.agent = message.agent
    this.#send({
      type: 'hello',
      version: limits.PROTOCOL_VERSION,
      features: this.peer.bulk == null ? [] : [limits.FEATURE_BULK],
      maxOutBytes: limits.MAX_QUEUED_BYTES,
      maxRequests: limits.MAX_QUEUED_RUNS,
      agent: this.#ports.agent,
      nonce: this.nonce,
      name: this.#ports.name
    })
    if (this.peer.isLan) this.setChoked(false)
  }

  #onOpen(sid: number, root: Uint8Array): void {
    if (this.#opens.has(sid)) throw violation('A sid was used twice')
    const open = new OpenedRoot(sid, cidOf(root))
    if (this.#opens.size >= limits.MAX_OPEN_ROOTS) return this.#send(open.info(ExchangeCode.LIMIT))
    this.#opens.set(sid, open)
    void this.#find(open).then(found => this.#answerOpen(open, found))
  }

  #answerOpen(open: OpenedRoot, found: FoundServable | 'failed'): void {
    if (this.#opens.get(open.sid) !== open) return
    if (found == null && !this.#mayAnswerUnknown(open)) return
    this.#announce(open, found)
    if (open.servable != null) this.#ports.onOpen(open.root)
    this.#ports.onInterest()
  }

  /** False when the peer is told to wait instead, or goes. */
  #mayAnswerUnknown(open: OpenedRoot): boolean {
    const now = this.#ports.clock.now()
    const verdict = this.#unknownOpens.take(now)
    if (verdict === 'answer') return true
    this.#opens.delete(open.sid)
    if (verdict === 'limit') this.#send(open.info(ExchangeCode.LIMIT, this.#unknownOpens.retryMs(now)))
    else this.end(new ExchangeError(ExchangeCode.LIMIT, 'The peer asks for too many roots that are not here'))
    return false
  }

  #onClose(sid: number): void {
    const open = this.#opens.get(sid)
    if (open == null) return
    this.#opens.delete(sid)
    this.#cancel(job => job.root === open, ExchangeCode.CANCELLED)
    open.detach()
    this.#ports.onInterest()
  }

  #onSkeleton(message: ControlMessage & { type: 'skeleton' }): void {
    const open = this.#opens.get(message.sid)
    const refused = this.#refusal(open)
    if (open == null || refused !== ExchangeCode.OK) return this.#reject(message.req, 0, 0, refused)
    this.#queue.addRange(message.req, open, message.offset, message.maxBytes)
    this.#sender.wake()
  }

  #onRequest(message: ControlMessage & { type: 'request' }): void {
    const open = this.#opens.get(message.sid)
    const refused = this.#refusal(open)
    if (open == null || refused !== ExchangeCode.OK) {
      for (const run of message.runs) this.#reject(message.req, run.start, run.count, refused)
      return
    }
    open.hasAsked = true
    this.#queue.addRuns(message.req, open, message.runs)
    this.#sender.wake()
  }

  #refusal(open: OpenedRoot | undefined): ExchangeCode {
    if (open == null) return ExchangeCode.BAD_REQUEST
    if (open.servable == null) return ExchangeCode.NOT_FOUND
    return this.choked ? ExchangeCode.BUSY : ExchangeCode.OK
  }

  #onCancel(message: ControlMessage & { type: 'cancel' }): void {
    const reqs = new Set(message.reqs)
    if (reqs.size > 0) this.#cancel(job => reqs.has(job.req), ExchangeCode.CANCELLED)
    const ofSid = (job: Job) => (message.sid === 0 ? message.all : job.root.sid === message.sid)
    if (message.all) this.#cancel(ofSid, ExchangeCode.CANCELLED)
    const leavesOfSid = (job: Job) => job.kind === 'leaves' && ofSid(job)
    if (message.runs.length > 0) this.#cancel(leavesOfSid, ExchangeCode.CANCELLED, disjoint(message.runs))
  }

  #cancel(matches: (job: Job) => boolean, code: ExchangeCode, runs?: DisjointRuns): void {
    this.#queue.cancel(matches, code, runs) // first: the sender would go on with what is queued
    this.#sender.cancel(matches, code, runs)
  }

  #onHave(sid: number, have: HaveMessage): void {
    const open = this.#opens.get(sid)
    if (open == null) return
    checkHave(have, open.servable?.leafCount ?? limits.MAX_LEAVES)
    const was = open.peerIsFull
    open.peerIsFull = have.kind === HaveKind.FULL || (was && have.kind === HaveKind.SET)
    this.#ports.onHave(open.root, have)
    if (was !== open.peerIsFull) this.#ports.onInterest()
  }

  /** Attaches what is served for a root now. */
  async #find(open: OpenedRoot): Promise<FoundServable | 'failed'> {
    try {
      const found = await this.#ports.servables.find(open.root)
      if (this.ended || this.#opens.get(open.sid) !== open) return undefined
      if (found == null || found === 'not-yet') return found
      if (found.isWithdrawn) return undefined // since it was found
      if (found !== open.servable) open.attach(found, change => this.#onChange(open, change))
      return found
    } catch {
      return 'failed' // the peer is told IO; what went wrong here is none of its business
    }
  }

  /** Info, and everything we hold. */
  #announce(open: OpenedRoot, found: FoundServable | 'failed'): void {
    if (found === 'not-yet') this.#send(open.info(ExchangeCode.NOT_HAVE, limits.NOT_YET_RETRY_MS))
    else this.#send(open.info(found === 'failed' ? ExchangeCode.IO : ExchangeCode.NOT_FOUND))
    const whole = open.whole()
    for (const have of whole) this.#send({ type: 'have', sid: open.sid, ...have })
    if (whole.length > 1) this.#flood.spend(whole.length - 1, this.#ports.clock.now()) // big bitmaps are not for the asking
  }

  #onChange(open: OpenedRoot, change: ServableChange): void {
    if (this.ended) return
    if (change.withdrawn === true) return this.#withdraw(open)
    if (!open.isTold) return // the answer to its Open says it all
    this.#newsLater()
  }

  /** It is not served any more: says so, then refuses what was asked of it. In this order nothing refused is still advertised. */
  #withdraw(open: OpenedRoot): void {
    const { isTold } = open
    if (isTold) this.#send({ type: 'have', sid: open.sid, kind: HaveKind.NONE, start: 0, bits: new Uint8Array(0) })
    open.detach()
    open.hasAsked = false
    if (isTold) this.#send(open.info(ExchangeCode.NOT_FOUND))
    this.#cancel(job => job.root === open, ExchangeCode.SHUTDOWN)
    this.#ports.onInterest()
  }

  #newsLater(): void {
    this.#cancelNewsTimer ??= this.#ports.clock.after(limits.HAVE_INTERVAL_MS, () => {
      this.#cancelNewsTimer = undefined
      this.#guard(() => this.#tellNews())
    })
  }

  /** Before the refusals they cause: refusing what is still advertised would be taken for a lie. */
  #tellLosses(): void {
    for (const open of this.#opens.values()) {
      for (let have = open.loss(); have != null; have = open.loss())
        this.#send({ type: 'have', sid: open.sid, ...have })
    }
  }

  /** A few messages of what changed; the rest, and whatever a full stream does not take, in the next interval. */
  #tellNews(): void {
    let left = limits.HAVES_PER_INTERVAL
    for (const open of this.#opens.values()) {
      if (left > 0 && open.hasOtherState) {
        this.#send(open.info())
        left--
      }
      while (left > 0 && open.hasNews && this.#control.unsentBytes < limits.MAX_HAVE_BYTES) {
        const have = open.news()
        if (have == null) break
        this.#send({ type: 'have', sid: open.sid, ...have })
        left--
      }
      if (open.hasNews || open.hasOtherState) this.#newsLater()
    }
  }

  #onSent(root: OpenedRoot, bytes: number): void {
    this.bytesSent += bytes
    this.#unearned += bytes
    const earned = Math.floor(this.#unearned / limits.CONTROL_BYTES_PER_TOKEN)
    this.#unearned -= earned * limits.CONTROL_BYTES_PER_TOKEN
    if (earned > 0) this.#flood.add(earned)
    this.#ports.onSent(root.root, bytes)
  }

  #reject(req: number, ordinal: number, count: number, code: ExchangeCode): void {
    this.#send({ type: 'reject', req, ordinal, count, code, retryMs: 0 })
  }

  #send(message: MessageFrom<'server'>): void {
    if (this.ended) return
    this.sent[message.type]++
    const frame = controlFrame(message)
    trace.exchange?.('sent', { peer: this.peer.peerId, frameBytes: frame.length, ...message })
    this.#control.send(frame)
    if (this.#control.unsentBytes > limits.MAX_CONTROL_UNSENT && message.type !== 'bye')
      this.end(new ExchangeError(ExchangeCode.LIMIT, 'The peer does not read its control stream'))
  }

  #guard(act: () => void): void {
    if (this.ended) return
    try {
      act()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.end(error instanceof Error ? error : new Error('Serving failed', { cause: error }))
  }

  #streamEnded(error: Error | undefined): void {
    this.end(
      new ExchangeError(ExchangeCode.IO, 'The connection to the peer ended', error == null ? {} : { cause: error })
    )
  }
}

function cidOf(root: Uint8Array): CID {
  try {
    return decodeRoot(root)
  } catch (error) {
    throw new ExchangeError(ExchangeCode.PROTOCOL, 'An Open for what is not a root', { cause: error })
  }
}
