// What the file side hands to the store.
import type { Built } from '../content/build.ts'

export interface FileStat {
  readonly size: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly dev: bigint
  readonly ino: bigint
}

export interface StatCache {
  find(stat: FileStat): Uint8Array | undefined
  put(stat: FileStat, digests: Uint8Array): void
}

/** Paths the user named, hashed: what `addShare` takes. `files` is parallel to `built.layout.files`. */
export interface Indexed {
  readonly built: Built
  readonly name: string
  readonly files: readonly { sourcePath: string; stat: FileStat }[]
  /** Absolute, as the user named them. */
  readonly sourcePaths: readonly string[]
}
