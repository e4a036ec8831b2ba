// One call's files on their way through the hash pool: which slices are read next, and what became of each file. Pure.

import { CHUNK_BYTES } from '../content/limits.ts'
import type { FileStat } from './file-stat.ts'
import { isSameStat, statAtRow } from './file-stat.ts'
import type { Failure, HashAnswer, Slice } from './hash-messages.ts'
import { DIGEST_BYTES } from './hash-messages.ts'

/** A file to hash, and what it looked like when it was found. */
export interface ToHash {
  readonly path: string
  readonly stat: FileStat
}

/** `digests`: 32 bytes a chunk of 1 MiB; an empty file has one, of the empty leaf. `readAtMs`: no byte was read before it. */
export interface Hashed {
  readonly digests: Uint8Array
  readonly readAtMs: number
}

const SLICE_BYTES = 16 * CHUNK_BYTES // a big file is read by all threads at once, in order but for these
const BATCH_BYTES = 8 * CHUNK_BYTES
const BATCH_FILES = 128

interface Open<F> {
  readonly file: F
  readonly digests: Uint8Array
  readonly readAtMs: number
  missingSlices: number
}
interface SliceOf<F> {
  readonly of: Open<F>
  readonly slice: Slice
}
export type HashBatch<F> = readonly SliceOf<F>[]

/** `onFile` is called once for each file: with a failure as soon as there is one, or with all its digests. */
export class HashRun<F extends ToHash> {
  readonly #now: () => number
  readonly #onFile: (file: F, result: Hashed | Failure) => void
  readonly #batches: Iterator<HashBatch<F>>
  readonly #open = new Set<Open<F>>()
  #finished = 0
  readonly #count: number

  constructor(files: readonly F[], now: () => number, onFile: (file: F, result: Hashed | Failure) => void) {
    this.#now = now
    this.#onFile = onFile
    this.#count = files.length
    this.#batches = this.#makeBatches(files)
  }

  get isDone(): boolean {
    return this.#finished === this.#count
  }

  /** Slices to be read from now on; undefined when all were given out. */
  next(): HashBatch<F> | undefined {
    const { value, done } = this.#batches.next()
    return done === true ? undefined : value
  }

  /** What a thread saw of a batch. */
  take(batch: HashBatch<F>, { failures, digests, stats }: HashAnswer): void {
    let at = 0
    for (const [i, { of, slice }] of batch.entries()) {
      const own = digests.subarray(at, (at += chunkCount(slice.end - slice.start) * DIGEST_BYTES))
      if (!this.#open.has(of)) continue
      of.digests.set(own, (slice.start / CHUNK_BYTES) * DIGEST_BYTES)
      of.missingSlices--
      const isSame = [2 * i, 2 * i + 1].every(row => isSameStat(statAtRow(stats, row), of.file.stat))
      const failure = failures[i] ?? (isSame ? undefined : { why: 'changed' as const })
      if (failure != null) this.#finish(of, failure)
      else if (of.missingSlices === 0) this.#finish(of, { digests: of.digests, readAtMs: of.readAtMs })
    }
  }

  #finish(of: Open<F>, result: Hashed | Failure): void {
    this.#open.delete(of)
    this.#finished++
    this.#onFile(of.file, result)
  }

  *#makeBatches(files: readonly F[]): Generator<HashBatch<F>> {
    let batch: SliceOf<F>[] = []
    let bytes = 0
    for (const file of files) {
      const { path, stat } = file
      const digests = new Uint8Array(DIGEST_BYTES * chunkCount(stat.size))
      const missingSlices = Math.max(1, Math.ceil(stat.size / SLICE_BYTES))
      const of: Open<F> = { file, digests, readAtMs: this.#now(), missingSlices }
      this.#open.add(of)
      for (let start = 0; start === 0 || (start < stat.size && this.#open.has(of)); start += SLICE_BYTES) {
        const slice = { path, start, end: Math.min(start + SLICE_BYTES, stat.size), sizeBytes: stat.size }
        batch.push({ of, slice })
        bytes += slice.end - slice.start
        if (bytes < BATCH_BYTES && batch.length < BATCH_FILES) continue
        yield batch
        batch = []
        bytes = 0
      }
    }
    if (batch.length > 0) yield batch
  }
}

/** Leaves of a file, or of a slice: an empty one has one. */
export function chunkCount(sizeBytes: number): number {
  return Math.max(1, Math.ceil(sizeBytes / CHUNK_BYTES))
}
