// Listens to every stream between honest computers, at the end of who serves: what was asked for is over exactly once, nobody asks for more than he may, and
// nobody is told that he broke the protocol.
import { decodeRoot, rootText } from '../../core/cid.ts'
import { ExchangeCode, type Run } from '../../core/exchange/codes.ts'
import { ControlReader } from '../../core/exchange/control-frames.ts'
import { DataReader, Flags, type FrameHeader } from '../../core/exchange/data-frames.ts'
import { BULK_TOKEN_BYTES, MAX_QUEUED_BYTES, MAX_QUEUED_RUNS, NONCE_BYTES } from '../../core/exchange/limits.ts'
import type { ControlMessage } from '../../core/exchange/messages.ts'
import type { SimulatedProtocol } from '../../core/simulation/connection.ts'
import type { Wire } from '../../core/simulation/wire.ts'

export interface AuditPorts {
  /** Undefined: not one of the honest. */
  nameOf(peerId: string): string | undefined
  /** Undefined: nobody shares that. */
  leafBytes(root: string): ((ordinal: number) => number) | undefined
  break(what: string): void
}

interface Asked {
  readonly what: 'leaves' | 'skeleton'
  readonly runs: readonly (Run & { readonly over: Uint8Array; left: number })[]
  readonly leafBytes: (ordinal: number) => number
  /** Of its leaves that are not over. */
  bytes: number
}

export class ExchangeAudit {
  readonly #ports: AuditPorts
  readonly #sessions = new Set<AuditedSession>()

  constructor(ports: AuditPorts) {
    this.#ports = ports
  }

