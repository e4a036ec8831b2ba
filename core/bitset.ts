// A set of ordinals as bits: bit i of byte j is ordinal 8 j + i (least significant first), as Have messages and the database carry it. Scanned a word
// at a time: every platform Node runs on is little-endian, so bit k of word w is ordinal 32 w + k.

export class Bitset {
  readonly size: number
  /** To be read only; no bit at or after `size` is set. */
  readonly words: Uint32Array
  /** The same bits, ceil(size / 8) bytes, live: read them, copy them, do not write them. */
  readonly bytes: Uint8Array
  #count = 0

  /** Copies `bytes`; bits at and after `size` are dropped. Throws RangeError when they are too few or too many. */
  constructor(size: number, bytes?: Uint8Array) {
    const length = Math.ceil(size / 8)
    if (bytes != null && bytes.length !== length) throw new RangeError(`${bytes.length} bytes for ${size} bits`)
    this.size = size
    this.words = new Uint32Array(Math.ceil(size / 32))
    this.bytes = new Uint8Array(this.words.buffer, 0, length)
    if (bytes == null) return
    this.bytes.set(bytes)
    if (size % 8 !== 0) this.bytes[length - 1]! &= (1 << (size % 8)) - 1
    for (const word of this.words) this.#count += onesIn(word)
  }

  /** How many are in it. */
  get count(): number {
    return this.#count
  }

  get isFull(): boolean {
    return this.#count === this.size
  }

  /** False for what is no ordinal of it. */
  has(i: number): boolean {
    return ((this.words[i >>> 5]! >>> (i & 31)) & 1) === 1
  }

  /** True if it was not there. Throws RangeError. */
  add(i: number): boolean {
    this.#check(i)
    const bit = 1 << (i & 31)
    const was = this.words[i >>> 5]!
    if ((was & bit) !== 0) return false
    this.words[i >>> 5] = was | bit
    this.#count++
    return true
  }

  /** True if it was there. Throws RangeError. */
  delete(i: number): boolean {
    this.#check(i)
    const bit = 1 << (i & 31)
    const was = this.words[i >>> 5]!
    if ((was & bit) === 0) return false
    this.words[i >>> 5] = was & ~bit
    this.#count--
    return true
  }

  /** Adds [start, end). Throws RangeError. */
  addRange(start: number, end: number): void {
    if (start >= end) return
    this.#check(start)
    this.#check(end - 1)
    let i = start
    for (; i < end && (i & 31) !== 0; i++) this.add(i)
    for (; i + 32 <= end; i += 32) {
      this.#count += 32 - onesIn(this.words[i >>> 5]!)
      this.words[i >>> 5] = 0xffff_ffff
    }
    for (; i < end; i++) this.add(i)
  }

  fill(): void {
    this.addRange(0, this.size)
  }

  clear(): void {
    this.words.fill(0)
    this.#count = 0
  }

  /** The first at or after `from` that is in it; `size` when there is none. */
  nextSet(from: number): number {
    return nextIn(this, undefined, Math.max(0, from), this.size)
  }

  /** The first at or after `from` that is not in it; `size` when there is none. */
  nextClear(from: number): number {
    let i = Math.max(0, from)
    while (i < this.size) {
      const absent = ~this.words[i >>> 5]! & (-1 << (i & 31))
      if (absent !== 0) return Math.min(this.size, (i & ~31) + lowestIn(absent))
      i = (i & ~31) + 32
    }
    return this.size
  }

  #check(i: number): void {
    if (!Number.isInteger(i) || i < 0 || i >= this.size) throw new RangeError(`No ordinal ${i} among ${this.size}`)
  }
}

/** The first i with from ≤ i < to that is in `a`, and in `b` if there is one; `to` when there is none. `to`: at most the size of both. */
export function nextIn(a: Bitset, b: Bitset | undefined, from: number, to: number): number {
  if (from >= to) return to
  const left = a.words
  const right = b?.words
  const last = (to - 1) >>> 5
  let w = from >>> 5
  let word = left[w]! & (right == null ? -1 : right[w]!) & (-1 << (from & 31))
  while (word === 0) {
    if (++w > last) return to
    word = right == null ? left[w]! : left[w]! & right[w]!
  }
  return Math.min(to, (w << 5) + lowestIn(word))
}

const lowestIn = (word: number): number => 31 - Math.clz32(word & -word)

function onesIn(word: number): number {
  let rest = word - ((word >>> 1) & 0x5555_5555)
  rest = (rest & 0x3333_3333) + ((rest >>> 2) & 0x3333_3333)
  return Math.imul((rest + (rest >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
}
