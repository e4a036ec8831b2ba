// What was asked of a peer and is not over: every frame is held against it before a byte of payload is kept.
import { Flags, packedLeaves, type FrameHeader } from './data-frames.ts'
import { MAX_BLOCK_BYTES } from './limits.ts'
import { violation, type Run } from './codes.ts'

const WAITING = 0
const CANCELLED = 1
const SENT = 2
const REJECTED = 3

/** What frames of one request do; the session tells the root's listener. */
export interface ExpectedListener {
  onBytes(ordinal: number, bytes: number): void
  onLeaf(ordinal: number, bytes: Uint8Array): void
  /** Ordinals [start, end) are over: their claimed bytes and whether the run they were in is over. */
  onOver(bytes: number, runsOver: number): void
}

interface AskedRun extends Run {
  /** One byte an ordinal: WAITING ... REJECTED. */
  readonly states: Uint8Array
  left: number
}

/** The leaves of one Request. Every ordinal goes from WAITING, perhaps by CANCELLED, to SENT or REJECTED, once. */
export class ExpectedLeaves {
  readonly req: number
  readonly #runs: readonly AskedRun[]
  readonly #claim: (ordinal: number) => number
  readonly #listener: ExpectedListener
  /** Leaves of which some frames arrived or are arriving: filled so far, with these. */
  readonly #partial = new Map<number, { bytes: Uint8Array; filled: number }>()
  #left = 0
  #lateRoom = 0

  constructor(req: number, runs: readonly Run[], claim: (ordinal: number) => number, listener: ExpectedListener) {
    this.req = req
    this.#claim = claim
    this.#listener = listener
    this.#runs = runs.map(run => ({ ...run, states: new Uint8Array(run.count), left: run.count }))
    for (const run of runs) this.#left += run.count
  }

  get over(): boolean {
    return this.#left === 0
  }

