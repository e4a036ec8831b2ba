// Opens a download: goes on with the .part it made before, or makes a new one where nothing stands yet.
import { closeSync, constants, lstatSync, mkdirSync, openSync } from 'node:fs'
import path from 'node:path'
import { rootText } from '../cid.ts'
import type { Layout } from '../content/layout.ts'
import { CodedError } from '../errors.ts'
import { DataDirs } from '../files/data-dirs.ts'
import { cleanName, nextFreeName, type NameRules } from '../files/safe-name.ts'
import { named } from '../loop-blocks.ts'
import type { DiskNames } from './disk-names.ts'
import { Download } from './download.ts'
import {
  addDownload,
  dirtyExtents,
  forgetDownload,
  findDownload,
  namesBy,
  partFiles,
  rulesOf,
  putDurable,
  spreadDirty,
  type DownloadRow
} from './download-repo.ts'
import {
  type DownloadTarget,
  type Begun,
  findExistingDestination,
  NOTHING_EXISTS,
  type ExistingFiles,
  existingIn
} from './existing-destination.ts'
import { isFolder, isTaken } from './lstat.ts'
import type { OriginMarks } from './origin-marks.ts'
import { PART, PartTree } from './part-tree.ts'
import { markEmpty, resume, settleNames } from './resume.ts'
import { inTurns } from '../turns.ts'
import { isSameFile } from './stat.ts'
import type { Store } from './store.ts'
import { codedWrite, systemCode } from '../files/write-error.ts'

export interface DownloadOptions extends DownloadTarget {
  // its skeleton must be stored; the directory is absolute, and made if missing
  /** One cleaned name, as `cleanName` makes it. */
  readonly name: string
  /** Disk space to leave free, in bytes. */
  readonly reserveBytes: number
  /** Only tests name others. */
  readonly names?: DiskNames
  readonly marks?: OriginMarks
}

/**
 * Throws `disk-full` (what is missing, what other downloads on that disk still need and the reserve do not fit), `forbidden` (in a data directory),
 * `not-writable`, `unsafe-name`, `not-found` (selection).
 */
export async function openDownload(store: Store, options: DownloadOptions, signal: AbortSignal): Promise<Download> {
  const { layout, directory } = options
  const root = rootText(layout.root)
  new DataDirs().refuse(directory)
  try {
    await using opening = new AsyncDisposableStack()
    const tree = await openTree(store, options, opening)
    const { rules } = tree
    const known = (await knownDownload(store, options, tree, signal)) ?? (await addingTo(store, options, rules, signal))
    const needBytes = chosenBytes(layout, options.selection)
    if (known == null && !store.room.fits(directory, needBytes, options.reserveBytes)) throw noRoom()
    const { row, base } = known ?? newPart(store, root, options, rules)
    const isAdding = row.part === row.place
    tree.moveTo(base, isAdding)
    let standing = known?.standing
    if (isAdding)
      standing ??= await existingIn(store, options, { base, rules, begun: begunOf(store, row, layout) }, signal)
    const mine = known == null ? new Set<number>() : standing && missing(options, standing) // in a new part nothing stands
    const resumed = await resume(store.db, row.id, tree, signal, mine && (idx => mine.has(idx)))
    if (resumed.lost.length > 0) putDurable(store.db, row.id, resumed.durable, resumed.lost)
    await inTurns('open-download', markEmpty(layout, resumed.durable), () => signal.throwIfAborted())
    await settleNames(tree, resumed, signal)
    const parts = {
      store,
      row,
      name: options.name,
      tree,
      resumed,
      selection: options.selection,
      isMoved: base === row.place && !isAdding,
      isAdding,
      standing: standing ?? NOTHING_EXISTS
    }
    const download = named('open-download', () => new Download(parts))
    if (!download.takeRoom(options.reserveBytes)) throw noRoom()
    opening.move()
    return download
  } catch (error) {
    signal.throwIfAborted()
    throw codedWrite(error)
  }
}

/** Refuses names before anything is made. A download that goes on keeps to the rules it began with. */
async function openTree(store: Store, options: DownloadOptions, owner: AsyncDisposableStack): Promise<PartTree> {
  const { layout, directory } = options
  const { destinations } = store
  const row = findDownload(store.db, rootText(layout.root), directory)
  const { names, marks } = options
  const given = { layout, base: directory, threads: store.threads, ...(names && { names }), ...(marks && { marks }) }
  const treeBy = async (rules: NameRules): Promise<PartTree> => owner.use(await PartTree.open({ ...given, rules }))
  const tree = await treeBy(row == null ? await destinations.of(directory) : rulesOf(row, destinations.ofSystem))
  mkdirSync(directory, { recursive: true })
  const rules = row == null ? await destinations.of(directory) : tree.rules
  return rules === tree.rules ? tree : treeBy(rules) // the folder is new
}

