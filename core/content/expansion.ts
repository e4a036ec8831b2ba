// The tree of a root while it is being walked: what was met is appended, and what is met again is copied from where it was
// written first. Whoever appends has counted before; paths are limited here.

import type { CID } from 'multiformats/cid'
import { CodedError } from '../errors.ts'
import type { Layout, LayoutFile, LayoutSymlink } from './layout.ts'
import { createLayout } from './layout.ts'
import { MAX_ALL_PATHS_BYTES, MAX_FOLDER_NAMES, MAX_NESTING, MAX_PATH_BYTES } from './limits.ts'

/** A folder that entries hang from; the root's has no parent. */
export interface FolderRow {
  readonly parent: FolderRow | undefined
  readonly name: string
  readonly depth: number
  readonly pathBytes: number
}

class FileRow implements LayoutFile {
  readonly folder: FolderRow
  readonly name: string | undefined
  readonly start: number
  readonly end: number
  readonly sizeBytes: number
  constructor(folder: FolderRow, name: string | undefined, start: number, end: number, sizeBytes: number) {
    this.folder = folder
    this.name = name
    this.start = start
    this.end = end
    this.sizeBytes = sizeBytes
  }
  get path(): readonly string[] {
    return this.name == null ? [] : pathOf(this.folder, this.name)
  }
}

class SymlinkRow implements LayoutSymlink {
  readonly folder: FolderRow
  readonly name: string
  readonly target: string
  constructor(folder: FolderRow, name: string, target: string) {
    this.folder = folder
    this.name = name
    this.target = target
  }
  get path(): readonly string[] {
    return pathOf(this.folder, this.name)
  }
}

/** How far the expansion had come. */
export interface Mark {
  readonly leaves: number
  readonly files: number
  readonly folders: number
  readonly symlinks: number
}

/** Everything appended between two marks; entries directly in it hang from `owner`. */
export interface Stretch {
  readonly owner: FolderRow
  readonly from: Mark
  readonly to: Mark
}

/** Append only. Throws `too-large` for paths over the limits. */
export class Expansion {
  readonly rootFolder: FolderRow = { parent: undefined, name: '', depth: 0, pathBytes: 0 }
  readonly #files: FileRow[] = []
  readonly #folders: FolderRow[] = []
  readonly #symlinks: SymlinkRow[] = []
  #digests: Buffer = Buffer.allocUnsafe(1024)
  #starts = new Float64Array(33)
  #leafCount = 0
  #pathBytes = 0
  #folderNames = 0

  get leafCount(): number {
    return this.#leafCount
  }

  mark(): Mark {
    return {
      leaves: this.#leafCount,
      files: this.#files.length,
      folders: this.#folders.length,
      symlinks: this.#symlinks.length
    }
  }

  /** Copies the digest, 32 bytes at `at`. */
  addLeaf(bytes: Uint8Array, at: number, sizeBytes: number): void {
    this.#reserve(1)
    this.#digests.set(bytes.subarray(at, at + 32), this.#leafCount * 32)
    this.#leafCount++
    this.#starts[this.#leafCount] = (this.#starts[this.#leafCount - 1] ?? 0) + sizeBytes
  }