  /** Where the payload of a frame goes; undefined drops it. Throws ExchangeError(PROTOCOL). */
  begin(header: Readonly<FrameHeader>): Uint8Array | undefined {
    if ((header.flags & Flags.SKELETON) !== 0) throw violation('Skeleton bytes for a request for leaves')
    const run = this.#runOf(header.ordinal)
    if ((header.flags & Flags.PACKED) !== 0) {
      const end = header.ordinal + header.offset
      if (header.offset === 0 || end > run.start + run.count)
        throw violation('A packed frame goes past what was asked for')
      return Buffer.allocUnsafeSlow(header.length)
    }
    const state = run.states[header.ordinal - run.start]
    if (state === SENT) throw violation('A leaf was sent twice')
    if (state === REJECTED) this.#late(header.length)
    if (header.offset + header.length > Math.min(this.#claim(header.ordinal), MAX_BLOCK_BYTES))
      throw violation('A leaf is longer than its claim')
    return state === WAITING ? this.#place(header) : undefined
  }

  /**
   * The payload of a frame that began is whole. In steps, one before each leaf of a pack: other frames may have begun meanwhile, and none of this stream
   * has ended. Throws ExchangeError(PROTOCOL).
   */
  *end(header: Readonly<FrameHeader>, payload: Uint8Array | undefined): Generator<number, void> {
    if ((header.flags & Flags.PACKED) !== 0) return yield* this.#unpack(header, payload ?? NONE)
    const run = this.#runOf(header.ordinal)
    const state = run.states[header.ordinal - run.start]
    const partial = this.#partial.get(header.ordinal)
    const last = (header.flags & Flags.LAST) !== 0
    if (state === SENT) throw violation('A leaf was sent twice')
    if (!last) {
      if (state === WAITING) this.#listener.onBytes(header.ordinal, header.length)
      return
    }
    this.#partial.delete(header.ordinal)
    if (state === REJECTED) return
    this.#over(run, header.ordinal, SENT)
    if (state !== WAITING) return
    if (partial == null) this.#listener.onLeaf(header.ordinal, payload ?? NONE)
    else this.#listener.onLeaf(header.ordinal, trimmed(partial.bytes, partial.filled))
  }

  /** A leaf that came whole, beside the streams. Throws ExchangeError(PROTOCOL). */
  whole(ordinal: number, bytes: Uint8Array): void {
    const run = this.#runOf(ordinal)
    const state = run.states[ordinal - run.start]
    if (state === SENT || this.#partial.has(ordinal)) throw violation('A leaf was sent twice')
    if (bytes.length > Math.min(this.#claim(ordinal), MAX_BLOCK_BYTES))
      throw violation('A leaf is longer than its claim')
    if (state === REJECTED) return this.#late(bytes.length)
    this.#over(run, ordinal, SENT)
    if (state === WAITING) this.#listener.onLeaf(ordinal, bytes)
  }

  /** `bytes` more of a leaf that comes whole, beside the streams. Throws ExchangeError(PROTOCOL). */
  coming(ordinal: number, bytes: number): void {
    const run = this.#runOf(ordinal)
    if (run.states[ordinal - run.start] === WAITING) this.#listener.onBytes(ordinal, bytes)
  }

  /** The peer will not send these. Returns the intervals the caller had not cancelled. Throws ExchangeError(PROTOCOL). */
  reject(ordinal: number, count: number): Run[] {
    const run = this.#runOf(ordinal)
    if (count === 0 || ordinal + count > run.start + run.count) throw violation('A Reject goes past what was asked for')
    const told: { start: number; count: number }[] = []
    for (let at = ordinal; at < ordinal + count; at++) {
      const state = run.states[at - run.start]
      if (state === SENT || state === REJECTED) throw violation('A Reject for what was over')
      this.#lateRoom += Math.min(this.#claim(at), MAX_BLOCK_BYTES)
      this.#partial.delete(at)
      this.#over(run, at, REJECTED)
      if (state === CANCELLED) continue
      const last = told.at(-1)
      if (last != null && last.start + last.count === at) last.count++
      else told.push({ start: at, count: 1 })
    }
    return told
  }

  /** From now on frames of [start, end) are dropped. Returns how many ordinals that made a difference for. */
  cancel(start: number, end: number): number {
    let cancelled = 0
    for (const run of this.#runs) {
      const stop = Math.min(end, run.start + run.count)
      for (let at = Math.max(start, run.start); at < stop; at++) {
        if (run.states[at - run.start] !== WAITING) continue
        run.states[at - run.start] = CANCELLED
        this.#partial.delete(at)
        cancelled++
      }
    }
    return cancelled
  }

  #place(header: Readonly<FrameHeader>): Uint8Array {
    let partial = this.#partial.get(header.ordinal)
    if (header.offset !== (partial?.filled ?? 0)) throw violation('The frames of a leaf are out of order')
    if (partial == null) {
      if ((header.flags & Flags.LAST) !== 0) return Buffer.allocUnsafeSlow(header.length)
      const claim = Math.min(this.#claim(header.ordinal), MAX_BLOCK_BYTES)
      partial = { bytes: Buffer.allocUnsafeSlow(claim), filled: 0 }
      this.#partial.set(header.ordinal, partial)
    }
    partial.filled += header.length
    return partial.bytes.subarray(header.offset, partial.filled)
  }

  *#unpack(header: Readonly<FrameHeader>, payload: Uint8Array): Generator<number, void> {
    const run = this.#runOf(header.ordinal)
    let ordinal = header.ordinal
    for (const leaf of packedLeaves(payload, header.offset)) {
      yield 1
      const state = run.states[ordinal - run.start]
      if (state === SENT || this.#partial.has(ordinal)) throw violation('A leaf was sent twice')
      if (leaf.length > this.#claim(ordinal)) throw violation('A leaf is longer than its claim')
      if (state === REJECTED) this.#late(leaf.length)
      else this.#over(run, ordinal, SENT)
      if (state === WAITING) this.#listener.onLeaf(ordinal, leaf)
      ordinal++
    }
  }

  #over(run: AskedRun, ordinal: number, state: number): void {
    run.states[ordinal - run.start] = state
    run.left--
    this.#left--
    this.#listener.onOver(this.#claim(ordinal), run.left === 0 ? 1 : 0)
  }

  /** Frames may still be on their way when a Reject overtakes them, but no more than was asked for. */
  #late(bytes: number): void {
    this.#lateRoom -= bytes
    if (this.#lateRoom < 0) throw violation('Bytes of a leaf after its Reject')
  }

  #runOf(ordinal: number): AskedRun {
    for (const run of this.#runs) if (ordinal >= run.start && ordinal < run.start + run.count) return run
    throw violation('A leaf that was not asked for')
  }
}

/** One Skeleton range. Over with LAST or a Reject. */
export class ExpectedRange {
  readonly req: number
  readonly offset: number
  readonly maxBytes: number
  filled = 0
  over = false
  rejected = false
  #begun = 0
  #isLast = false // the frame that ends it has begun

  constructor(req: number, offset: number, maxBytes: number) {
    this.req = req
    this.offset = offset
    this.maxBytes = maxBytes
  }

  /** Where the payload goes; undefined drops what a Reject has overtaken. Throws ExchangeError(PROTOCOL). */
  begin(header: Readonly<FrameHeader>): Uint8Array | undefined {
    if ((header.flags & Flags.SKELETON) === 0 || header.ordinal !== 0)
      throw violation('A leaf for a request for skeleton')
    if (this.#isLast || (this.over && !this.rejected)) throw violation('Skeleton bytes were sent twice')
    this.#isLast = (header.flags & Flags.LAST) !== 0
    if (header.offset !== this.offset + this.#begun) throw violation('Skeleton bytes are out of order')
    this.#begun += header.length
    if (this.#begun > this.maxBytes) throw violation('More skeleton bytes than asked for')
    return this.rejected ? undefined : Buffer.allocUnsafeSlow(header.length)
  }
}

const NONE = new Uint8Array(0)

/** A leaf shorter than its claim does not keep the whole claim in memory. */
function trimmed(bytes: Uint8Array, filled: number): Uint8Array {
  if (filled === bytes.length) return bytes
  return filled * 2 < bytes.length ? new Uint8Array(bytes.subarray(0, filled)) : bytes.subarray(0, filled)
}
