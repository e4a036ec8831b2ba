// The last steps of a download (DESIGN.md, "Crash rules", R3): what has no bytes, the one rename, and the share. Also taking a .part away.
import { lstatSync, readlinkSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { rootText } from '../cid.ts'
import { CodedError, codeOf } from '../errors.ts'
import { nextFreeName } from '../files/safe-name.ts'
import { staysInside } from '../files/safe-path.ts'
import { trace } from '../trace.ts'
import type { DownloadParts } from './download-parts.ts'
import { forgetDownload, setPlace } from './download-repo.ts'
import type { NameCalls } from './disk-names.ts'
import { syncFolders } from './durability.ts'
import { isTaken } from './lstat.ts'
import type { PartTree } from './part-tree.ts'
import { isSameFile } from './stat.ts'
import { codedWrite, systemCode } from '../files/write-error.ts'

const MAX_ATTEMPTS = 100
const TAKEN_CODES = new Set(['EEXIST', 'ENOTEMPTY', 'ENOTDIR'])

/** Everything written is synced; after `letGo` no file of the part is open. Returns where it stands, and the symlinks that were not made. */
export async function finishDownload(
  parts: DownloadParts,
  letGo: () => Promise<void>,
  signal: AbortSignal
): Promise<{ path: string; leftOut: string[] }> {
  const { tree, selection, standing } = parts
  const { layout } = tree
  const chosen = [...(selection ?? layout.files.keys())].filter(idx => !standing.indexes.has(idx))
  const leftOut: string[] = []
  if (!parts.isMoved && tree.base === parts.row.part) {
    for (const idx of chosen) if (layout.files[idx]!.sizeBytes === 0) tree.makeEmpty(idx)
    if (selection == null) {
      for (const folder of tree.placed.folders) tree.ensureFolder(path.join(tree.base, ...folder.path))
      leftOut.push(...makeSymlinks(tree))
    }
    await tree.markAll(chosen)
    await syncFolders(tree)
    signal.throwIfAborted()
    await letGo()
    if (!parts.isAdding) await rename(parts, signal)
  }
  await syncFolders(tree) // the name, also one that an earlier run gave
  await register(parts, chosen, signal)
  return { path: tree.base, leftOut }
}

/** The only moment at which the name appears. What was noted before lets a crash in here be finished by the next run. */
async function rename(parts: DownloadParts, signal: AbortSignal): Promise<void> {
  const { tree, row, store } = parts
  const { kind } = tree.layout
  const folder = row.directory
  for (let attempt = 1; ; attempt++) {
    const name = nextFreeName(row.name, kind, it => isTakenByOther(tree.base, path.join(folder, it)))
    const place = path.join(folder, name)
    setPlace(store.db, row.id, place)
    try {
      if (kind === 'folder')
        await tree.names.patiently(calls => calls.rename(tree.held.at(tree.base), tree.held.at(place)), signal)
      else await renameFile(tree, place, signal)
    } catch (error) {
      if (attempt < MAX_ATTEMPTS && TAKEN_CODES.has(systemCode(error) ?? '')) continue // taken since: the next name
      throw error
    }
    trace.store?.('renamed', { type: kind, attempts: attempt })
    tree.moveTo(place)
    return
  }
}

/** Unlike rename, a link never replaces what stands there. Where links cannot be made, the check just before has to do. */
async function renameFile({ base, names, held }: PartTree, to: string, signal: AbortSignal): Promise<void> {
  let isLinked = isSameInode(base, to)
  await names.patiently(calls => {
    if (isLinked) return
    if (isTaken(to)) throw Object.assign(new Error('exists'), { code: 'EEXIST' })
    try {
      calls.link(held.at(base), held.at(to))
      isLinked = true
    } catch (error) {
      if (systemCode(error) === 'EEXIST') throw error
      calls.rename(held.at(base), held.at(to))
    }
  }, signal)
  if (isLinked) await names.patiently(calls => calls.unlink(held.at(base)))
}

/** The second name that an attempt gave before it could take the first one away is the file's own. */
const isTakenByOther = (part: string, at: string): boolean => isTaken(at) && !isSameInode(part, at)

function isSameInode(part: string, at: string): boolean {
  const [one, other] = [part, at].map(it => lstatSync(it, { bigint: true, throwIfNoEntry: false }))
  return one?.isFile() === true && other != null && one.ino !== 0n && one.ino === other.ino && one.dev === other.dev
}

async function register(
  { store, row, name, tree, isAdding, standing }: DownloadParts,
  chosen: readonly number[],
  signal: AbortSignal
): Promise<void> {
  const { layout } = tree
  const files = [...standing.right]
  for (const idx of chosen) {
    if (files.length % 128 === 127) await new Promise(resolve => setImmediate(resolve))
    const at = tree.finishedPath(idx)
    const stat = tree.findStat(at)
    if (stat == null) throw new CodedError('not-writable', 'A received file was taken away. Get it again.')
    files.push({ idx, path: at, stat })
  }
  const copy = { sources: [tree.base], base: tree.base, files, isMore: isAdding }
  await store.putCopy({ layout, name, origin: 'received' }, copy, signal, () =>
    forgetDownload(store.db, rootText(layout.root), row.id)
  )
  await store.dropForgottenDownloads(signal).catch(() => {}) // it is finished; an hourly look takes away what stays
  trace.store?.('finished', { root: rootText(layout.root), files: files.length })
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
      symlinkSync(symlink.target, tree.held.at(at))
    } catch (error) {
      const isThere =
        systemCode(error) === 'EEXIST' && lstatSync(at).isSymbolicLink() && readlinkSync(at) === symlink.target
      if (!isThere) throw error
    }
  })
  return leftOut
}

