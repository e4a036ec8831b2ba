// What one peer asked for and was not sent yet. An ordinal is in one place at a time: in a queued interval, in a unit that
// was taken out, or over. That is why each is sent or rejected exactly once.
import * as limits from './limits.ts'
import { ExchangeCode, violation, type Run } from './codes.ts'
import type { OpenedRoot } from './opened-root.ts'
import type { Servable } from './servable.ts'

/** Tells the peer that ordinals of a request will not come. `count` 0: the request was for a skeleton range. */
export type RejectCall = (req: number, ordinal: number, count: number, code: ExchangeCode, retryMs: number) => void

/** One Request or Skeleton message. */
export interface Job {
  readonly req: number
  readonly root: OpenedRoot
  readonly kind: 'leaves' | 'range'
}

/** Claimed lengths: of one leaf, and of a run in one step. */
type Claims = Pick<Servable, 'leafBytes' | 'runBytes'>
const NO_CLAIMS: Claims = { leafBytes: () => 0, runBytes: () => 0 }

interface LiveJob extends Job {
  /** Claimed lengths as they were when it was asked for: what is counted in is counted out, also when the root has gone. */
  readonly claims: Claims
  /** What was not taken out yet: ordinals, or bytes of the skeleton. */
  intervals: { start: number; end: number; run: { left: number } }[]
  left: number
}

/** What is read and sent at once: one leaf, several small ones, or a skeleton range. */
export interface Unit {
  readonly job: Job
  readonly kind: 'leaf' | 'pack' | 'range'
  /** First ordinal, or first byte of a range. */
  readonly start: number
  /** Ordinals, or bytes of a range. */
  readonly count: number
  /** Claimed bytes. */
  readonly bytes: number
  /** What it takes of the room for what is read ahead: many tiny leaves are more than their bytes. */
  readonly readBytes: number
  /** The run each of its ordinals belongs to. */
  readonly run: { left: number }
}

export class SendQueue {
  readonly #reject: RejectCall
  /** Those with something not taken out, first come first served. */
  readonly #waiting: LiveJob[] = []
  readonly #live = new Map<number, LiveJob>()
  #runs = 0
  #bytes = 0

  constructor(reject: RejectCall) {
    this.#reject = reject
  }

  get runs(): number {
    return this.#runs
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Queues the runs there is room for and rejects the others. Throws ExchangeError(PROTOCOL) for a req in use. */
  addRuns(req: number, root: OpenedRoot, runs: readonly Run[]): void {
    this.#checkNew(req)
    const servable = root.servable
    const leafCount = servable?.leafCount ?? 0
    const job: LiveJob = { req, root, kind: 'leaves', claims: servable ?? NO_CLAIMS, intervals: [], left: 0 }
    const refused: [Run, ExchangeCode][] = []
    for (const { start, count } of runs) {
      if (start + count > leafCount) {
        refused.push([{ start, count }, ExchangeCode.BAD_REQUEST])
        continue
      }
      const bytes = this.#mayQueue ? job.claims.runBytes(start, count) : 0
      if (!this.#hasRoom(bytes)) {
        refused.push([{ start, count }, ExchangeCode.LIMIT])
        continue
      }
      job.intervals.push({ start, end: start + count, run: { left: count } })
      job.left += count
      this.#runs++
      this.#bytes += bytes
    }
    if (job.left > 0) this.#admit(job)
    for (const [run, code] of refused) this.#reject(req, run.start, run.count, code, 0)
  }

  /** Queues a range of the skeleton, cut off at its end, or rejects it. Throws ExchangeError(PROTOCOL) for a req in use. */
  addRange(req: number, root: OpenedRoot, offset: number, maxBytes: number): void {
    this.#checkNew(req)
    const bytes = Math.min(maxBytes, (root.servable?.skeletonBytes ?? 0) - offset)
    const room = this.#hasRoom(bytes) ? ExchangeCode.OK : ExchangeCode.LIMIT
    const code = bytes <= 0 ? ExchangeCode.BAD_REQUEST : room
    if (code !== ExchangeCode.OK) return this.#reject(req, 0, 0, code, 0)
    const interval = { start: offset, end: offset + bytes, run: { left: bytes } }
    this.#runs++
    this.#bytes += bytes
    this.#admit({ req, root, kind: 'range', claims: NO_CLAIMS, intervals: [interval], left: bytes })
  }

  /** Intervals that stand in the queue: what one cancel looks at. */
  get pieces(): number {
    return this.#waiting.reduce((pieces, { intervals }) => pieces + intervals.length, 0)
  }

  /** Takes out what is to be sent next. Whoever has it calls `over` for all of it. */
  next(): Unit | undefined {
    const job = this.#waiting[0]
    const first = job?.intervals[0]
    if (job == null || first == null) return undefined
    const unit = job.kind === 'range' ? whole(job, first) : leafUnit(job, first)
    first.start += unit.count
    if (first.start === first.end) job.intervals.shift()
    if (job.intervals.length === 0) this.#waiting.shift()
    return unit
  }

  /** `count` ordinals (or bytes of a range) of a unit were sent or rejected. */
  over(unit: Unit, count: number, bytes: number): void {
    const job = this.#live.get(unit.job.req)
    if (job != null) this.#end(job, unit.run, count, bytes)
  }

  /**
   * Rejects what is queued of the jobs that match: all of it, or the ordinals of these runs. What would be cut into more than MAX_QUEUED_PIECES stays, and is
   * sent. Units taken out are the caller's.
   */
  cancel(matches: (job: Job) => boolean, code: ExchangeCode, runs?: DisjointRuns): void {
    let pieces = this.pieces
    for (const job of this.#waiting.filter(matches)) {
      const kept: Interval[] = []
      const cut: Interval[] = []
      for (const it of job.intervals) {
        const parts = runs == null ? { outside: [], inside: [it] } : split(it, runs)
        const isTooMany = parts.outside.length > 1 && pieces + parts.outside.length - 1 > limits.MAX_QUEUED_PIECES
        const { outside, inside } = isTooMany ? { outside: [it], inside: [] } : parts
        pieces += outside.length - 1
        kept.push(...outside)
        cut.push(...inside)
      }
      job.intervals = kept
      if (kept.length === 0) this.#waiting.splice(this.#waiting.indexOf(job), 1)
      for (const it of cut) this.#rejectCut(job, it, code)
    }
  }

  #rejectCut(job: LiveJob, it: LiveJob['intervals'][number], code: ExchangeCode): void {
    const count = it.end - it.start
    this.#end(job, it.run, count, job.kind === 'range' ? count : job.claims.runBytes(it.start, count))
    if (job.kind === 'range') this.#reject(job.req, 0, 0, code, 0)
    else this.#reject(job.req, it.start, count, code, 0)
  }

