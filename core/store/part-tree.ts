// The files of one download on disk: where each stands while it is unfinished, and where once it is whole. Knows no leaves.
import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  rmSync,
  write,
  writeSync
} from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Layout } from '../content/layout.ts'
import { atOnce, inTurns, type Steps } from '../turns.ts'
import { placedTree } from '../files/placed-trees.ts'
import { placeInside, type PlacedTree } from '../files/safe-path.ts'
import { twinKey, type NameRules } from '../files/safe-name.ts'
import { fileStatOf } from '../files/file-stat.ts'
import { DiskNames } from './disk-names.ts'
import { FdCache } from './fd-cache.ts'
import { HeldFolders } from './held-folders.ts'
import { readHashed, readHashedNow, SMALL_BYTES, type Hashed } from './hashed-read.ts'
import type { LeafThreads } from './leaf-threads.ts'
import { OriginMarks } from './origin-marks.ts'
import { packStat } from './stat.ts'
import { systemCode } from '../files/write-error.ts'

const [syncAt, writeAt] = [promisify(fdatasync), promisify(write)]

export const PART = '.part'
const MAX_OPEN = 32
const NAMES_PER_TURN = 4_096
const NOFOLLOW = constants.O_NOFOLLOW ?? 0
const FLAGS = constants.O_RDWR | constants.O_CREAT | NOFOLLOW

export interface PartTreeOptions {
  readonly layout: Layout
  readonly base: string
  readonly rules: NameRules
  readonly threads: LeafThreads
  readonly names?: DiskNames
  readonly marks?: OriginMarks
}

