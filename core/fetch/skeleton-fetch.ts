// Fetches a skeleton from several peers at once: ranges ahead of the verified end, bytes pushed in order, whoever sent a wrong
// one found exactly. No I/O and no clock: the transfer's shell tells it what arrived and when.

import type { CID } from 'multiformats/cid'
import type { Layout } from '../content/layout.ts'
import { SkeletonReader } from '../content/skeleton.ts'
import { CodedError, codeOf } from '../errors.ts'
import type { Steps } from '../turns.ts'
import { SNUBBED_MS } from './limits.ts'
import { firstGap, type SkeletonPiece, Suspects } from './skeleton-pieces.ts'

const RANGE_BYTES = 1_048_576 // PROTOCOL.md, "Messages": at most 1 MiB
const SHARED_RANGE_BYTES = 262_144 // smaller while there are several to ask
const AHEAD_BYTES = 4 * 1_048_576
const RANGES_PER_PEER = 2
const PERSIST_BYTES = 262_144
const STEP_BYTES = 65_536 // of what is stored: as much as a frame brings
const REST_MS = 5_000
const LIAR_REST_MS = 30_000

/** A peer that has the skeleton. */
export interface SkeletonSource {
  readonly id: string
  readonly rttMs: number
  /** Length of the skeleton as it says; 0: unknown. */
  readonly hintBytes: number
  readonly choked: boolean
  requestSkeleton(offset: number, maxBytes: number): void
}

export interface SkeletonPorts {
  /** Verified bytes; `offset` goes on where the last call ended. */
  append(offset: number, bytes: Uint8Array): void
  /** This peer sent bytes that are not the root's. */
  blame(peerId: string): void
}

interface Source {
  readonly peer: SkeletonSource
  restUntil: number
}

interface Range {
  readonly source: Source
  next: number
  end: number
  heardAt: number
  stale: boolean // others may ask for it too
}

export class SkeletonFetch {
  readonly #reader: SkeletonReader
  readonly #ports: SkeletonPorts
  readonly #sources = new Map<string, Source>()
  readonly #ranges: Range[] = []
  #pieces: SkeletonPiece[] = [] // arrived, not pushed
  #tail: SkeletonPiece[] = [] // pushed, not persisted
  #pushed = 0
  #persisted = 0
  readonly #suspects = new Suspects()
  /** After a block that several peers had a part in was wrong, it is asked of one peer alone. */
  #solo: { source: Source; from: number } | undefined

  constructor(root: CID, ports: SkeletonPorts) {
    this.#reader = new SkeletonReader(root)
    this.#ports = ports
  }

  /** Before anything else: takes in the verified prefix of an earlier run. Throws `data-damaged` when it is not, and what SkeletonReader throws. */
  *restore(stored: Iterable<Uint8Array>): Steps<void> {
    for (const part of stored) {
      for (let at = 0; at < part.length; at += STEP_BYTES) {
        this.#restorePart(part.subarray(at, at + STEP_BYTES))
        yield
      }
    }
  }

  /** What has arrived can be taken in, and was not yet: call `goOn` in another turn of the loop. */
  get isBehind(): boolean {
    return !this.complete && this.#nextPiece() !== -1
  }

  /** Takes in one more piece that arrived. Throws as `onBytes`. */
  goOn(now: number): void {
    this.#drain(now)
    this.#ask(now)
  }

  get complete(): boolean {
    return this.#reader.complete
  }

  get verifiedBytes(): number {
    return this.#reader.verifiedBytes
  }

  layout(): Layout {
    return this.#reader.layout()
  }