  #end(job: LiveJob, run: { left: number }, count: number, bytes: number): void {
    run.left -= count
    job.left -= count
    this.#bytes -= bytes
    if (run.left === 0) this.#runs--
    if (job.left === 0) this.#live.delete(job.req)
  }

  #checkNew(req: number): void {
    if (this.#live.has(req)) throw violation('A request number was used twice')
  }

  /** Whether one more run may stand in the queue, whatever its bytes. */
  get #mayQueue(): boolean {
    return this.#runs < limits.MAX_QUEUED_RUNS
  }

  #hasRoom(bytes: number): boolean {
    return this.#mayQueue && this.#bytes + bytes <= limits.MAX_QUEUED_BYTES
  }

  #admit(job: LiveJob): void {
    this.#live.set(job.req, job)
    this.#waiting.push(job)
  }
}

function whole(job: Job, { start, end, run }: { start: number; end: number; run: { left: number } }): Unit {
  return { job, kind: 'range', start, count: end - start, bytes: end - start, readBytes: end - start, run }
}

/** One leaf; or, when it is small, as many small ones after it as fill a frame, or may share one. */
function leafUnit(job: LiveJob, { start, end, run }: { start: number; end: number; run: { left: number } }): Unit {
  let bytes = job.claims.leafBytes(start)
  let count = 1
  if (bytes <= limits.PACK_LEAF_BYTES) {
    const last = Math.min(end, start + limits.MAX_PACK_LEAVES)
    for (let at = start + 1; at < last; at++, count++) {
      const leaf = job.claims.leafBytes(at)
      if (leaf > limits.PACK_LEAF_BYTES || bytes + leaf + 2 * (count + 1) > limits.MAX_FRAME_BYTES) break
      bytes += leaf
    }
  }
  const readBytes = Math.max(bytes, count * limits.READ_LEAF_BYTES)
  return { job, kind: count === 1 ? 'leaf' : 'pack', start, count, bytes, readBytes, run }
}

type Interval = LiveJob['intervals'][number]

/** Sorted, none touching another. */
export type DisjointRuns = readonly Run[]

export function disjoint(runs: readonly Run[]): DisjointRuns {
  const merged: { start: number; count: number }[] = []
  for (const { start, count } of runs.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1)
    if (last != null && start <= last.start + last.count) last.count = Math.max(last.count, start + count - last.start)
    else merged.push({ start, count })
  }
  return merged
}

/** The parts of an interval outside and inside the runs. */
function split(it: Interval, runs: DisjointRuns): { outside: Interval[]; inside: Interval[] } {
  const [outside, inside]: [Interval[], Interval[]] = [[], []]
  let at = it.start
  for (let i = firstEndingAfter(runs, at); i < runs.length; i++) {
    const { start, count } = runs[i]!
    if (start >= it.end) break
    const a = Math.max(at, start)
    const b = Math.min(it.end, start + count)
    if (at < a) outside.push({ ...it, start: at, end: a })
    inside.push({ ...it, start: a, end: b })
    at = b
  }
  if (at < it.end) outside.push({ ...it, start: at })
  return { outside, inside }
}

function firstEndingAfter(runs: DisjointRuns, at: number): number {
  let [low, high] = [0, runs.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const { start, count } = runs[middle]!
    if (start + count <= at) low = middle + 1
    else high = middle
  }
  return low
}