interface OpenedPart {
  readonly row: DownloadRow
  /** The .part, or the place it was moved to. */
  readonly base: string
  /** What stands there already, when that was found out. */
  readonly standing?: ExistingFiles
}

/** The download of this root and directory. A .part that is gone is made anew; what something else replaced is forgotten. */
async function knownDownload(
  store: Store,
  { layout, directory }: DownloadOptions,
  { names, rules }: PartTree,
  signal: AbortSignal
): Promise<OpenedPart | undefined> {
  const root = rootText(layout.root)
  const row = findDownload(store.db, root, directory)
  if (row == null) return undefined
  spreadDirty(store.db, row.id, layout.extents.length - 1)
  if (row.part === row.place) {
    if (isFolder(row.part)) return { row, base: row.part }
    forgetDownload(store.db, root, row.id)
    return undefined
  }
  if (row.place != null && (await isMovedTo(store, layout, rules, { ...row, place: row.place }))) {
    const isLeft = layout.kind === 'file' && isTaken(row.part) // the other name of the same file
    if (isLeft) await names.patiently(calls => calls.unlink(row.part), signal)
    return { row, base: row.place }
  }
  const stats = lstatSync(row.part, { throwIfNoEntry: false })
  if (stats == null) makePart(layout, row.part)
  if (stats == null || (layout.kind === 'folder' ? stats.isDirectory() : stats.isFile())) return { row, base: row.part }
  forgetDownload(store.db, root, row.id)
  return undefined
}

/** True when every file that was made durable stands below `place`, the very same one: then it is ours and may be touched. */
async function isMovedTo(
  store: Store,
  layout: Layout,
  rules: NameRules,
  row: { readonly id: number; readonly place: string }
): Promise<boolean> {
  const tree = await PartTree.open({ layout, base: row.place, rules, threads: store.threads })
  const files = [...partFiles(store.db, row.id)]
  return (
    files.length > 0 &&
    files.every(([idx, left]) => {
      const stat = idx < layout.files.length ? tree.findStat(tree.finishedPath(idx)) : undefined
      return stat != null && isSameFile(stat, left)
    })
  )
}

/** The folder that an earlier download of this root made here, to be added to. */
async function addingTo(
  store: Store,
  options: DownloadOptions,
  rules: NameRules,
  signal: AbortSignal
): Promise<OpenedPart | undefined> {
  const found = await findExistingDestination(store, options, rules, signal)
  if (found == null) return undefined
  const { base, standing } = found
  const { directory, name, layout } = options
  return {
    row: addDownload(store.db, rootText(layout.root), {
      directory,
      name,
      part: base,
      place: base,
      names: namesBy(rules)
    }),
    base,
    standing
  }
}

/** The first name of which neither it nor its .part is taken. */
function newPart(
  store: Store,
  root: string,
  { layout, name: hint, directory }: DownloadOptions,
  rules: NameRules
): OpenedPart {
  const name = cleanName(hint, root, rules) // the folder may be new: then nobody knew what it holds
  for (;;) {
    const free = nextFreeName(
      name,
      layout.kind,
      it => isTaken(path.join(directory, it)) || isTaken(path.join(directory, it + PART))
    )
    const part = path.join(directory, free + PART)
    try {
      makePart(layout, part)
    } catch (error) {
      if (systemCode(error) === 'EEXIST') continue // made by somebody else just now
      throw error
    }
    return { row: addDownload(store.db, root, { directory, name, part, names: namesBy(rules) }), base: part }
  }
}

function makePart(layout: Layout, part: string): void {
  if (layout.kind === 'folder') mkdirSync(part)
  else closeSync(openSync(part, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL))
}

/** The chosen files that do not stand there: the only ones that a download may touch which adds to a folder. */
function missing({ layout, selection }: DownloadTarget, { indexes }: ExistingFiles): Set<number> {
  return new Set([...(selection ?? layout.files.keys())].filter(idx => !indexes.has(idx)))
}

function begunOf(store: Store, row: DownloadRow, layout: Layout): Begun {
  const dirty = new Set<number>()
  for (const extent of dirtyExtents(store.db, row.id)) {
    for (let i = layout.extents[extent] ?? 0; i < (layout.extents[extent + 1] ?? 0); i++)
      dirty.add(layout.fileIndexOf(i))
  }
  return { left: partFiles(store.db, row.id), dirty }
}

function chosenBytes(layout: Layout, selection: readonly number[] | undefined): number {
  if (selection == null) return layout.sizeBytes
  return selection.reduce((bytes, idx) => bytes + (layout.files[idx]?.sizeBytes ?? 0), 0)
}

const noRoom = (): CodedError =>
  new CodedError(
    'disk-full',
    'There is not enough room on the disk for this and for what else is being received. Free some space, or choose another disk.'
  )
