// What of an earlier run can be kept (DESIGN.md, "Crash rules", R2): durable leaves of files that are as they were left, and every leaf of the
// extents that were being written when it ended, if it hashes right.
import type { Layout } from '../content/layout.ts'
import { Bitset } from '../bitset.ts'
import { together } from '../together.ts'
import type { Steps } from '../turns.ts'
import type { Db } from './db.ts'
import { dirtyExtents, durableLeaves, partFiles } from './download-repo.ts'
import { hasDigest, isLeaf } from './hashed-read.ts'
import type { PartTree } from './part-tree.ts'
import { isSameFile, packedSize } from './stat.ts'

export interface Resumed {
  /** Synced and trusted. */
  readonly durable: Bitset
  /** Durable before, but no longer to be trusted or found. */
  readonly lost: number[]
  /** Hashed just now and right, not noted as durable yet. */
  readonly written: number[]
  readonly dirty: number[]
  /** Files that stand there with all or some of their leaves. */
  readonly files: number[]
}

const IN_FLIGHT = 4
const STEP_LEAVES = 65_536 // of which little is looked at

/** Looks at every file that has something, and tells the tree under which name it stands. `isMine`: of files that may be looked at; absent: all. */
export async function resume(
  db: Db,
  id: number,
  tree: PartTree,
  signal: AbortSignal,
  isMine: (idx: number) => boolean = () => true
): Promise<Resumed> {
  const { layout } = tree
  const durable = durableLeaves(db, id, layout.leafCount)
  const dirty = dirtyExtents(db, id).filter(extent => extent < layout.extents.length - 1)
  const stats = partFiles(db, id)
  const doubtful = new Set<number>() // ordinals
  for (const extent of dirty) {
    for (let i = layout.extents[extent]!; i < layout.extents[extent + 1]!; i++) {
      if (!durable.has(i) && isMine(layout.fileIndexOf(i))) doubtful.add(i)
    }
  }
  const touched = new Set(Array.from(doubtful, ordinal => layout.fileIndexOf(ordinal)))
  const known = new Set([...touched, ...stats.keys()].filter(idx => idx < layout.files.length && isMine(idx)))
  const lost: number[] = []
  const files: number[] = []
  const doubt = (idx: number, isThere: boolean): void => {
    const { start, end } = layout.files[idx]!
    for (let i = start; i < end; i++) {
      if (durable.delete(i)) lost.push(i)
      if (isThere) doubtful.add(i)
      else doubtful.delete(i)
    }
  }
  let looked = 0
  for (const idx of known) {
    if (++looked % 256 === 0) await new Promise(resolve => setImmediate(resolve))
    signal.throwIfAborted()
    const stat = tree.look(idx)
    if (stat != null) files.push(idx)
    if (stat == null || !isAsLeft(stat, stats.get(idx), touched.has(idx), layout.files[idx]!.sizeBytes)) {
      doubt(idx, stat != null)
    }
  }
  // what was noted of a file may be lost in a power cut while its own name is not: then it stood in the way of what is written anew
  for (const [idx, { sizeBytes }] of layout.files.entries()) {
    if (layout.kind === 'file' || sizeBytes === 0 || known.has(idx) || !isMine(idx)) continue
    if (++looked % 256 === 0) await new Promise(resolve => setImmediate(resolve))
    signal.throwIfAborted()
    if (tree.look(idx) == null || !tree.isFinished(idx)) continue
    files.push(idx)
    doubt(idx, true)
  }
  const written = await rehash(tree, layout, [...doubtful], signal)
  return { durable, lost, written, dirty, files }
}

/** Everybody has the empty leaf. One that only claims to be empty has another digest: it is asked for, and found out. */
export function* markEmpty(layout: Layout, have: Bitset): Steps<void> {
  const empty = new Uint8Array(0)
  for (let i = 0; i < layout.leafCount; i++) {
    if (layout.leafBytes(i) === 0 && hasDigest(empty, layout.digest(i))) have.add(i)
    if (i % STEP_LEAVES === STEP_LEAVES - 1) yield
  }
}

/** Takes its own name from every file that turned out not to be whole. Throws the system's errors. */
export async function settleNames(
  tree: PartTree,
  { durable, written, files }: Resumed,
  signal: AbortSignal
): Promise<void> {
  const have = new Bitset(durable.size, durable.bytes)
  for (const ordinal of written) have.add(ordinal)
  for (const idx of files) {
    const { start, end } = tree.layout.files[idx]!
    if (tree.isFinished(idx) && have.nextClear(start) < end) await tree.nameUnfinished(idx, signal)
  }
}

/** A file that was being written when the run ended has another mtime; its durable leaves were synced before. */
function isAsLeft(stat: Uint8Array, left: Uint8Array | undefined, isTouched: boolean, sizeBytes: number): boolean {
  if (left != null && isSameFile(left, stat)) return true
  return isTouched && packedSize(stat) === sizeBytes
}

async function rehash(tree: PartTree, layout: Layout, ordinals: number[], signal: AbortSignal): Promise<number[]> {
  const right: number[] = []
  let next = 0
  await together(IN_FLIGHT, async isOver => {
    while (next < ordinals.length && !isOver()) {
      const ordinal = ordinals[next++]!
      signal.throwIfAborted()
      if (ordinal % 16 === 0) await new Promise(resolve => setImmediate(resolve))
      const length = layout.leafBytes(ordinal)
      const read = await tree
        .read(layout.fileIndexOf(ordinal), layout.leafOffset(ordinal), length)
        .catch(() => undefined)
      if (!isLeaf(read, length, layout.digest(ordinal))) continue
      // written again: when a sync of it failed the system tells once, and a later one says nothing of bytes that the disk does not have
      const isKept = await tree.rewrite(layout.fileIndexOf(ordinal), layout.leafOffset(ordinal), read.bytes)
      if (isKept) right.push(ordinal)
    }
  })
  return right
}
