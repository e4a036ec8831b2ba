// A folder that an earlier download of the same root finished with some of its files: the rest is added in there. Nothing that stands there is touched:
// what was got before and still is what it was counts as here, and where something else stands in the way nothing is begun.
import { lstatSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import { Bitset } from '../bitset.ts'
import { rootText } from '../cid.ts'
import type { Layout } from '../content/layout.ts'
import { CodedError } from '../errors.ts'
import type { NameRules } from '../files/safe-name.ts'
import { staysInside } from '../files/safe-path.ts'
import { isFolder, isTaken } from './lstat.ts'
import { SourceReader } from './source-reader.ts'
import { PartTree } from './part-tree.ts'
import { verifyFile } from './read-leaf.ts'
import { copyBases, FILE, filePages, type FileRow } from './share-repo.ts'
import { isSameFile, packedSize } from './stat.ts'
import type { Store } from './store.ts'

export interface ExistingFile {
  readonly idx: number
  readonly path: string
  readonly stat: Uint8Array
}

/** Files that are asked for and need not be fetched. */
export interface ExistingFiles {
  /** Of all of them. */
  readonly indexes: ReadonlySet<number>
  /** Those that are, just now, what the root says. */
  readonly right: readonly ExistingFile[]
}

/** The leaves that are to be fetched: of the files that were chosen, those that do not stand there. Throws `not-found`. */
export function wantedLeaves(
  layout: Layout,
  selection: readonly number[] | undefined,
  standing: ExistingFiles
): Bitset {
  const wanted = new Bitset(layout.leafCount)
  if (selection == null) wanted.addRange(0, layout.leafCount)
  for (const idx of selection ?? []) {
    const file = layout.files[idx]
    if (file == null) throw new CodedError('not-found', 'A file was chosen that the share does not have.')
    wanted.addRange(file.start, file.end)
  }
  for (const idx of standing.indexes) {
    const { start, end } = layout.files[idx]!
    for (let i = start; i < end; i++) wanted.delete(i)
  }
  return wanted
}

/** Of the files that stand there, all of them. */
export function standingBytes(layout: Layout, { indexes }: ExistingFiles): number {
  let bytes = 0
  for (const idx of indexes) bytes += layout.files[idx]!.sizeBytes
  return bytes
}

export interface DownloadTarget {
  readonly layout: Layout
  readonly directory: string
  /** File indexes; absent: everything, with folders and symlinks. */
  readonly selection?: readonly number[]
  /** Where the last download of this root into this directory went. */
  readonly earlier?: string
}

/** What a download has written by file: with the stat it left, or being written when it ended. */
export interface Begun {
  readonly left: ReadonlyMap<number, Uint8Array>
  readonly dirty: ReadonlySet<number>
}

export const NOTHING_EXISTS: ExistingFiles = { indexes: new Set(), right: [] }

/** Where the asked files can be added; undefined when there is no such folder, or something stands in the way. */
export async function findExistingDestination(
  store: Store,
  asked: DownloadTarget,
  rules: NameRules,
  signal: AbortSignal
): Promise<{ base: string; standing: ExistingFiles } | undefined> {
  const { layout, directory, earlier } = asked
  if (layout.kind !== 'folder') return undefined
  const bases = new Set([...copyBases(store.db, rootText(layout.root)), ...(earlier == null ? [] : [earlier])])
  for (const base of bases) {
    if (path.dirname(base) !== directory || !isFolder(base)) continue
    const standing = await lookAt(store, asked, { base, rules }, signal)
    if (standing != null) return { base, standing }
  }
  return undefined
}

/**
 * The same for a download that has begun to add there. A file that was got earlier stays as it is, whatever it is now. Throws `not-writable` when something
 * else stands where a file is to be written.
 */
export async function existingIn(
  store: Store,
  asked: DownloadTarget,
  place: { base: string; rules: NameRules; begun: Begun },
  signal: AbortSignal
): Promise<ExistingFiles> {
  const standing = await lookAt(store, asked, place, signal)
  if (standing != null) return standing
  throw new CodedError(
    'not-writable',
    'Something else stands where a received file should go. Everything received so far is kept; move it away, then resume.'
  )
}

async function lookAt(
  store: Store,
  { layout, selection }: DownloadTarget,
  { base, rules, begun }: { base: string; rules: NameRules; begun?: Begun },
  signal: AbortSignal
): Promise<ExistingFiles | undefined> {
  const tree = await PartTree.open({ layout, base, rules, threads: store.threads })
  const isReal = folderTest(base)
  if (selection == null && !hasRoomForTheRest(tree, isReal)) return undefined
  const got = rowsBelow(store, layout, base)
  await using files = new SourceReader(store.threads)
  const indexes = new Set<number>()
  const right: ExistingFile[] = []
  let looked = 0
  for (const idx of selection ?? layout.files.keys()) {
    if (++looked % 256 === 0) await new Promise(resolve => setImmediate(resolve))
    signal.throwIfAborted()
    if (idx >= layout.files.length) return undefined // refused by the download
    const at = tree.finishedPath(idx)
    if (!isReal(path.dirname(at))) return undefined
    if (!isTaken(at)) {
      if (begun == null && isTaken(tree.unfinishedPath(idx))) return undefined
      continue
    }
    const stat = tree.findStat(at)
    const left = begun?.left.get(idx)
    if (left != null && stat != null && isSameFile(left, stat)) continue
    const row = got.get(idx)
    const isRight = stat != null && (await isContent(files, layout, { idx, path: at, stat }, row, signal))
    if (isRight && left != null) continue // touched, and hashed again when the download goes on
    if (isRight) right.push({ idx, path: at, stat })
    else if (begun == null) return undefined
    else if (row == null && begun.dirty.has(idx))
      continue // cut off while it was written
    else if (row == null) return undefined
    indexes.add(idx)
  }
  return { indexes, right }
}

async function isContent(
  files: SourceReader,
  layout: Layout,
  { idx, path: at, stat }: ExistingFile,
  row: FileRow | undefined,
  signal: AbortSignal
): Promise<boolean> {
  if (row?.state === FILE.clean && isSameFile(row.stat, stat)) return true
  const { start, end, sizeBytes } = layout.files[idx]!
  if (packedSize(stat) !== sizeBytes) return false
  const file = {
    copyId: 0,
    idx,
    base: at,
    path: at,
    first: start,
    leaves: end - start,
    sizeBytes,
    stat,
    state: FILE.clean
  }
  return (await verifyFile(files, file, layout, stat, signal)) === FILE.clean
}

/** The files of the copy at `base`, as they are registered. */
function rowsBelow(store: Store, layout: Layout, base: string): Map<number, FileRow> {
  const rows = new Map<number, FileRow>()
  for (const page of filePages(store.db, rootText(layout.root))) {
    for (const row of page) if (row.path.startsWith(base + path.sep)) rows.set(row.idx, row)
  }
  return rows
}

/** Folders and symlinks of everything: each is there already, or nothing is. */
function hasRoomForTheRest({ placed, layout, base }: PartTree, isReal: (at: string) => boolean): boolean {
  if (!placed.folders.every(folder => isReal(path.join(base, ...folder.path)))) return false
  return placed.symlinks.every(({ path: names }, i) => {
    const { path: own, target } = layout.symlinks[i]!
    const at = path.join(base, ...names)
    if (!staysInside(own, target) || !isTaken(at)) return true
    return lstatSync(at).isSymbolicLink() && readlinkSync(at) === target
  })
}

/** Whether a folder below `base` is one, or can be made: no symlink and no file stands there or above. */
function folderTest(base: string): (at: string) => boolean {
  const known = new Map<string, boolean>([[base, true]])
  const test = (at: string): boolean => {
    const before = known.get(at)
    if (before != null) return before
    const is = test(path.dirname(at)) && (!isTaken(at) || isFolder(at))
    known.set(at, is)
    return is
  }
  return test
}
