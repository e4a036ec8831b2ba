// Makes the DAG of a tree whose files were hashed already: profile unixfs-v1-2025 (IPIP-0499), so the root is the CID that
// Kubo and Helia give the same content. Leaves are only digests here; nothing reads a file.

import { UnixFS } from 'ipfs-unixfs'
import { CodedError } from '../errors.ts'
import type { Dag } from './dag.ts'
import { cidOf, digestKey, nodeDag } from './dag.ts'
import type { FileLeaves } from './file-dag.ts'
import { fileSteps, oneLeafDag } from './file-dag.ts'
import type { FolderEntry } from './folder-dag.ts'
import { folderSteps } from './folder-dag.ts'
import type { CID } from 'multiformats/cid'
import type { Layout } from './layout.ts'
import { rawRootLayout } from './layout.ts'
import { CHUNK_BYTES, MAX_NESTING, MAX_PATH_BYTES } from './limits.ts'
import { nameBytes } from './name.ts'
import { SkeletonReader } from './skeleton.ts'
import { atOnce } from '../turns.ts'

export { CHUNK_BYTES }
export type { FileLeaves }

/** What is shared: entries by name; a symlink's target is kept as it is. */
export type SourceTree =
  | { kind: 'file'; leaves: FileLeaves }
  | { kind: 'folder'; entries: Map<string, SourceTree> }
  | { kind: 'symlink'; target: string }

/** `skeleton`: the skeleton stream (PROTOCOL.md, "Ordinals"), cut between its blocks; empty when the root is a leaf. */
export interface Built {
  readonly root: CID
  readonly skeleton: readonly Uint8Array[]
  readonly layout: Layout
}

/**
 * The root, the skeleton and the layout of a tree. What was built is read back as a stranger's skeleton is, so everything that
 * can be shared can be fetched. Throws `too-large` and `unsafe-name` (DESIGN.md, "Limits of content"), `unsupported-layout` for a lone symlink.
 */
export function buildDag(tree: SourceTree): Built {
  return atOnce(buildSteps(tree))
}

const STEP_ENTRIES = 1_024
const STEP_BYTES = 64 * 1024 // of skeleton read back

/** The same in steps, for who has other things to do: about a thousand entries of folders, a thousand leaves of a file, or 64 KiB of skeleton each. */
export function* buildSteps(tree: SourceTree): Generator<void, Built> {
  const dag = yield* dagOf(tree, 0, 0, { entries: 0 })
  const root = cidOf(dag)
  const skeleton = yield* skeletonSteps(dag)
  const isLeaf = tree.kind === 'file' && dag.framed == null
  if (isLeaf) return { root, skeleton, layout: rawRootLayout(root, tree.leaves.sizeBytes) }
  const reader = new SkeletonReader(root)
  let bytes = 0
  for (const piece of skeleton) {
    reader.push(piece)
    bytes += piece.length
    if (bytes < STEP_BYTES) continue
    bytes = 0
    yield
  }
  return { root, skeleton, layout: reader.layout() }
}

/** `depth` folders and `pathBytes` of path are above `tree`: checked on the way down, because what comes back up is finished. */
function* dagOf(tree: SourceTree, depth: number, pathBytes: number, step: { entries: number }): Generator<void, Dag> {
  switch (tree.kind) {
    case 'file':
      return yield* fileSteps(tree.leaves)
    case 'symlink':
      return symlinkDag(tree.target)
    case 'folder': {
      if (depth > MAX_NESTING) throw new CodedError('too-large', `Folders are nested more than ${MAX_NESTING} deep`)
      const entries: FolderEntry[] = []
      for (const [name, entry] of tree.entries) {
        const bytes = nameBytes(name)
        const below = pathBytes + bytes.length + (depth === 0 ? 0 : 1)
        if (below > MAX_PATH_BYTES) throw new CodedError('too-large', `A path is longer than ${MAX_PATH_BYTES} bytes`)
        const leaf = entry.kind === 'file' ? oneLeafDag(entry.leaves) : undefined // most files: without steps
        entries.push({ name, nameBytes: bytes, dag: leaf ?? (yield* dagOf(entry, depth + 1, below, step)) })
        if (++step.entries % STEP_ENTRIES === 0) yield
      }
      return yield* folderSteps(entries)
    }
    default:
      return tree satisfies never
  }
}

function symlinkDag(target: string): Dag {
  if (!target.isWellFormed() || target === '' || target.includes('\0')) {
    throw new CodedError(
      'unsafe-name',
      'A symlink has a target that is empty or not valid text; remove it and share again'
    )
  }
  const data = Buffer.from(target)
  if (data.length > MAX_PATH_BYTES)
    throw new CodedError('too-large', `A symlink's target is longer than ${MAX_PATH_BYTES} bytes`)
  return nodeDag(new UnixFS({ type: 'symlink', data }).marshal(), [])
}

/** `uvarint length | block` of every dag-pb block at its first visit, depth first, root first. */
function* skeletonSteps(root: Dag): Generator<void, Uint8Array[]> {
  const stream: Uint8Array[] = []
  const seen = new Set<string>()
  const open = [root]
  for (let dag = open.pop(); dag != null; dag = open.pop()) {
    const key = digestKey(dag.digest)
    if (dag.framed == null || seen.has(key)) continue
    seen.add(key)
    stream.push(dag.framed)
    for (let i = dag.below.length - 1; i >= 0; i--) open.push(dag.below[i]!) // within the bounds of the loop
    if (stream.length % STEP_ENTRIES === 0) yield
  }
  return stream
}
