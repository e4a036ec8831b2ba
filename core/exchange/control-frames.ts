// Frames of the control stream: `u32 length | u8 type | protobuf`, big-endian; length counts the type byte and what follows.
import { MAX_CONTROL_BYTES } from './limits.ts'
import { decodeBody, encodeBody } from './control-codec.ts'
import { MESSAGES } from './control-messages.ts'
import { violation } from './codes.ts'
import type { ControlMessage } from './messages.ts'

const LENGTH_BYTES = 4

/** One message as a whole frame. Throws RangeError when it does not fit in one: the caller's mistake. */
export function controlFrame(message: ControlMessage): Uint8Array {
  const body = encodeBody(message)
  if (body.length + 1 > MAX_CONTROL_BYTES) throw new RangeError(`A ${message.type} message of ${body.length} bytes`)
  const frame = new Uint8Array(LENGTH_BYTES + 1 + body.length)
  writeU32(frame, 0, body.length + 1)
  frame[LENGTH_BYTES] = MESSAGES[message.type].byte
  frame.set(body, LENGTH_BYTES + 1)
  return frame
}

/** Cuts a byte stream into messages. Holds at most one unfinished frame, whose length was checked before. */
export class ControlReader {
  readonly #onMessage: (message: ControlMessage | undefined, frameBytes: number) => void
  readonly #length = new Uint8Array(LENGTH_BYTES)
  #lengthHeld = 0
  #frame: Uint8Array | undefined
  #frameHeld = 0

  /** `onMessage` hears undefined for a frame of unknown type. */
  constructor(onMessage: (message: ControlMessage | undefined, frameBytes: number) => void) {
    this.#onMessage = onMessage
  }

  /** Consecutive bytes in any chunking. Throws ExchangeError(PROTOCOL); the reader is of no use afterwards. */
  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length)
      at = this.#frame == null ? this.#readLength(chunk, at) : this.#readFrame(this.#frame, chunk, at)
  }

  /** Whether a frame has begun and not ended. */
  get midFrame(): boolean {
    return this.#lengthHeld > 0 || this.#frame != null
  }

  #readLength(chunk: Uint8Array, from: number): number {
    let at = from
    while (this.#lengthHeld < LENGTH_BYTES && at < chunk.length) this.#length[this.#lengthHeld++] = chunk[at++] ?? 0
    if (this.#lengthHeld < LENGTH_BYTES) return at
    const length = readU32(this.#length, 0)
    if (length === 0 || length > MAX_CONTROL_BYTES) throw violation(`A control frame of ${length} bytes`)
    this.#lengthHeld = 0
    if (chunk.length - at >= length) {
      this.#deliver(chunk.subarray(at, at + length))
      return at + length
    }
    this.#frame = new Uint8Array(length)
    this.#frameHeld = 0
    return at
  }

  #readFrame(frame: Uint8Array, chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + frame.length - this.#frameHeld)
    frame.set(chunk.subarray(at, end), this.#frameHeld)
    this.#frameHeld += end - at
    if (this.#frameHeld === frame.length) {
      this.#frame = undefined
      this.#deliver(frame)
    }
    return end
  }

  #deliver(frame: Uint8Array): void {
    this.#onMessage(decodeBody(frame[0] ?? 0, frame.subarray(1)), LENGTH_BYTES + frame.length)
  }
}

/** Big-endian, as everything here. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  )
}

/** Big-endian, as everything here. */
export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}
