// Tells whether a place already holds exactly this content, so that nothing needs to be fetched.
import { type Dir, lstatSync, opendirSync, readlinkSync, type Stats } from 'node:fs'
import path from 'node:path'
import type { Layout } from '../content/layout.ts'
import { isDataDir } from '../files/data-dirs.ts'
import { staysInside } from '../files/safe-path.ts'
import { SourceReader } from './source-reader.ts'
import { PartTree } from './part-tree.ts'
import { verifyFile } from './read-leaf.ts'
import { FILE } from './share-repo.ts'
import { packedSize } from './stat.ts'
import type { Store } from './store.ts'
import { codedWrite } from '../files/write-error.ts'

const YIELD_EVERY = 64 // files or entries

/**
 * When `directory/name` is this content, byte for byte and with nothing besides, keeps it as a received share and returns its
 * path. Everything in it is hashed, but only after sizes and names were found to fit. Throws `not-writable`.
 */
export async function findExisting(
  store: Store,
  options: { layout: Layout; name: string; directory: string },
  signal: AbortSignal
): Promise<{ path: string } | undefined> {
  const { layout, name } = options
  const at = path.join(options.directory, name)
  const stats = whatStandsAt(at)
  if (!(layout.kind === 'folder' ? stats?.isDirectory() : stats?.isFile())) return undefined
  const rules = await store.destinations.of(options.directory)
  const tree = await PartTree.open({ layout, base: at, rules, threads: store.threads })
  if (layout.kind === 'folder' && !(await hasSameEntries(tree, signal))) return undefined
  const folders = new Set(layout.files.map((_, idx) => path.dirname(tree.finishedPath(idx))))
  for (const folder of folders) if (isDataDir(own => path.join(folder, own))) return undefined // shared it never is
  const found: { idx: number; path: string; stat: Uint8Array }[] = []
  for (const [idx, { sizeBytes }] of layout.files.entries()) {
    if (idx % YIELD_EVERY === YIELD_EVERY - 1) await breathe(signal)
    const file = tree.finishedPath(idx)
    const stat = tree.findStat(file)
    if (stat == null || packedSize(stat) !== sizeBytes) return undefined
    found.push({ idx, path: file, stat })
  }
  await using files = new SourceReader(store.threads)
  for (const { idx, path: file, stat } of found) {
    if (idx % YIELD_EVERY === YIELD_EVERY - 1) await breathe(signal)
    signal.throwIfAborted()
    const { start, end, sizeBytes } = layout.files[idx]!
    const place = { copyId: 0, idx, base: at, path: file }
    const row = { ...place, first: start, leaves: end - start, sizeBytes, stat, state: FILE.clean }
    if ((await verifyFile(files, row, layout, stat, signal)) !== FILE.clean) return undefined
  }
  await store.putCopy({ layout, name, origin: 'received' }, { sources: [at], base: at, files: found }, signal)
  return { path: at }
}

/** Not followed when it is a symlink. Throws `not-writable` when nothing can stand there. */
export function whatStandsAt(at: string): Stats | undefined {
  try {
    return lstatSync(at, { throwIfNoEntry: false })
  } catch (error) {
    throw codedWrite(error)
  }
}

async function breathe(signal: AbortSignal): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
  signal.throwIfAborted()
}

/** The same files, folders and symlinks, none missing and none besides. Reads no more entries than are expected, and one. */
async function hasSameEntries(tree: PartTree, signal: AbortSignal): Promise<boolean> {
  const { placed, layout, base } = tree
  const folders = new Set(placed.folders.map(folder => path.join(base, ...folder.path)))
  const files = new Set(layout.files.map((_, idx) => tree.finishedPath(idx)))
  const symlinks = new Map(
    layout.symlinks.flatMap(({ path: names, target }, i) =>
      staysInside(names, target) ? [[path.join(base, ...placed.symlinks[i]!.path), target]] : []
    )
  )
  let seen = 0
  for (const waiting = [base]; waiting.length > 0;) {
    const folder = waiting.pop()!
    using open = openFolder(folder)
    if (open == null) return false
    for (let entry = open.dir.readSync(); entry != null; entry = open.dir.readSync()) {
      if (++seen % YIELD_EVERY === 0) await breathe(signal)
      const at = path.join(folder, entry.name)
      const isExpected = entry.isDirectory()
        ? folders.has(at)
        : entry.isFile()
          ? files.has(at)
          : entry.isSymbolicLink() && symlinks.has(at) && readlinkSync(at) === symlinks.get(at)
      if (!isExpected) return false
      if (entry.isDirectory()) waiting.push(at)
    }
  }
  return seen === folders.size + files.size + symlinks.size
}

/** Undefined when it cannot be read: then it is not known to be the content. */
function openFolder(at: string): ({ readonly dir: Dir } & Disposable) | undefined {
  try {
    const dir = opendirSync(at)
    return { dir, [Symbol.dispose]: () => dir.closeSync() }
  } catch {
    return undefined
  }
}
