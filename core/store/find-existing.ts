// Tells whether a place already holds exactly this content, so that nothing needs to be fetched.
import { lstatSync, type Stats, readdirSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import type { Layout } from '../content/layout.ts'
import { platformOf } from '../files/safe-name.ts'
import { staysInside } from '../files/safe-path.ts'
import { OpenFiles } from './open-files.ts'
import { PartTree } from './part-tree.ts'
import { verifyFile } from './read-leaf.ts'
import { FILE } from './share-repo.ts'
import { packedSize } from './stat.ts'
import type { Store } from './store.ts'
import { codedWrite } from './write-error.ts'

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
  const tree = new PartTree(layout, at, platformOf(process.platform), store.threads)
  if (layout.kind === 'folder' && !hasSameEntries(tree)) return undefined
  await using files = new OpenFiles(store.threads)
  const found: { idx: number; path: string; stat: Uint8Array }[] = []
  for (const [idx, { start, end, sizeBytes }] of layout.files.entries()) {
    signal.throwIfAborted()
    const file = tree.finishedPath(idx)
    const stat = tree.findStat(file)
    if (stat === undefined || packedSize(stat) !== sizeBytes) return undefined
    found.push({ idx, path: file, stat })
    const row = { copyId: 0, idx, path: file, first: start, leaves: end - start, sizeBytes, stat, state: FILE.clean }
    if (idx % 64 === 63) await new Promise(resolve => setImmediate(resolve))
    if ((await verifyFile(files, row, layout, stat, signal)) !== FILE.clean) return undefined
  }
  store.putCopy(layout, name, 'received', { sources: [at], base: at, files: found })
  return { path: at }
}

/** Not followed when it is a symlink. Throws `not-writable` when nothing can stand there. */
export function whatStandsAt(at: string): Stats | undefined {
  try {
    return lstatSync(at, { throwIfNoEntry: false })
  } catch (err) {
    throw codedWrite(err)
  }
}

/** The same files, folders and symlinks, none missing and none besides. */
function hasSameEntries(tree: PartTree): boolean {
  const { placed, layout, base } = tree
  const symlinks = layout.symlinks.flatMap(({ path: names, target }, i) =>
    staysInside(names, target) ? [{ at: path.join(base, ...placed.symlinks[i]!.path), target }] : []
  )
  const expected = new Set([
    ...layout.files.map((_, idx) => tree.finishedPath(idx)),
    ...placed.folders.map(folder => path.join(base, ...folder.path)),
    ...symlinks.map(it => it.at)
  ])
  const entries = readdirSync(base, { recursive: true, withFileTypes: true })
  return (
    entries.length === expected.size &&
    entries.every(entry => expected.has(path.join(entry.parentPath, entry.name))) &&
    symlinks.every(({ at, target }) => lstatSync(at).isSymbolicLink() && readlinkSync(at) === target)
  )
}
