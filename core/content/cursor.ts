// Walks the fields of a protobuf message of a stranger's: nothing outside the given bytes is read, nothing is allocated.

import { CodedError } from '../errors.ts'

/** A place in `bytes`, and where the message ends. Every method throws `bad-content` when the message breaks off or overflows. */
export class Cursor {
  readonly bytes: Uint8Array
  readonly end: number
  at: number
  /** Field number and wire type of the field `next` stepped on. */
  field = 0
  wire = 0

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  /** Steps on the next field; false at the end of the message. */
  next(): boolean {
    if (this.at === this.end) return false
    const key = this.varint()
    this.field = Math.floor(key / 8)
    this.wire = key % 8
    return true
  }

  /** A varint up to 2^53 - 1 (protobuf encoding, "Base 128 Varints"). */
  varint(): number {
    let value = 0
    let factor = 1
    for (;;) {
      if (this.at >= this.end) throw malformed('a message breaks off')
      const byte = this.bytes[this.at++] ?? 0
      value += (byte & 127) * factor
      if (value > Number.MAX_SAFE_INTEGER) throw malformed('a number is too big')
      if (byte < 128) return value
      factor *= 128
      if (factor > 2 ** 63) throw malformed('a number is too long')
    }
  }

  /** Steps over a length-delimited value; returns where it begins, and `at` is where it ends. */
  span(): number {
    if (this.wire !== 2) throw malformed('a field has the wrong type')
    const length = this.varint()
    const start = this.at
    if (length > this.end - start) throw malformed('a message breaks off')
    this.at = start + length
    return start
  }

  /** The value of a varint field. */
  number(): number {
    if (this.wire !== 0) throw malformed('a field has the wrong type')
    return this.varint()
  }

  /** Steps over a value of any type. */
  skip(): void {
    if (this.wire === 0) this.#skipVarint()
    else if (this.wire === 2) this.span()
    else if (this.wire === 1) this.#skipBytes(8)
    else if (this.wire === 5) this.#skipBytes(4)
    else throw malformed('a field has an unknown type')
  }

  /** Ten bytes at most; unlike `varint`, a negative 64-bit number is fine. */
  #skipVarint(): void {
    for (let length = 1; length <= 10; length++) {
      if (this.at >= this.end) throw malformed('a message breaks off')
      if ((this.bytes[this.at++] ?? 0) < 128) return
    }
    throw malformed('a number is too long')
  }

  #skipBytes(count: number): void {
    if (count > this.end - this.at) throw malformed('a message breaks off')
    this.at += count
  }
}

/** `bad-content`, with what is wrong. */
export function malformed(what: string): CodedError {
  return new CodedError('bad-content', `The shared content is malformed: ${what}. Ask for a new link`)
}
