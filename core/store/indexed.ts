// What the file side hands to the store.
import type { Built } from '../content/build.ts'
import type { FileStat } from '../files/file-stat.ts'

/** Paths the user named, hashed: what `addShare` takes. `files` is parallel to `built.layout.files`. */
export interface Indexed {
  readonly built: Built
  readonly name: string
  readonly files: readonly { sourcePath: string; stat: FileStat }[]
  /** Absolute, as the user named them. */
  readonly sourcePaths: readonly string[]
}
