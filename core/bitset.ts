// A set of ordinals as bits. Bit i of byte j is ordinal 8 j + i (least significant first), as Have messages carry it.

export class Bitmap {
  readonly size: number
  readonly #bytes: Uint8Array
  #count = 0

  /** Copies `bytes`; bits at and after `size` are dropped. Throws RangeError when they are too few or too many. */
  constructor(size: number, bytes?: Uint8Array) {
    const length = Math.ceil(size / 8)
    if (bytes !== undefined && bytes.length !== length) throw new RangeError(`${bytes.length} bytes for ${size} bits`)
    this.size = size
    this.#bytes = bytes === undefined ? new Uint8Array(length) : Uint8Array.from(bytes)
    if (size % 8 !== 0 && bytes !== undefined) this.#bytes[length - 1]! &= (1 << (size % 8)) - 1
    if (bytes !== undefined) for (const byte of this.#bytes) this.#count += ONES[byte]!
  }

  /** How many are set. */
  get count(): number {
    return this.#count
  }

  get isFull(): boolean {
    return this.#count === this.size
  }

  /** The live bytes: read them, copy them, do not write them. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  has(i: number): boolean {
    return i >= 0 && i < this.size && (this.#bytes[i >>> 3]! & (1 << (i & 7))) !== 0
  }

  /** True when this changed something. */
  set(i: number): boolean {
    this.#check(i)
    if (this.has(i)) return false
    this.#bytes[i >>> 3]! |= 1 << (i & 7)
    this.#count++
    return true
  }

  /** True when this changed something. */
  clear(i: number): boolean {
    this.#check(i)
    if (!this.has(i)) return false
    this.#bytes[i >>> 3]! &= ~(1 << (i & 7))
    this.#count--
    return true
  }

  /** Sets [start, end). */
  setRange(start: number, end: number): void {
    if (start >= end) return
    this.#check(start)
    this.#check(end - 1)
    let i = start
    for (; i < end && (i & 7) !== 0; i++) this.set(i)
    for (; i + 8 <= end; i += 8) {
      this.#count += 8 - ONES[this.#bytes[i >>> 3]!]!
      this.#bytes[i >>> 3] = 0xff
    }
    for (; i < end; i++) this.set(i)
  }

  /** The first clear ordinal at or after `from`; `size` when there is none. */
  nextClear(from: number): number {
    return this.#next(from, 0xff)
  }

  /** The first set ordinal at or after `from`; `size` when there is none. */
  nextSet(from: number): number {
    return this.#next(from, 0)
  }

  #next(from: number, skip: 0 | 0xff): number {
    const wanted = skip === 0
    let i = Math.max(0, from)
    while (i < this.size) {
      if ((i & 7) === 0 && this.#bytes[i >>> 3] === skip) i += 8
      else if (this.has(i) === wanted) return i
      else i++
    }
    return this.size
  }

  #check(i: number): void {
    if (!Number.isInteger(i) || i < 0 || i >= this.size) throw new RangeError(`No ordinal ${i} among ${this.size}`)
  }
}

const ONES = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0
  for (let rest = byte; rest > 0; rest >>= 1) ones += rest & 1
  return ones
})
