// Reads protobuf fields that a stranger wrote: every value has a limit, everything illegal is a PROTOCOL violation.
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { ExchangeError, violation, type Run } from './codes.ts'
import { MAX_LEAVES, MAX_RUN_LEAVES } from './limits.ts'

/** One field being read. Exactly one of its methods is called, or none: then it is read over. */
export class Field {
  readonly #reader: BinaryReader
  #wire: WireType = WireType.Varint
  number = 0
  read = false

  constructor(reader: BinaryReader) {
    this.#reader = reader
  }

  /** Goes to the next field; false at the end. Groups are refused, so nothing nests deeper than the messages do. */
  next(): boolean {
    if (this.number !== 0 && !this.read) this.#reader.skip(this.#wire, this.number)
    if (this.#reader.pos >= this.#reader.len) return false
    const [number, wire] = this.#reader.tag()
    if (wire === WireType.StartGroup || wire === WireType.EndGroup) throw violation('A message holds a group')
    this.number = number
    this.#wire = wire
    this.read = false
    return true
  }

  /** At most `max`, at most 2^32 - 1. */
  u32(max: number): number {
    this.#expect(WireType.Varint)
    return this.#atMost(this.#reader.uint32(), max)
  }

  /** At most `max`, at most 2^53 - 1. */
  u64(max: number): number {
    this.#expect(WireType.Varint)
    const value = BigInt(this.#reader.uint64())
    if (value > BigInt(max)) throw violation(`Field ${this.number} is over its limit`)
    return Number(value)
  }

  bool(): boolean {
    this.#expect(WireType.Varint)
    return this.#reader.bool()
  }

  /** A copy, at most `max` bytes. */
  bytes(max: number): Uint8Array {
    return new Uint8Array(this.#view(max)) // slice() of a Buffer would be a view
  }

  /** UTF-8, at most `max` bytes. */
  text(max: number): string {
    return utf8.decode(this.#view(max))
  }

  /** Adds to `list`, packed or not, while it has at most `max` members. */
  u32s(list: number[], max: number): void {
    if (this.#wire === WireType.Varint) {
      list.push(this.u32(0xffffffff))
    } else {
      const packed = new BinaryReader(this.#view(5 * max))
      while (packed.pos < packed.len) list.push(packed.uint32())
    }
    this.#atMost(list.length, max)
  }

  /** Adds one run to `list`, while it has at most `max` members. */
  run(list: Run[], max: number): void {
    this.#atMost(list.length + 1, max)
    list.push(
      fields(this.#view(64), { start: 0, count: 0 }, (run, field) => {
        if (field.number === 1) run.start = field.u32(MAX_LEAVES)
        else if (field.number === 2) run.count = field.u32(MAX_RUN_LEAVES)
      })
    )
    if (list.at(-1)?.count === 0) throw violation('A run is empty')
  }

  #view(max: number): Uint8Array {
    this.#expect(WireType.LengthDelimited)
    const view = this.#reader.bytes()
    this.#atMost(view.length, max)
    return view
  }

  #expect(wire: WireType): void {
    if (this.#wire !== wire) throw violation(`Field ${this.number} has the wrong wire type`)
    this.read = true
  }

  #atMost(value: number, max: number): number {
    if (value > max) throw violation(`Field ${this.number} is over its limit`)
    return value
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads every field of a message into `into`. Throws ExchangeError(PROTOCOL) and nothing else. */
export function fields<T>(bytes: Uint8Array, into: T, visit: (into: T, field: Field) => void): T {
  try {
    const field = new Field(new BinaryReader(bytes))
    while (field.next()) visit(into, field)
    return into
  } catch (error) {
    if (error instanceof ExchangeError) throw error
    throw violation('A message is not valid protobuf')
  }
}