/**
 * Removes the files and folders that the download made; what else is in there stays, and so do the folders around it. `ours`: it added to a folder that
 * was finished, and wrote these files; one that has another stat now is somebody else's.
 */
export async function removePart(tree: PartTree, ours?: ReadonlyMap<number, Uint8Array>): Promise<void> {
  const { layout, placed, base } = tree
  if (layout.kind === 'file') {
    await remove(tree, base, 'unlink')
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
  for (const idx of ours?.keys() ?? layout.files.keys()) {
    if (idx % 256 === 255) await new Promise(resolve => setImmediate(resolve))
    const at = tree.finishedPath(idx)
    if (!noteFolder(path.dirname(at))) continue
    const [stat, left] = [tree.findStat(at), ours?.get(idx)]
    if (left == null || (stat != null && isSameFile(stat, left))) await remove(tree, at, 'unlink')
    await remove(tree, tree.unfinishedPath(idx), 'unlink')
  }
  if (ours != null) folders.delete(base)
  if (ours != null) return removeEmpty(tree, folders)
  for (const symlink of placed.symlinks) {
    const at = path.join(base, ...symlink.path)
    if (noteFolder(path.dirname(at)) && lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink())
      await remove(tree, at, 'unlink')
  }
  for (const folder of placed.folders) noteFolder(path.join(base, ...folder.path))
  noteFolder(base)
  await removeEmpty(tree, folders)
}

async function removeEmpty(tree: PartTree, folders: ReadonlySet<string>): Promise<void> {
  for (const at of [...folders].toSorted((a, b) => b.length - a.length)) await remove(tree, at, 'rmdir')
}

/** Never by way of a symlink that was put in place of a folder: what is behind it is not ours. */
async function remove({ names, held }: PartTree, at: string, how: 'unlink' | 'rmdir'): Promise<void> {
  try {
    await names.patiently((calls: NameCalls) => calls[how](held.at(at)))
  } catch (error) {
    if (codeOf(error) === 'unsafe-name') return
    const code = systemCode(error)
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw codedWrite(error)
  }
}