export class PartTree implements AsyncDisposable {
  readonly layout: Layout
  readonly rules: NameRules
  readonly placed: PlacedTree
  readonly names: DiskNames
  #base: string
  readonly #threads: LeafThreads
  readonly #marks: OriginMarks
  readonly #marked = new Set<number>()
  readonly #isFile: boolean
  #isNamed = false
  readonly #unfinished: readonly string[][] | undefined // where it differs from name + .part
  readonly #fds = new FdCache({
    flags: FLAGS,
    open: async (at, flags) => this.held.in(at, it => openSync(it, flags)), // at once: the folder is held for as long
    max: MAX_OPEN,
    maxAgeMs: Infinity
  })
  readonly #finished = new Set<number>()
  readonly #begun = new Set<number>() // found under their unfinished name
  readonly #sized = new Set<number>()
  #folders: HeldFolders
  readonly #seen = new Set<string>() // folders in which something was made
  readonly #newFolders = new Set<string>() // to be synced, with what they are in

  /** `base`: the .part file or folder, absolute. Throws `unsafe-name` for a tree that may not be written. */
  static async open({ layout, rules, ...more }: PartTreeOptions): Promise<PartTree> {
    const placed = await placedTree(layout, rules)
    return new PartTree(
      { layout, rules, ...more },
      placed,
      await inTurns('place-files', unfinishedNames(placed, rules))
    )
  }

  /** Places the names at once; `open` does it in turns. */
  constructor(
    { layout, base, rules, threads, names = new DiskNames(), marks = new OriginMarks() }: PartTreeOptions,
    placed = placeInside(layout, rules),
    unfinished = atOnce(unfinishedNames(placed, rules))
  ) {
    this.layout = layout
    this.#marks = marks
    this.names = names
    this.#threads = threads
    this.#base = base
    this.#folders = new HeldFolders(path.dirname(base))
    this.#isFile = layout.kind === 'file'
    this.rules = rules
    this.placed = placed
    this.#unfinished = unfinished
  }

  get base(): string {
    return this.#base
  }

  /**
   * Every path is below `base` from now on. Let go of the files first. `isNamed`: it is no .part, and what is written in there carries the suffix itself
   * until it is synced, also when it is written whole.
   */
  moveTo(base: string, isNamed = false): void {
    if (path.dirname(base) !== path.dirname(this.#base)) {
      this.#folders.close()
      this.#folders = new HeldFolders(path.dirname(base))
    }
    this.#base = base
    this.#isNamed = isNamed
    this.#seen.clear()
    this.#newFolders.add(path.dirname(base)) // the name of the part itself
  }

  /** The way to everything in here that is made, named or removed. */
  get held(): HeldFolders {
    return this.#folders
  }

  isFinished(idx: number): boolean {
    return this.#isFile || this.#finished.has(idx)
  }

  /** Looks for the file and remembers under which of its two names it stands. Its packed stat, or undefined. */
  look(idx: number): Uint8Array | undefined {
    this.#finished.delete(idx)
    this.#begun.delete(idx)
    const finished = this.findStat(this.finishedPath(idx))
    if (finished != null) this.#finished.add(idx)
    if (finished != null) return finished
    const unfinished = this.findStat(this.unfinishedPath(idx))
    if (unfinished != null) this.#begun.add(idx)
    return unfinished
  }

  /** Where the file stands now, or would be made. */
  path(idx: number): string {
    return this.isFinished(idx) ? this.finishedPath(idx) : this.unfinishedPath(idx)
  }

  finishedPath(idx: number): string {
    return this.#isFile ? this.#base : path.join(this.#base, ...this.placed.files[idx]!.path)
  }

  unfinishedPath(idx: number): string {
    if (this.#isFile) return this.#base
    const other = this.#unfinished?.[idx]
    return other == null ? this.finishedPath(idx) + PART : path.join(this.#base, ...other)
  }

  /** The packed stat of a regular file at `at`; undefined when there is none. */
  findStat(at: string): Uint8Array | undefined {
    const stats = lstatSync(at, { bigint: true, throwIfNoEntry: false })
    return stats?.isFile() ? packStat(fileStatOf(stats)) : undefined
  }

  /**
   * Writes into a file, making it (and setting its size) first. A small file is written at once and whole, and has its own name
   * from then on; others are written on the thread pool.
   */
  write(idx: number, offset: number, bytes: Uint8Array, sizeBytes: number): Promise<void> | undefined {
    const at = this.path(idx)
    if (!this.#isFile) this.ensureFolder(path.dirname(at))
    if (bytes.length === sizeBytes && sizeBytes <= SMALL_BYTES && !this.#fds.has(at)) {
      if (!this.#writeNew(idx, bytes)) this.held.in(at, it => writeNow(it, FLAGS | constants.O_TRUNC, bytes))
      return undefined
    }
    return this.#fds.use(at, async fd => {
      this.#begin(idx, fd, at, sizeBytes)
      await writeAll(fd, bytes, offset)
    })
  }

  /** Writes what stands there already, so that the next sync is about it. False when it cannot be written: then it counts as not there. */
  async rewrite(idx: number, offset: number, bytes: Uint8Array): Promise<boolean> {
    const write = this.#fds.use(
      this.path(idx),
      async fd => {
        await writeAll(fd, bytes, offset)
        return true
      },
      FLAGS & ~constants.O_CREAT
    )
    return write.catch(() => false)
  }

  /** Hashes a big leaf and writes it on a thread; false, and nothing written, when it has another digest. Takes the bytes. */
  async verifyAndWrite(
    idx: number,
    offset: number,
    bytes: Uint8Array,
    sizeBytes: number,
    digest: Uint8Array
  ): Promise<boolean> {
    const at = this.path(idx)
    if (!this.#isFile) this.ensureFolder(path.dirname(at))
    return this.#fds.use(at, async fd => {
      this.#begin(idx, fd, at, sizeBytes)
      return this.#threads.write(fd, offset, bytes, digest)
    })
  }

  /** Of a file that is written to for the first time: its size, and its name, which may be new. */
  #begin(idx: number, fd: number, at: string, sizeBytes: number): void {
    if (this.#sized.has(idx)) return
    this.#sized.add(idx)
    this.#newFolders.add(path.dirname(at))
    if (fstatSync(fd).size !== sizeBytes) ftruncateSync(fd, sizeBytes) // sparse
  }

  async read(idx: number, offset: number, length: number): Promise<Hashed> {
    const at = this.path(idx)
    try {
      return await this.#readAt(at, offset, length)
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || this.path(idx) === at) throw error
      return this.#readAt(this.path(idx), offset, length) // got its own name meanwhile
    }
  }

  /** Makes the bytes written so far survive a power cut, in a file that says where it came from; returns its stat, packed. */
  async sync(idx: number): Promise<Uint8Array> {
    const at = this.path(idx)
    if (this.#marks.isEach && !this.#marked.has(idx)) {
      this.held.in(at, it => this.#marks.mark(it))
      this.#marked.add(idx)
    }
    if (this.#fds.has(at)) return this.#fds.use(at, syncNow)
    const fd = this.held.in(at, it => openSync(it, constants.O_RDWR | NOFOLLOW))
    try {
      return await syncNow(fd)
    } finally {
      closeSync(fd)
    }
  }

  /** Gives a whole file its own name. Throws when something stands there that this download did not write. */
  async nameFinished(idx: number): Promise<void> {
    if (this.isFinished(idx)) return
    const [from, to] = [this.unfinishedPath(idx), this.finishedPath(idx)]
    if (this.#fds.has(from)) await this.#fds.forget(from)
    await this.names.patiently(calls => {
      this.held.in(to, at => {
        if (isThere(at)) throw Object.assign(new Error('exists'), { code: 'EEXIST' })
        calls.rename(this.held.at(from), at)
      })
    })
    this.#finished.add(idx)
    this.#newFolders.add(path.dirname(to))
  }

  /** Takes its own name from a file that turned out not to be whole. */
  async nameUnfinished(idx: number, signal: AbortSignal): Promise<void> {
    if (this.#isFile) return
    const [from, to] = [this.finishedPath(idx), this.unfinishedPath(idx)]
    if (this.#fds.has(from)) await this.#fds.forget(from)
    await this.names.patiently(calls => {
      this.held.in(to, at => {
        if (!isThere(at)) calls.rename(this.held.at(from), at)
      })
    }, signal)
    this.#finished.delete(idx)
    this.#begun.add(idx)
  }

  /** Of files that are whole, before the download gets its name: marks those that `sync` could not. */
  async markAll(idxs: Iterable<number>): Promise<void> {
    await this.#marks.markAll(this.#paths(idxs))
  }

  *#paths(idxs: Iterable<number>): Generator<string> {
    for (const idx of idxs) yield this.path(idx)
  }

  makeEmpty(idx: number): void {
    if (this.#isFile) return // made when the download was opened
    const at = this.finishedPath(idx)
    this.ensureFolder(path.dirname(at))
    this.held.in(at, it => {
      if (!isThere(it)) closeSync(openSync(it, FLAGS | constants.O_EXCL))
    })
    this.#finished.add(idx)
    this.#newFolders.add(path.dirname(at))
  }

  /** Makes a folder below the base, one level after the other; none of them may be a symlink (`unsafe-name`). */
  ensureFolder(at: string): void {
    for (const made of this.#folders.make(at)) this.#newFolders.add(path.dirname(made))
    // those that are there may have been made by a run that was cut off before they were synced
    for (let it = at; !this.#seen.has(it) && it.startsWith(this.#base); it = path.dirname(it)) {
      this.#seen.add(it)
      this.#newFolders.add(it)
    }
  }

  /** Folders in which names changed since the last call. */
  takeNewFolders(): string[] {
    const folders = [...this.#newFolders]
    this.#newFolders.clear()
    return folders
  }

  /** A run that was cut off may have made it, and the folders it is in. */
  nameMayBeNew(idx: number): void {
    const top = path.dirname(this.#base)
    for (let at = path.dirname(this.path(idx)); at.startsWith(top); at = path.dirname(at)) {
      this.#newFolders.add(at)
      if (at === top) break
    }
  }

  /** They are to be synced, still. */
  changedIn(folders: readonly string[]): void {
    for (const folder of folders) this.#newFolders.add(folder)
  }

  /** Closes a file that is going to be moved or removed. */
  async forget(idx: number): Promise<void> {
    await this.#fds.forget(this.path(idx))
  }

  async closeAll(): Promise<void> {
    await this.#fds[Symbol.asyncDispose]()
    this.#folders.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeAll()
  }

  /** False when the file stands there in some form already. */
  #writeNew(idx: number, bytes: Uint8Array): boolean {
    if (this.#isNamed || this.isFinished(idx) || this.#begun.has(idx)) return false
    const at = this.finishedPath(idx)
    try {
      this.held.in(at, it => writeNow(it, FLAGS | constants.O_EXCL, bytes))
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return false
      this.held.in(at, it => rmSync(it, { force: true }))
      throw error
    }
    this.#finished.add(idx)
    this.#newFolders.add(path.dirname(at))
    return true
  }

  async #readAt(at: string, offset: number, length: number): Promise<Hashed> {
    if (this.#fds.has(at) || length > SMALL_BYTES) {
      if (!this.#fds.has(at) && this.findStat(at) == null) throw Object.assign(new Error('gone'), { code: 'ENOENT' })
      // it may get its own name before it is opened: then nothing is to be made under the old one
      return this.#fds.use(at, fd => readHashed(this.#threads, fd, offset, length), FLAGS & ~constants.O_CREAT)
    }
    const fd = this.held.in(at, it => openSync(it, constants.O_RDONLY | NOFOLLOW))
    try {
      return readHashedNow(fd, offset, length)
    } finally {
      closeSync(fd)
    }
  }
}

const isThere = (at: string): boolean => lstatSync(at, { throwIfNoEntry: false }) != null

async function syncNow(fd: number): Promise<Uint8Array> {
  await syncAt(fd)
  return packStat(fileStatOf(fstatSync(fd, { bigint: true })))
}

async function writeAll(fd: number, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await writeAt(fd, bytes, done, bytes.length - done, offset + done)).bytesWritten
  }
}

function writeNow(at: string, flags: number, bytes: Uint8Array): void {
  const fd = openSync(at, flags)
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, done)
  } finally {
    closeSync(fd)
  }
}

/** Names while unfinished, only when a plain `.part` could be some other entry's own name. */
function* unfinishedNames(placed: PlacedTree, rules: NameRules): Steps<string[][] | undefined> {
  let looked = 0
  const taken = new Set<string>()
  let isNeeded = false
  for (const list of [placed.files, placed.folders, placed.symlinks]) {
    for (const { path: names } of list) {
      if (names.at(-1)?.toLowerCase().endsWith(PART) === true) isNeeded = true
      if (++looked % NAMES_PER_TURN === 0) yield
    }
  }
  if (!isNeeded) return undefined
  for (const list of [placed.files, placed.folders, placed.symlinks]) {
    for (const { path: names } of list) {
      taken.add(twinKey(names.join('/'), rules))
      if (++looked % NAMES_PER_TURN === 0) yield
    }
  }
  const unfinished: string[][] = []
  for (const { path: names } of placed.files) {
    const own = [...names]
    const last = own.length - 1
    do own[last] += PART
    while (taken.has(twinKey(own.join('/'), rules)))
    taken.add(twinKey(own.join('/'), rules))
    unfinished.push(own)
    if (++looked % NAMES_PER_TURN === 0) yield
  }
  return unfinished
}
