// The last steps of a download (DESIGN 3, R3): what has no bytes, the one rename, and the share. Also taking a .part away.
import { linkSync, lstatSync, readlinkSync, renameSync, rmdirSync, symlinkSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import { rootText } from '../cid.ts'
import { CodedError } from '../errors.ts'
import { nextFreeName } from '../files/safe-name.ts'
import { staysInside } from '../files/safe-path.ts'
import type { DownloadParts } from './download.ts'
import { dropDownload, setPlace } from './download-repo.ts'
import { syncFolder } from './durability.ts'
import type { PartTree } from './part-tree.ts'
import { codedWrite, systemCode } from './write-error.ts'

const MAX_ATTEMPTS = 100
const TAKEN_CODES = new Set(['EEXIST', 'ENOTEMPTY', 'ENOTDIR'])

/** Everything written is synced. Returns where it stands, and the symlinks that were not made. */
export async function finishDownload(
  parts: DownloadParts,
  signal: AbortSignal
): Promise<{ path: string; leftOut: string[] }> {
  const { tree, selection } = parts
  const { layout } = tree
  const chosen = selection ?? layout.files.map((_, idx) => idx)
  const leftOut: string[] = []
  if (!parts.isMoved && tree.base === parts.row.part) {
    for (const idx of chosen) if (layout.files[idx]!.sizeBytes === 0) tree.makeEmpty(idx)
    if (selection === undefined) {
      for (const folder of tree.placed.folders) tree.ensureFolder(path.join(tree.base, ...folder.path))
      leftOut.push(...makeSymlinks(tree))
    }
    for (const folder of tree.takeNewFolders()) await syncFolder(folder)
    signal.throwIfAborted()
    await tree.closeAll()
    await rename(parts)
  }
  await register(parts, chosen)
  return { path: tree.base, leftOut }
}

/** The only moment at which the name appears. What was noted before lets a crash in here be finished by the next run. */
async function rename(parts: DownloadParts): Promise<void> {
  const { tree, row, store } = parts
  const { kind } = tree.layout
  const folder = row.directory
  for (let attempt = 1; ; attempt++) {
    const name = nextFreeName(row.name, kind, it => isTaken(path.join(folder, it)))
    const place = path.join(folder, name)
    setPlace(store.db, row.id, place)
    try {
      if (kind === 'folder') renameSync(tree.base, place)
      else renameFile(tree.base, place)
    } catch (err) {
      if (attempt < MAX_ATTEMPTS && TAKEN_CODES.has(systemCode(err) ?? '')) continue // taken since: the next name
      throw err
    }
    tree.moveTo(place)
    await syncFolder(folder)
    return
  }
}

/** Unlike rename, a link never replaces what stands there. Where links cannot be made, the check just before has to do. */
function renameFile(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (err) {
    if (systemCode(err) === 'EEXIST') throw err
    renameSync(from, to)
    return
  }
  unlinkSync(from)
}

async function register({ store, row, name, tree }: DownloadParts, chosen: readonly number[]): Promise<void> {
  const { layout } = tree
  const files: { idx: number; path: string; stat: Uint8Array }[] = []
  for (const idx of chosen) {
    if (files.length % 512 === 511) await new Promise(resolve => setImmediate(resolve))
    const at = tree.finishedPath(idx)
    const stat = tree.findStat(at)
    if (stat === undefined) throw new CodedError('not-writable', 'A received file was taken away. Get it again.')
    files.push({ idx, path: at, stat })
  }
  store.db.transaction('durable', () => {
    store.putCopy(layout, name, 'received', { sources: [tree.base], base: tree.base, files })
    dropDownload(store.db, rootText(layout.root), row.id)
  })
}

/** Those that stay inside; never on Windows, where making one needs rights and means something else. */
function makeSymlinks(tree: PartTree): string[] {
  const leftOut: string[] = []
  tree.layout.symlinks.forEach((symlink, i) => {
    const placed = tree.placed.symlinks[i]!.path
    if (process.platform === 'win32' || !staysInside(symlink.path, symlink.target)) {
      leftOut.push(symlink.path.join('/'))
      return
    }
    const at = path.join(tree.base, ...placed)
    tree.ensureFolder(path.dirname(at))
    try {
      symlinkSync(symlink.target, at)
    } catch (err) {
      const isThere =
        systemCode(err) === 'EEXIST' && lstatSync(at).isSymbolicLink() && readlinkSync(at) === symlink.target
      if (!isThere) throw err
    }
  })
  return leftOut
}

export function isTaken(at: string): boolean {
  return lstatSync(at, { throwIfNoEntry: false }) !== undefined
}

/** Removes the files and folders that the download made; what else is in there stays, and so do the folders around it. */
export async function removePart(tree: PartTree): Promise<void> {
  const { layout, placed, base } = tree
  if (layout.kind === 'file') {
    remove(base, unlinkSync)
    return
  }
  const folders = new Set<string>()
  const isReal = (at: string): boolean => lstatSync(at, { throwIfNoEntry: false })?.isDirectory() === true
  const noteFolder = (at: string): boolean => {
    if (folders.has(at)) return true
    if (at !== base && !noteFolder(path.dirname(at))) return false
    if (!isReal(at)) return false // a symlink put in the way is not followed
    folders.add(at)
    return true
  }
  for (let idx = 0; idx < layout.files.length; idx++) {
    if (idx % 256 === 255) await new Promise(resolve => setImmediate(resolve))
    if (!noteFolder(path.dirname(tree.finishedPath(idx)))) continue
    remove(tree.finishedPath(idx), unlinkSync)
    remove(tree.unfinishedPath(idx), unlinkSync)
  }
  for (const symlink of placed.symlinks) {
    const at = path.join(base, ...symlink.path)
    if (noteFolder(path.dirname(at)) && lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink())
      remove(at, unlinkSync)
  }
  for (const folder of placed.folders) noteFolder(path.join(base, ...folder.path))
  noteFolder(base)
  for (const at of [...folders].toSorted((a, b) => b.length - a.length)) remove(at, rmdirSync)
}

function remove(at: string, how: (at: string) => void): void {
  try {
    how(at)
  } catch (err) {
    const code = systemCode(err)
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw codedWrite(err)
  }
}