  /** Appends leaves [from, to) again. */
  copyLeaves(from: number, to: number): void {
    this.#reserve(to - from)
    this.#digests.copyWithin(this.#leafCount * 32, from * 32, to * 32)
    const shift = (this.#starts[this.#leafCount] ?? 0) - (this.#starts[from] ?? 0)
    for (let leaf = from; leaf < to; leaf++) {
      this.#leafCount++
      this.#starts[this.#leafCount] = (this.#starts[leaf + 1] ?? 0) + shift
    }
  }

  /** A file of all leaves since `start`; without a name it is the root. */
  addFile(folder: FolderRow, name: string | undefined, start: number): void {
    if (name != null) this.#countPath(folder, name)
    const sizeBytes = (this.#starts[this.#leafCount] ?? 0) - (this.#starts[start] ?? 0)
    this.#files.push(new FileRow(folder, name, start, this.#leafCount, sizeBytes))
  }

  addSymlink(folder: FolderRow, name: string, target: string): void {
    this.#countPath(folder, name)
    this.#symlinks.push(new SymlinkRow(folder, name, target))
  }

  addFolder(parent: FolderRow, name: string): FolderRow {
    const row = { parent, name, depth: parent.depth + 1, pathBytes: this.#countPath(parent, name) }
    this.#folderNames += row.depth
    if (row.depth > MAX_NESTING || this.#folderNames > MAX_FOLDER_NAMES) {
      throw new CodedError(
        'too-large',
        `The content nests folders more than ${MAX_NESTING} deep, or too many of them deeply`
      )
    }
    this.#folders.push(row)
    return row
  }

  /** Names of the entries that hang directly from the stretch's owner. */
  *namesIn({ owner, from, to }: Stretch): Generator<string> {
    for (let i = from.files; i < to.files; i++) {
      const file = this.#files[i]
      if (file?.folder === owner && file.name != null) yield file.name
    }
    for (let i = from.folders; i < to.folders; i++) {
      const folder = this.#folders[i]
      if (folder?.parent === owner) yield folder.name
    }
    for (let i = from.symlinks; i < to.symlinks; i++) {
      const symlink = this.#symlinks[i]
      if (symlink?.folder === owner) yield symlink.name
    }
  }

  /** Appends a stretch again, hanging from another folder. */
  copy({ owner, from, to }: Stretch, newOwner: FolderRow): void {
    const moved = new Map([[owner, newOwner]])
    const shift = this.#leafCount - from.leaves
    this.copyLeaves(from.leaves, to.leaves)
    for (let i = from.folders; i < to.folders; i++) {
      const folder = this.#folders[i]
      const parent = folder?.parent && moved.get(folder.parent)
      if (folder != null && parent != null) moved.set(folder, this.addFolder(parent, folder.name))
    }
    for (let i = from.files; i < to.files; i++) {
      const file = this.#files[i]
      const folder = file && moved.get(file.folder)
      if (file?.name == null || folder == null) continue
      this.#countPath(folder, file.name)
      this.#files.push(new FileRow(folder, file.name, file.start + shift, file.end + shift, file.sizeBytes))
    }
    for (let i = from.symlinks; i < to.symlinks; i++) {
      const symlink = this.#symlinks[i]
      const folder = symlink && moved.get(symlink.folder)
      if (symlink != null && folder != null) this.addSymlink(folder, symlink.name, symlink.target)
    }
  }

  /** Hands everything over to the layout, without the room for more. */
  finish(root: CID, kind: 'file' | 'folder', skeletonBytes: number): Layout {
    const digests = new Uint8Array(this.#leafCount * 32)
    digests.set(this.#digests.subarray(0, digests.length))
    this.#digests = Buffer.from(digests.buffer)
    this.#starts = this.#starts.slice(0, this.#leafCount + 1)
    return createLayout({
      root,
      kind,
      files: this.#files,
      folders: this.#folders.map(({ parent, name }) => pathOf(parent, name)),
      symlinks: this.#symlinks,
      skeletonBytes,
      digests,
      starts: this.#starts
    })
  }

  /** Returns the length of the path. */
  #countPath(folder: FolderRow, name: string): number {
    const bytes = folder.pathBytes + (folder.depth === 0 ? 0 : 1) + Buffer.byteLength(name)
    this.#pathBytes += bytes
    if (bytes > MAX_PATH_BYTES)
      throw new CodedError('too-large', `The content has a path longer than ${MAX_PATH_BYTES} bytes`)
    if (this.#pathBytes > MAX_ALL_PATHS_BYTES) {
      throw new CodedError('too-large', `The paths of the content take more than ${MAX_ALL_PATHS_BYTES} bytes together`)
    }
    return bytes
  }

  #reserve(leaves: number): void {
    const needed = this.#leafCount + leaves
    if (needed < this.#starts.length) return
    const room = Math.max(needed, Math.ceil(this.#starts.length * 1.5))
    const starts = new Float64Array(room + 1)
    starts.set(this.#starts)
    this.#starts = starts
    const digests = Buffer.allocUnsafeSlow(room * 32)
    this.#digests.copy(digests, 0, 0, this.#leafCount * 32)
    this.#digests = digests
  }
}

function pathOf(folder: FolderRow | undefined, name: string): string[] {
  const path = [name]
  for (let row = folder; row?.parent != null; row = row.parent) path.push(row.name)
  return path.reverse()
}
