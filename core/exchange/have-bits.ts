// Have messages and bitmaps: what to say about one, and whether what was said can be true.
import { MAX_HAVE_BYTES } from './limits.ts'
import { HaveKind, violation } from './codes.ts'
import type { HaveMessage } from './messages.ts'
import type { ReadonlyBitset } from './servable.ts'

const NO_BITS = new Uint8Array(0)

/** Throws ExchangeError(PROTOCOL) when a Have speaks of leaves that the root does not have. */
export function checkHave(have: HaveMessage, leaves: number): void {
  if (have.bits.length === 0) return
  const end = have.start / 8 + have.bits.length
  if (end > Math.ceil(leaves / 8)) throw violation('A Have goes past the last leaf')
  const spare = end * 8 - leaves
  if (spare > 0 && (have.bits.at(-1) ?? 0) >> (8 - spare) !== 0) throw violation('A Have goes past the last leaf')
}

/** Everything there is to say of a bitmap, for somebody who knows nothing of it. */
export function wholeHave(have: ReadonlyBitset): HaveMessage[] {
  if (have.isFull) return [{ kind: HaveKind.FULL, start: 0, bits: NO_BITS }]
  if (have.count === 0) return [{ kind: HaveKind.NONE, start: 0, bits: NO_BITS }]
  return slices(0, Math.ceil(have.size / 8)).map(([a, b]) => ({
    kind: HaveKind.BITS,
    start: a * 8,
    bits: new Uint8Array(have.bytes.subarray(a, b)) // a copy: the bitmap lives on
  }))
}

/** What is held (SET) or not held (UNSET) between the bytes `a` and `b` of a bitmap, now. */
export function changedHave(
  have: ReadonlyBitset,
  kind: typeof HaveKind.SET | typeof HaveKind.UNSET,
  a: number,
  b: number
): HaveMessage {
  const bits = new Uint8Array(have.bytes.subarray(a, b))
  if (kind === HaveKind.UNSET) for (let i = 0; i < bits.length; i++) bits[i] = ~(bits[i] ?? 0)
  const spare = b * 8 - have.size
  if (spare > 0) bits[bits.length - 1] = (bits.at(-1) ?? 0) & (0xff >> spare)
  return { kind, start: a * 8, bits }
}

function slices(a: number, b: number): [number, number][] {
  const list: [number, number][] = []
  for (let at = a; at < b; at += MAX_HAVE_BYTES) list.push([at, Math.min(b, at + MAX_HAVE_BYTES)])
  return list
}

/** Gaps up to this are said along with what changed around them: a message costs more than the bytes. */
const JOIN_BYTES = 64
const MAX_SEGMENTS = 8

/** Which bytes of a bitmap changed since somebody was told: few segments, so that memory and messages stay few. */
export class ChangedBytes {
  #segments: [number, number][] = []

  get any(): boolean {
    return this.#segments.length > 0
  }

  /** Ordinals, half-open. */
  add(start: number, end: number): void {
    if (end <= start) return
    this.#segments.push([Math.floor(start / 8), Math.ceil(end / 8)])
    this.#segments.sort((a, b) => a[0] - b[0])
    this.#join(JOIN_BYTES)
    while (this.#segments.length > MAX_SEGMENTS) this.#join(this.#smallestGap())
  }

  /** Takes out one segment of at most 128 KiB. */
  take(): [number, number] | undefined {
    const first = this.#segments[0]
    if (first == null) return undefined
    const end = Math.min(first[1], first[0] + MAX_HAVE_BYTES)
    if (end === first[1]) this.#segments.shift()
    else this.#segments[0] = [end, first[1]]
    return [first[0], end]
  }

  clear(): void {
    this.#segments = []
  }

  #join(gap: number): void {
    const joined: [number, number][] = []
    for (const [a, b] of this.#segments) {
      const last = joined.at(-1)
      if (last != null && a - last[1] <= gap) last[1] = Math.max(last[1], b)
      else joined.push([a, b])
    }
    this.#segments = joined
  }

  #smallestGap(): number {
    let gap = Infinity
    for (const [i, [a]] of this.#segments.entries()) {
      const before = this.#segments[i - 1]
      if (before != null) gap = Math.min(gap, a - before[1])
    }
    return gap
  }
}
