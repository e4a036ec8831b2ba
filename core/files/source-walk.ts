// Finds what is shared: every file, folder and symlink below the paths the user named, what is left out and why. Reads no
// content. The limits of DESIGN.md, "Limits of content", are checked here, before hours of hashing; buildDag checks them again.

import path from 'node:path'
import type { SourceTree } from '../content/build.ts'
import { MAX_FOLDER_ENTRIES, MAX_NESTING, MAX_NODES_AND_LEAVES, MAX_PATH_BYTES } from '../content/limits.ts'
import { nameBytes } from '../content/name.ts'
import { CodedError } from '../errors.ts'
import { type DataDirs, IS_OWN, type Inode } from './data-dirs.ts'
import type { FileStat } from './file-stat.ts'
import { statAtRow } from './file-stat.ts'
import type { Failure } from './hash-messages.ts'
import { ENTRY, errnoReason } from './hash-messages.ts'
import type { HashPool, Listed } from './hash-pool.ts'
import { type ToHash, chunkCount } from './hash-run.ts'
import { staysInside } from './safe-path.ts'

export type Entries = Map<string, SourceTree>
type FileNode = Extract<SourceTree, { kind: 'file' }>

/** A file of the tree; its node has no digests yet. `inFolder` is absent when the file is the root itself. */
export interface FoundFile extends ToHash {
  readonly node: FileNode
  readonly shownPath: string
  readonly inFolder?: { readonly entries: Entries; readonly name: string }
}

/** Something that is there and not in the tree. `path` begins with the name of what was shared. */
export interface LeftOut {
  readonly path: string
  readonly reason: string
}

interface Place {
  /** Where it stands on this machine. */
  readonly path: string
  /** Names from the root down; the root's own name when it was named by the user, so that people know it. */
  readonly shown: readonly string[]
  /** How many of `shown` are above what the user named: symlinks must not lead out of that. */
  readonly above: number
  /** Folders above it in the DAG, and the bytes of its path there. */
  readonly depth: number
  readonly pathBytes: number
}
interface OpenFolder extends Place {
  readonly entries: Entries
  readonly inFolder?: { readonly entries: Entries; readonly name: string }
}

const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']) // a folder that is none any more, or leads elsewhere

/** One walk. Whatever is added may throw `too-large` and `unsafe-name`. */
export class SourceWalk {
  readonly files: FoundFile[] = []
  /** Data directories of Shoal: they come first, because whoever shares wants to know. */
  readonly ownData: LeftOut[] = []
  readonly leftOut: LeftOut[] = []
  readonly unreadable: LeftOut[] = []
  totalBytes = 0
  #nodesAndLeaves = 0
  readonly #isOwn: (it: Inode) => boolean

  constructor(dataDirs?: DataDirs) {
    this.#isOwn = dataDirs?.ownInodes() ?? (() => false)
  }

  /** The root is a file. */
  addRootFile(file: string, name: string, stat: FileStat): SourceTree {
    return this.#addFile(file, [name], stat)
  }

  /** Lists what is below; throws `source-changed` when folders vanish meanwhile, and `cancelled`. */
  async list(
    folders: readonly OpenFolder[],
    pool: Pick<HashPool, 'listFolders'>,
    onFound: () => void,
    signal: AbortSignal
  ): Promise<void> {
    const visit = (folder: OpenFolder, rows: Listed): OpenFolder[] => {
      const below = this.#visit(folder, rows)
      onFound()
      return below
    }
    await pool.listFolders(folders, visit, signal)
  }

  /** A folder the user named, which is the root: nothing of it is listed yet. */
  openRoot(folder: string, name: string): OpenFolder {
    this.#count(1)
    return { path: folder, shown: [name], above: 1, depth: 0, pathBytes: 0, entries: new Map() }
  }