  /** Somebody could send what is missing. */
  isServed(now: number): boolean {
    for (const source of this.#sources.values()) if (source.restUntil <= now) return true
    return false
  }

  addPeer(peer: SkeletonSource, now: number): void {
    this.#sources.set(peer.id, { peer, restUntil: now })
    this.#ask(now)
  }

  removePeer(id: string, now: number): void {
    this.#sources.delete(id)
    for (let i = this.#ranges.length - 1; i >= 0; i--)
      if (this.#ranges[i]!.source.peer.id === id) this.#ranges.splice(i, 1)
    if (this.#solo?.source.peer.id === id) this.#endSolo()
    this.#ask(now)
  }

  /** At most 64 KiB. Throws what SkeletonReader throws of content that is refused for good. */
  onBytes(id: string, offset: number, bytes: Uint8Array, last: boolean, now: number): void {
    const range = this.#ranges.find(it => it.source.peer.id === id && it.next === offset)
    if (range == null || this.complete) return
    range.next += bytes.length
    range.heardAt = now
    if (last) this.#ranges.splice(this.#ranges.indexOf(range), 1)
    if (bytes.length === 0) range.source.restUntil = now + REST_MS
    else this.#pieces.push({ peer: id, offset, bytes })
    this.#drain(now)
    this.#ask(now)
  }

  onReject(id: string, offset: number, retryMs: number, now: number): void {
    const at = this.#ranges.findIndex(it => it.source.peer.id === id && it.next === offset)
    const range = this.#ranges[at]
    if (range == null) return
    this.#ranges.splice(at, 1)
    range.source.restUntil = now + (retryMs > 0 ? retryMs : REST_MS)
    if (this.#solo?.source === range.source) this.#endSolo()
    this.#ask(now)
  }

  tick(now: number): void {
    for (const range of this.#ranges) {
      if (range.stale || now - range.heardAt < Math.max(SNUBBED_MS, 4 * range.source.peer.rttMs)) continue
      range.stale = true
      range.source.restUntil = now + LIAR_REST_MS
      if (this.#solo?.source === range.source) this.#endSolo()
    }
    this.#ask(now)
  }

  #restorePart(part: Uint8Array): void {
    try {
      this.#reader.push(part)
    } catch (error) {
      if (codeOf(error) !== 'hash-mismatch') throw error
      throw new CodedError(
        'data-damaged',
        'What was stored of this transfer is damaged. Remove the transfer and get it again.',
        {
          cause: error
        }
      )
    }
    this.#pushed += part.length
    this.#persisted = this.#pushed
  }

  #ask(now: number): void {
    if (this.complete) return
    const usable = [...this.#sources.values()].filter(it => it.restUntil <= now && !it.peer.choked)
    if (this.#suspects.pending && this.#solo == null && usable[0] != null) {
      this.#solo = { source: usable[0], from: this.#pushed }
    }
    const isShared = usable.length > 1 || this.#pushed === 0 // others may be on their way
    const size = isShared ? SHARED_RANGE_BYTES : RANGE_BYTES
    for (let turn = 0; turn < RANGES_PER_PEER; turn++) {
      for (const source of this.#solo == null ? usable : [this.#solo.source]) this.#askOf(source, size, now)
    }
  }

  #askOf(source: Source, size: number, now: number): void {
    if (this.#ranges.filter(it => it.source === source && !it.stale).length >= RANGES_PER_PEER) return
    const known = this.#solo == null ? this.#pieces : this.#pieces.filter(it => it.peer === source.peer.id)
    const covered = [
      ...known.map(it => ({ from: it.offset, to: it.offset + it.bytes.length })),
      ...this.#ranges
        .filter(it => (it.source === source || !it.stale) && (this.#solo == null || it.source === source))
        .map(it => ({ from: it.next, to: it.end }))
    ]
    const gap = firstGap(covered, this.#pushed)
    const { hintBytes } = source.peer
    if (gap.from > this.#pushed && (gap.from >= hintBytes || gap.from - this.#pushed >= AHEAD_BYTES)) return
    const hinted = gap.from < hintBytes ? hintBytes - gap.from : RANGE_BYTES
    const bytes = Math.min(size, hinted, gap.to - gap.from)
    this.#ranges.push({ source, next: gap.from, end: gap.from + bytes, heardAt: now, stale: false })
    source.peer.requestSkeleton(gap.from, bytes)
  }

  /** Of those that arrived, the one that goes on where the last one ended. */
  #nextPiece(): number {
    const only = this.#solo?.source.peer.id
    return this.#pieces.findIndex(
      it =>
        (only == null || it.peer === only) && it.offset <= this.#pushed && it.offset + it.bytes.length > this.#pushed
    )
  }

  /** At most one piece: a frame of a few thousand names. */
  #drain(now: number): void {
    const at = this.complete ? -1 : this.#nextPiece()
    if (at !== -1) {
      const [piece] = this.#pieces.splice(at, 1)
      const bytes = piece!.bytes.subarray(this.#pushed - piece!.offset)
      this.#push({ peer: piece!.peer, offset: this.#pushed, bytes }, now)
    }
    this.#pieces = this.#pieces.filter(it => it.offset + it.bytes.length > this.#pushed)
    if (this.complete || this.#reader.verifiedBytes - this.#persisted >= PERSIST_BYTES) this.#persist()
  }

  #push(piece: SkeletonPiece, now: number): void {
    this.#tail.push(piece)
    this.#pushed += piece.bytes.length
    let wrong = false
    try {
      this.#reader.push(piece.bytes)
    } catch (error) {
      if (codeOf(error) !== 'hash-mismatch') throw error
      wrong = true
    }
    const verified = this.#reader.verifiedBytes
    for (const liar of this.#suspects.compare(this.#tail, verified)) this.#accuse(liar, now)
    if (this.#solo != null && verified > this.#solo.from) this.#solo = undefined
    if (wrong) this.#suspect(piece.peer, now)
  }

  /** What was pushed after the last verified block is not what comes there: exactly one peer sent it, or it is asked of one. */
  #suspect(last: string, now: number): void {
    const from = this.#reader.verifiedBytes
    const pieces = this.#tail
      .filter(it => it.offset + it.bytes.length > from)
      .map(it => {
        const skip = Math.max(0, from - it.offset)
        return { peer: it.peer, offset: it.offset + skip, bytes: it.bytes.subarray(skip) }
      })
    this.#takeBack(from)
    if (this.complete || pieces.every(it => it.peer === last)) this.#accuse(last, now)
    else this.#suspects.add(pieces)
  }

  #accuse(id: string, now: number): void {
    const source = this.#sources.get(id)
    if (source != null) source.restUntil = now + LIAR_REST_MS
    this.#pieces = this.#pieces.filter(it => it.peer !== id)
    if (this.#solo?.source.peer.id === id) this.#endSolo()
    this.#ports.blame(id)
  }

  /** What it sent of the block so far is of no use without it. */
  #endSolo(): void {
    this.#solo = undefined
    this.#takeBack(this.#reader.verifiedBytes)
  }

  #takeBack(from: number): void {
    const kept = this.#tail.filter(it => it.offset < from)
    this.#tail = kept.map(it => ({ ...it, bytes: it.bytes.subarray(0, from - it.offset) }))
    this.#pushed = from
    this.#reader.resync()
  }

  #persist(): void {
    const verified = this.#reader.verifiedBytes
    const parts: Uint8Array[] = []
    const rest: SkeletonPiece[] = []
    for (const { peer, offset, bytes } of this.#tail) {
      const from = Math.max(0, this.#persisted - offset)
      const to = Math.min(bytes.length, verified - offset)
      if (to > from) parts.push(bytes.subarray(from, to))
      if (to < bytes.length) rest.push({ peer, offset, bytes })
    }
    if (parts.length > 0) this.#ports.append(this.#persisted, Buffer.concat(parts))
    this.#persisted = verified
    this.#tail = rest
  }
}