  /** A stream was opened: `near` is the end of who asks. */
  onStream(protocol: SimulatedProtocol, near: Wire, far: Wire, from: string, to: string): void {
    const [asks, serves] = [this.#ports.nameOf(from), this.#ports.nameOf(to)]
    if (asks == null || serves == null) return
    if (protocol === 'control') this.#sessions.add(new AuditedSession({ near, far, asks, serves }, this.#ports))
    else if (protocol === 'data') this.#onData(far)
    else this.#onBulk(far)
  }

  /** Requests that are not over, in sessions that both sides have open. */
  get open(): number {
    let open = 0
    for (const session of this.#sessions) {
      if (session.isOver) this.#sessions.delete(session)
      else open += session.open
    }
    return open
  }

  /** When nothing goes on any more. */
  lookAtRest(): void {
    if (this.open === 0) return
    const [session] = [...this.#sessions].filter(it => it.open > 0)
    this.#ports.break(`${session?.serves} never answers a request of ${session?.asks}`)
  }

  #onBulk(far: Wire): void {
    let token = Buffer.alloc(0)
    let session: AuditedSession | undefined
    far.tap = {
      received: bytes => {
        token = Buffer.concat([token, bytes])
        if (token.length === BULK_TOKEN_BYTES) session ??= [...this.#sessions].find(it => token.equals(it.bulkToken))
      },
      sent: frame => session?.onBulkFrame(Buffer.from(frame))
    }
  }

  #onData(far: Wire): void {
    let nonce = Buffer.alloc(0)
    let session: AuditedSession | undefined
    far.tap = {
      received: bytes => {
        nonce = Buffer.concat([nonce, bytes]).subarray(0, NONCE_BYTES)
        if (nonce.length === NONCE_BYTES) session ??= [...this.#sessions].find(it => nonce.equals(it.nonce))
      },
      sent: bytes => session?.onData(far, bytes)
    }
  }
}

class AuditedSession {
  readonly asks: string
  readonly serves: string
  nonce: Uint8Array = new Uint8Array(0)
  /** Of the link that was offered last. */
  bulkToken: Uint8Array = new Uint8Array(0)
  /** What went over the last bulk link, as its server counts. */
  #handed: { readonly req: number; readonly ordinal: number }[] = []
  readonly #ports: AuditPorts
  readonly #near: Wire
  readonly #far: Wire
  readonly #roots = new Map<number, string>()
  readonly #asked = new Map<number, Asked>()
  /** All of it was sent or rejected: what a link loses is asked for again. */
  readonly #answered = new Map<number, Asked>()
  readonly #readers = new Map<Wire, DataReader>()
  #isOver = false

  constructor(parts: { near: Wire; far: Wire; asks: string; serves: string }, ports: AuditPorts) {
    this.asks = parts.asks
    this.serves = parts.serves
    this.#near = parts.near
    this.#far = parts.far
    this.#ports = ports
    const received = new ControlReader(message => message != null && this.#onAsked(message))
    const sent = new ControlReader(message => message != null && this.#onAnswer(message))
    this.#far.tap = { received: bytes => received.push(bytes), sent: bytes => sent.push(bytes) }
  }

  get isOver(): boolean {
    return this.#isOver || !this.#near.isOpen || !this.#far.isOpen
  }

  get open(): number {
    return this.#asked.size
  }

  onData(wire: Wire, bytes: Uint8Array): void {
    let reader = this.#readers.get(wire)
    if (reader == null) {
      const end = (header: Readonly<FrameHeader>): void => this.#onFrame(header)
      this.#readers.set(wire, (reader = new DataReader({ begin: () => undefined, end })))
    }
    reader.push(bytes)
  }

  /** A leaf was handed to the link: a frame at a time. */
  onBulkFrame(frame: Buffer): void {
    const [req, ordinal] = [frame.readUInt32BE(0), frame.readUInt32BE(4)]
    if (this.#isOver) return
    this.#over(req, ordinal, 1, 'sends')
    this.#handed.push({ req, ordinal })
  }

  /** Leaves that were on a link when it broke are asked for still. */
  #onLost(arrived: number): void {
    for (const { req, ordinal } of this.#handed.slice(arrived)) this.#again(req, ordinal)
    this.#handed = []
  }

  #onAsked(message: ControlMessage): void {
    if (this.#isOver) return
    if (message.type === 'bulkLost') this.#onLost(message.leaves)
    if (message.type === 'bye') this.#onBye(message.code, this.asks, this.serves)
    if (message.type === 'open') this.#roots.set(message.sid, rootText(decodeRoot(message.root)))
    if (message.type === 'request') this.#keep(message.req, 'leaves', message.runs, message.sid)
    if (message.type === 'skeleton') this.#keep(message.req, 'skeleton', [{ start: 0, count: 1 }], message.sid)
  }

  #onAnswer(message: ControlMessage): void {
    if (this.#isOver) return
    if (message.type === 'bye') this.#onBye(message.code, this.serves, this.asks)
    if (message.type === 'hello') this.nonce = message.nonce
    if (message.type === 'bulkOffer' && message.code === ExchangeCode.OK) this.bulkToken = message.token
    if (message.type === 'reject') this.#over(message.req, message.ordinal, message.count, 'rejects')
  }

  #onFrame({ request, ordinal, offset, flags }: Readonly<FrameHeader>): void {
    if (this.#isOver) return
    if ((flags & Flags.PACKED) !== 0) this.#over(request, ordinal, offset, 'sends')
    else if ((flags & Flags.LAST) !== 0) this.#over(request, ordinal, (flags & Flags.SKELETON) !== 0 ? 0 : 1, 'sends')
  }

  #onBye(code: ExchangeCode, by: string, to: string): void {
    this.#isOver = true
    if (code === ExchangeCode.PROTOCOL || code === ExchangeCode.LIMIT)
      this.#ports.break(`${by} ends a session with ${to} as if it had misbehaved (${code})`)
  }

  #keep(req: number, what: Asked['what'], runs: readonly Run[], sid: number): void {
    if (this.#asked.has(req)) this.#ports.break(`${this.asks} uses a request number twice`)
    const root = this.#roots.get(sid)
    const known = what === 'leaves' && root != null ? this.#ports.leafBytes(root) : undefined
    const leafBytes = known ?? (() => 0)
    let bytes = 0
    const kept = runs.map(run => {
      for (let at = run.start; at < run.start + run.count; at++) bytes += leafBytes(at)
      return { ...run, over: new Uint8Array(run.count), left: run.count }
    })
    this.#asked.set(req, { what, runs: kept, leafBytes, bytes })
    this.#checkCredit()
  }

  #checkCredit(): void {
    let [runs, bytes] = [0, 0]
    for (const asked of this.#asked.values()) {
      runs += asked.runs.filter(it => it.left > 0).length
      bytes += asked.bytes
    }
    if (runs > MAX_QUEUED_RUNS) this.#ports.break(`${this.asks} asks ${this.serves} for ${runs} runs at once`)
    if (bytes > MAX_QUEUED_BYTES) this.#ports.break(`${this.asks} asks ${this.serves} for ${bytes} bytes at once`)
  }

  #again(req: number, ordinal: number): void {
    const asked = this.#asked.get(req) ?? this.#answered.get(req)
    const run = asked?.runs.find(it => ordinal >= it.start && ordinal < it.start + it.count)
    if (asked == null || run == null) return this.#ports.break(`${this.serves} lost a leaf that nobody asked for`)
    run.over[ordinal - run.start] = 0
    run.left++
    asked.bytes += asked.leafBytes(ordinal)
    this.#asked.set(req, asked)
  }

  /** `count` 0: a range of the skeleton. */
  #over(req: number, ordinal: number, count: number, how: 'sends' | 'rejects'): void {
    const asked = this.#asked.get(req)
    const [start, end] = count === 0 ? [0, 1] : [ordinal, ordinal + count]
    const run = asked?.runs.find(it => start >= it.start && end <= it.start + it.count)
    if (asked == null || run == null || (asked.what === 'skeleton') !== (count === 0))
      return this.#ports.break(`${this.serves} ${how} ${this.asks} what is not asked for, or over`)
    for (let at = start; at < end; at++) {
      if (run.over[at - run.start] === 1)
        this.#ports.break(`${this.serves} ${how} ${this.asks} leaf ${at} although it was over`)
      run.over[at - run.start] = 1
      asked.bytes -= asked.leafBytes(at)
    }
    run.left -= end - start
    if (!asked.runs.every(it => it.left === 0)) return
    this.#asked.delete(req)
    this.#answered.set(req, asked)
  }
}
