// What a row is.

import type { Scratch } from '../scratch.ts'
import type { Figure } from './figures.ts'

export interface BenchOptions {
  /** Of the big file: one getter gets all of it, several a quarter each. */
  readonly sizeBytes: number
  readonly fileCount: number
  /** A bundled command line of another build, for the side that sends. */
  readonly otherBuild: string | undefined
}

/** Ready to run. A round runs the baseline and Shoal once each, from nothing; what they wrote is compared and removed. */
export interface Row {
  readonly title: string
  round(): Promise<readonly Figure[]>
}

export interface RowKind {
  /** What is opened stays for all rounds and belongs to `owner`. */
  open(options: BenchOptions, scratch: Scratch, owner: AsyncDisposableStack): Promise<Row>
  /** Room it needs at once. */
  readonly roomBytes?: (options: BenchOptions) => number
  /** Why it cannot be run here; undefined where it can. */
  readonly whyNot?: (options: BenchOptions) => string | undefined
  /** Run with --full, or when it is named. */
  readonly isLong?: true
}