  /** Adds to `root` what the user named besides others; returns it if it is a folder, to be listed. */
  addNamed(root: Entries, name: string, file: string, stat: FileStat | 'folder'): OpenFolder | undefined {
    const top: OpenFolder = { path: path.dirname(file), shown: [], above: 0, depth: 0, pathBytes: 0, entries: root }
    if (stat !== 'folder') {
      this.#checkPath(top, name)
      root.set(name, this.#addFile(file, [name], stat, { entries: root, name }))
      return undefined
    }
    return { ...this.#addFolder(top, name), path: file, above: 1 }
  }

  #visit(folder: OpenFolder, rows: Listed): OpenFolder[] {
    const found: OpenFolder[] = []
    let nextTarget = 0
    for (const [row, name] of rows.names.entries()) {
      const kind = rows.kinds[row]
      const target = kind === ENTRY.symlink ? rows.targets[nextTarget++] : undefined
      const shown = [...folder.shown, name]
      this.#checkPath(folder, name)
      const stat = statAtRow(rows.stats, row)
      if (this.#isOwn(stat)) this.#leaveOut(shown, IS_OWN, this.ownData)
      else if (kind === ENTRY.folder) found.push(this.#addFolder(folder, name))
      else if (kind === ENTRY.symlink) this.#addSymlink(folder, name, target ?? null)
      else if (kind === ENTRY.other) this.#leaveOut(shown, 'it is neither a file nor a folder')
      else {
        const at = { entries: folder.entries, name }
        folder.entries.set(name, this.#addFile(path.join(folder.path, name), shown, stat, at))
      }
    }
    if (folder.entries.size > MAX_FOLDER_ENTRIES) {
      throw new CodedError(
        'too-large',
        `${shownPath(folder.shown)} holds more than ${MAX_FOLDER_ENTRIES} entries; share parts of it`
      )
    }
    for (const { name, reason } of rows.unreadable) {
      this.unreadable.push({ path: shownPath([...folder.shown, name]), reason })
    }
    if (rows.failure != null) this.#failFolder(folder, rows.failure)
    return found
  }

  #addFile(file: string, shown: readonly string[], stat: FileStat, inFolder?: FoundFile['inFolder']): FileNode {
    const node: FileNode = { kind: 'file', leaves: { digests: new Uint8Array(0), sizeBytes: stat.size } }
    this.#count(chunkCount(stat.size))
    this.totalBytes += stat.size
    this.files.push({ path: file, stat, node, shownPath: shownPath(shown), ...(inFolder && { inFolder }) })
    return node
  }

  #addFolder(above: OpenFolder, name: string): OpenFolder {
    this.#count(1)
    const depth = above.depth + 1
    const shown = [...above.shown, name]
    if (depth > MAX_NESTING) {
      throw new CodedError('too-large', `Folders are nested more than ${MAX_NESTING} deep at ${shownPath(shown)}`)
    }
    const entries: Entries = new Map()
    above.entries.set(name, { kind: 'folder', entries })
    return {
      path: path.join(above.path, name),
      shown,
      above: above.above,
      depth,
      pathBytes: above.pathBytes + nameBytes(name).length + 1,
      entries,
      inFolder: { entries: above.entries, name }
    }
  }

  #addSymlink(folder: OpenFolder, name: string, target: string | null): void {
    const shown = [...folder.shown, name]
    if (target == null) return this.#leaveOut(shown, 'it is a symlink whose target is not UTF-8')
    if (!staysInside(shown.slice(folder.above), target)) {
      return this.#leaveOut(shown, 'it is a symlink that leads out of what is shared')
    }
    this.#count(1)
    folder.entries.set(name, { kind: 'symlink', target })
  }

  #failFolder(folder: OpenFolder, failure: Failure): void {
    const shown = shownPath(folder.shown)
    if (failure.why === 'data-dir') {
      if (folder.inFolder == null) throw changedError(shown) // what was named was none when it was looked at
      this.#leaveOut(folder.shown, IS_OWN, this.ownData)
      folder.inFolder.entries.delete(folder.inFolder.name)
      return
    }
    if (failure.why === 'changed' || GONE.has(failure.errno)) throw changedError(shown)
    this.unreadable.push({ path: shown, reason: errnoReason(failure.errno) })
    if (folder.entries.size === 0) folder.inFolder?.entries.delete(folder.inFolder.name)
  }

  #leaveOut(shown: readonly string[], reason: string, to = this.leftOut): void {
    to.push({ path: shownPath(shown), reason })
  }

  #checkPath(folder: Place, name: string): void {
    const bytes = folder.pathBytes + nameBytes(name).length
    if (bytes <= MAX_PATH_BYTES) return
    throw new CodedError(
      'too-large',
      `A path below ${shownPath(folder.shown.slice(0, 3))} is longer than ${MAX_PATH_BYTES} bytes`
    )
  }

  #count(nodesAndLeaves: number): void {
    this.#nodesAndLeaves += nodesAndLeaves
    if (this.#nodesAndLeaves <= MAX_NODES_AND_LEAVES) return
    throw new CodedError(
      'too-large',
      'This is more than one share can hold (about 4 TiB, or 4 million files); share parts of it'
    )
  }
}

/** Something under a share is not what it was a moment ago. */
export function changedError(shown: string): CodedError {
  return new CodedError('source-changed', `${shown} changed while it was read; share again when nothing writes to it`)
}

function shownPath(shown: readonly string[]): string {
  return shown.join('/')
}
