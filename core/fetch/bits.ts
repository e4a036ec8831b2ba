// Sets of ordinals that are scanned a word at a time. Every platform Node runs on is little-endian, so bit i of byte j is
// ordinal 8 j + i here too, as on the wire (PROTOCOL.md, "Numbers") and in the store's bitmaps.

export class Bits {
  readonly size: number
  readonly words: Uint32Array
  readonly bytes: Uint8Array

  constructor(size: number) {
    this.size = size
    this.words = new Uint32Array(Math.ceil(size / 32))
    this.bytes = new Uint8Array(this.words.buffer)
  }

  has(i: number): boolean {
    return ((this.words[i >>> 5]! >>> (i & 31)) & 1) === 1
  }

  /** True if it was not there. */
  add(i: number): boolean {
    const bit = 1 << (i & 31)
    const was = this.words[i >>> 5]!
    this.words[i >>> 5] = was | bit
    return (was & bit) === 0
  }

  /** True if it was there. */
  delete(i: number): boolean {
    const bit = 1 << (i & 31)
    const was = this.words[i >>> 5]!
    this.words[i >>> 5] = was & ~bit
    return (was & bit) !== 0
  }

  fill(): void {
    this.words.fill(0xffff_ffff)
    if (this.size % 32 !== 0) this.words[this.words.length - 1] = 0xffff_ffff >>> (32 - (this.size % 32))
  }

  clear(): void {
    this.words.fill(0)
  }
}

/** The first i with from ≤ i < to that is in `a`, and in `b` if there is one; `to` when there is none. */
export function nextIn(a: Bits, b: Bits | undefined, from: number, to: number): number {
  if (from >= to) return to
  const left = a.words
  const right = b?.words
  const last = (to - 1) >>> 5
  let w = from >>> 5
  let word = left[w]! & (right === undefined ? -1 : right[w]!) & (-1 << (from & 31))
  while (word === 0) {
    if (++w > last) return to
    word = right === undefined ? left[w]! : left[w]! & right[w]!
  }
  return Math.min(to, (w << 5) + 31 - Math.clz32(word & -word))
}
