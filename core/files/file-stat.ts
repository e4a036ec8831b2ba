// What is remembered of a file to tell whether it is still the same one, without reading it.

import type { BigIntStats } from 'node:fs'
import { STAT_COLUMNS } from './hash-messages.ts'

/** Equal in all five: not written to since, as far as the file system tells. */
export interface FileStat {
  readonly size: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly dev: bigint
  readonly ino: bigint
}

/**
 * Digests (`FileLeaves.digests`) by the stat their file had when it was hashed. `find` answers only for a stat equal in all five;
 * `put` is called only for files that had not been touched for 2 s when they were read (DESIGN.md, "Store").
 */
export interface StatCache {
  find(stat: FileStat): Uint8Array | undefined
  put(stat: FileStat, digests: Uint8Array): void
}

export function fileStatOf({ size, mtimeNs, ctimeNs, dev, ino }: BigIntStats): FileStat {
  return { size: Number(size), mtimeNs, ctimeNs, dev, ino }
}

export function isSameStat(a: FileStat, b: FileStat): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.dev === b.dev && a.ino === b.ino
}

/** The n-th row of the columns a thread of the hash pool sent. */
export function statAtRow(stats: BigInt64Array, n: number): FileStat {
  const at = n * STAT_COLUMNS
  return {
    size: Number(stats[at]),
    mtimeNs: stats[at + 1] ?? 0n,
    ctimeNs: stats[at + 2] ?? 0n,
    dev: BigInt.asUintN(64, stats[at + 3] ?? 0n),
    ino: BigInt.asUintN(64, stats[at + 4] ?? 0n)
  }
}
