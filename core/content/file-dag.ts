// Files as blocks: the balanced layout of boxo at 1,024 links a block. Every level is filled from the left; one leaf alone is the root.

import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { CodedError } from '../errors.ts'
import type { Dag } from './dag.ts'
import { DIGEST_BYTES, leafDag, nodeDag } from './dag.ts'
import { CHUNK_BYTES, MAX_NODES_AND_LEAVES } from './limits.ts'

const FILE = 2 // UnixFS spec, enum DataType
const WIDTH = 1024 // IPIP-0499, unixfs-v1-2025

/** A hashed file. `digests`: 32 bytes of sha2-256 for each chunk of `CHUNK_BYTES`, in order; an empty file has one, of the empty leaf. */
export interface FileLeaves {
  readonly digests: Uint8Array
  readonly sizeBytes: number
}

/** The DAG of a file of at most one chunk, which is its leaf; undefined for a bigger one. */
export function oneLeafDag({ digests, sizeBytes }: FileLeaves): Dag | undefined {
  return sizeBytes <= CHUNK_BYTES && digests.length === DIGEST_BYTES ? leafDag(digests, sizeBytes) : undefined
}

/** The DAG of a file, a step for each block of a big one. Throws `too-large` for a file over 4 M leaves, `internal` when digests and size do not fit each other. */
export function* fileSteps({ digests, sizeBytes }: FileLeaves): Generator<void, Dag> {
  const leafCount = Math.max(1, Math.ceil(sizeBytes / CHUNK_BYTES))
  if (leafCount > MAX_NODES_AND_LEAVES) {
    throw new CodedError('too-large', `A file of ${sizeBytes} bytes is too big to be shared`)
  }
  if (digests.length !== leafCount * DIGEST_BYTES) {
    throw new CodedError('internal', `${digests.length} bytes of digests do not fit a file of ${sizeBytes} bytes`)
  }
  const leaf = (ordinal: number): Sized => {
    const bytes = Math.min(CHUNK_BYTES, sizeBytes - ordinal * CHUNK_BYTES)
    const digest = digests.subarray(ordinal * DIGEST_BYTES, (ordinal + 1) * DIGEST_BYTES)
    return { dag: leafDag(digest, bytes), fileBytes: bytes }
  }
  if (leafCount === 1) return leaf(0).dag

  let level: Sized[] = []
  for (let first = 0; first < leafCount; first += WIDTH) {
    const count = Math.min(WIDTH, leafCount - first)
    level.push(joined(Array.from({ length: count }, (_, i) => leaf(first + i))))
    if (count === WIDTH) yield
  }
  while (level.length > 1) {
    const above: Sized[] = []
    for (let first = 0; first < level.length; first += WIDTH) above.push(joined(level.slice(first, first + WIDTH)))
    level = above
  }
  const [root] = level
  if (root == null) throw new CodedError('internal', 'A file came out without a root')
  return root.dag
}

/** A DAG and the bytes of the file below it. */
interface Sized {
  readonly dag: Dag
  readonly fileBytes: number
}

function joined(children: readonly Sized[]): Sized {
  const fileBytes = children.reduce((sum, child) => sum + child.fileBytes, 0)
  const links = children.map(({ dag }) => ({ name: '', dag }))
  return { dag: nodeDag(fileData(fileBytes, children), links), fileBytes }
}

/**
 * UnixFS spec, "Data Format": Type = File, filesize, blocksizes. Not by ipfs-unixfs: what protons-runtime 7.1 writes for a number
 * whose bit 31 is set (2 GiB, 10 GiB) is not that number.
 */
function fileData(fileBytes: number, children: readonly Sized[]): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.Varint).uint32(FILE).tag(3, WireType.Varint).uint64(fileBytes)
  for (const child of children) writer.tag(4, WireType.Varint).uint64(child.fileBytes)
  return writer.finish()
}
