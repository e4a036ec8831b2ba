// What a download is made of, from the moment it is opened to its last step.
import type { DownloadRow } from './download-repo.ts'
import type { ExistingFiles } from './existing-destination.ts'
import type { PartTree } from './part-tree.ts'
import type { Resumed } from './resume.ts'
import type { Store } from './store.ts'

/** What `openDownload` has prepared. */
export interface DownloadParts {
  readonly store: Store
  readonly row: DownloadRow
  readonly name: string
  readonly tree: PartTree
  readonly resumed: Resumed
  /** File indexes of the layout; undefined: everything. */
  readonly selection: readonly number[] | undefined
  /** The part was given its place already: finishing was interrupted after that. */
  readonly isMoved: boolean
  /** Files are added to a folder that an earlier download finished: no name is given in the end, and only what it wrote is taken away. */
  readonly isAdding: boolean
  /** Chosen files that stand there already: they count as here, and are never written. */
  readonly standing: ExistingFiles
}
