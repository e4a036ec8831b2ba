// Frames of a data stream: a header of 20 bytes, big-endian, and up to 64 KiB of payload.
//   u32 request | u32 ordinal | u32 offset | u32 length | u16 flags | u16 reserved
import { readU32, writeU32 } from './control-frames.ts'
import { BATCH_BYTES, DATA_HEADER_BYTES, MAX_FRAME_BYTES } from './limits.ts'
import { violation } from './codes.ts'

/** SKELETON: bytes of the skeleton from `offset`. PACKED: `offset` whole leaves, each `u16 length | bytes`. LAST: ends a leaf or range. */
export const Flags = { SKELETON: 1, PACKED: 2, LAST: 4 } as const
const KNOWN_FLAGS = Flags.SKELETON | Flags.PACKED | Flags.LAST

export interface FrameHeader {
  request: number
  ordinal: number
  offset: number
  /** Payload bytes. */
  length: number
  flags: number
}

/** What a DataReader feeds. */
export interface FrameSink {
  /**
   * Where the payload goes: exactly `length` bytes, or undefined to drop it. The header is reused: copy what is kept.
   * Throws ExchangeError(PROTOCOL) when the frame was not asked for: before any of its payload is kept.
   */
  begin(header: Readonly<FrameHeader>): Uint8Array | undefined
  /** The payload is whole. */
  end(header: Readonly<FrameHeader>, payload: Uint8Array | undefined): void
}

/** Cuts a byte stream into frames, copying payload once, to where the sink wants it. Holds one header and nothing else. */
export class DataReader {
  readonly #sink: FrameSink
  readonly #head = new Uint8Array(DATA_HEADER_BYTES)
  #headHeld = 0
  readonly #header: FrameHeader = { request: 0, ordinal: 0, offset: 0, length: 0, flags: 0 }
  #inPayload = false
  #target: Uint8Array | undefined
  #payloadHeld = 0

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  /** Consecutive bytes in any chunking. Throws ExchangeError(PROTOCOL); the reader is of no use afterwards. */
  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) at = this.#inPayload ? this.#readPayload(chunk, at) : this.#readHeader(chunk, at)
  }

  /** Whether a frame has begun and not ended. */
  get midFrame(): boolean {
    return this.#headHeld > 0 || this.#inPayload
  }

  #readHeader(chunk: Uint8Array, from: number): number {
    const end = Math.min(chunk.length, from + DATA_HEADER_BYTES - this.#headHeld)
    this.#head.set(chunk.subarray(from, end), this.#headHeld)
    this.#headHeld += end - from
    if (this.#headHeld < DATA_HEADER_BYTES) return end
    this.#headHeld = 0
    readHeader(this.#head, this.#header)
    this.#target = this.#sink.begin(this.#header)
    this.#payloadHeld = 0
    this.#inPayload = true
    if (this.#header.length === 0) this.#finish()
    return end
  }

  #readPayload(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + this.#header.length - this.#payloadHeld)
    this.#target?.set(chunk.subarray(at, end), this.#payloadHeld)
    this.#payloadHeld += end - at
    if (this.#payloadHeld === this.#header.length) this.#finish()
    return end
  }

  #finish(): void {
    const target = this.#target
    this.#target = undefined
    this.#inPayload = false
    this.#sink.end(this.#header, target)
  }
}

/** Throws ExchangeError(PROTOCOL) for a length or flags no sender of this version writes. */
export function readHeader(bytes: Uint8Array, into: FrameHeader): void {
  into.request = readU32(bytes, 0)
  into.ordinal = readU32(bytes, 4)
  into.offset = readU32(bytes, 8)
  into.length = readU32(bytes, 12)
  into.flags = ((bytes[16] ?? 0) << 8) | (bytes[17] ?? 0)
  if (into.length > MAX_FRAME_BYTES) throw violation(`A data frame of ${into.length} bytes`)
  if ((into.flags & ~KNOWN_FLAGS) !== 0) throw violation(`A data frame with flags ${into.flags}`)
  if ((into.flags & Flags.PACKED) !== 0 && into.flags !== Flags.PACKED)
    throw violation('A packed frame with other flags')
  if ((into.flags & Flags.LAST) === 0 && into.length === 0) throw violation('An empty data frame')
}

export function writeHeader(bytes: Uint8Array, at: number, header: Readonly<FrameHeader>): void {
  writeU32(bytes, at, header.request)
  writeU32(bytes, at + 4, header.ordinal)
  writeU32(bytes, at + 8, header.offset)
  writeU32(bytes, at + 12, header.length)
  bytes[at + 16] = header.flags >>> 8
  bytes[at + 17] = header.flags
  bytes[at + 18] = 0
  bytes[at + 19] = 0
}

/** Cuts the payload of a PACKED frame into its leaves, as views. Throws ExchangeError(PROTOCOL). */
export function* packedLeaves(payload: Uint8Array, count: number): Generator<Uint8Array> {
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + 2 > payload.length) throw violation('A packed frame ends early')
    const length = ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0)
    at += 2
    if (at + length > payload.length) throw violation('A packed frame ends early')
    yield payload.subarray(at, at + length)
    at += length
  }
  if (at !== payload.length) throw violation('A packed frame has bytes left over')
}

/** Gathers frames into one write of about 256 KiB: four full frames. */
export class BatchWriter {
  static readonly capacity = (BATCH_BYTES / MAX_FRAME_BYTES) * (MAX_FRAME_BYTES + DATA_HEADER_BYTES)
  #batch: Uint8Array | undefined
  #used = 0

  get bytes(): number {
    return this.#used
  }

  fits(length: number): boolean {
    return this.#used + DATA_HEADER_BYTES + length <= BatchWriter.capacity
  }

  /** Adds a header; returns where its payload goes. The batch must have room: ask `fits`. `expected`: payload bytes likely to follow in all. */
  add(header: Readonly<FrameHeader>, expected: number): Uint8Array {
    const end = this.#used + DATA_HEADER_BYTES + header.length
    if (this.#batch == null || end > this.#batch.length)
      this.#grow(Math.max(end, Math.min(end + expected, BatchWriter.capacity)))
    const batch = this.#batch as unknown as Uint8Array // set above
    writeHeader(batch, this.#used, header)
    const payload = batch.subarray(this.#used + DATA_HEADER_BYTES, end)
    this.#used = end
    return payload
  }

  /** What was gathered, owned by the caller; undefined when nothing was. */
  take(): Uint8Array | undefined {
    const batch = this.#batch?.subarray(0, this.#used)
    this.#batch = undefined
    this.#used = 0
    return batch
  }

  #grow(bytes: number): void {
    const grown = Buffer.allocUnsafeSlow(bytes) // not from the pool: a transport may hold it for long
    if (this.#batch != null) grown.set(this.#batch.subarray(0, this.#used))
    this.#batch = grown
  }
}
