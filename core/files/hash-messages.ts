// What the hash pool and its threads say to each other. Columns instead of rows: 100,000 files are a few messages, not objects.

/** The bytes [start, end) of a file: whole chunks, but for the file's end. `sizeBytes`: how long the file was when it was listed. */
export interface Slice {
  readonly path: string
  readonly start: number
  readonly end: number
  readonly sizeBytes: number
}

/** `stop[0]` is the asker's flag: not 0 when the answer is of no interest any more. */
export type Order = { readonly id: number; readonly stop: Int32Array } & Work
export type Work =
  | { readonly kind: 'hash'; readonly slices: readonly Slice[] }
  | { readonly kind: 'list'; readonly folders: readonly string[] }

/** Why something could not be read: what the system said, that it is not what was asked for any more, or that it is Shoal's own. */
export type Failure =
  { readonly why: 'system'; readonly errno: string } | { readonly why: 'changed' } | { readonly why: 'data-dir' }

/** `digests`: 32 bytes a chunk, slice after slice. `stats`: two rows a slice, before and after reading. */
export interface HashAnswer {
  readonly kind: 'hash'
  readonly failures: readonly (Failure | null)[]
  readonly digests: Uint8Array
  readonly stats: BigInt64Array
}

/** Some of a folder's entries; the folder may go on in the next answer. */
export interface ListAnswer {
  readonly kind: 'list'
  /** Index into the order's folders. */
  readonly folder: number
  readonly names: readonly string[]
  /** One of `ENTRY` per name. */
  readonly kinds: Uint8Array
  /** One row a name. */
  readonly stats: BigInt64Array
  /** Of the symlinks, in order; null when the target is not UTF-8. */
  readonly targets: readonly (string | null)[]
  /** Entries that are there and cannot be shared: the name as far as it can be written, and why. */
  readonly unreadable: readonly { readonly name: string; readonly reason: string }[]
  /** Set when the folder itself could not be read to its end. */
  readonly failure: Failure | null
}

/** `isLast`: the order is done with this answer. */
export type Answer = { readonly id: number; readonly isLast: boolean } & (HashAnswer | ListAnswer)

/** Numbers in one row of `stats`: size, mtime and ctime in nanoseconds, dev, ino (the last two wrapped to signed). */
export const STAT_COLUMNS = 5
export const DIGEST_BYTES = 32
export const ENTRY = { file: 0, folder: 1, symlink: 2, other: 3 } as const

/** What the system said, for people. */
export function errnoReason(errno: string): string {
  switch (errno) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied'
    case 'ENOENT':
      return 'it is gone'
    case 'EIO':
      return 'the disk reports an error'
    default:
      return errno
  }
}
