// Files as blocks: the balanced layout of boxo at 1,024 links a block. Every level is filled from the left; one leaf alone is the root.

import { UnixFS } from 'ipfs-unixfs'
import { CodedError } from '../errors.ts'
import type { Dag } from './dag.ts'
import { DIGEST_BYTES, leafDag, nodeDag } from './dag.ts'
import { CHUNK_BYTES, MAX_NODES_AND_LEAVES } from './limits.ts'

const WIDTH = 1024 // IPIP-0499, unixfs-v1-2025

/** A hashed file. `digests`: 32 bytes of sha2-256 for each chunk of `CHUNK_BYTES`, in order; an empty file has one, of the empty leaf. */
export interface FileLeaves {
  readonly digests: Uint8Array
  readonly sizeBytes: number
}

/** The DAG of a file. Throws `too-large` for a file over 4 M leaves, `internal` when digests and size do not fit each other. */
export function fileDag({ digests, sizeBytes }: FileLeaves): Dag {
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
  }
  while (level.length > 1) {
    const above: Sized[] = []
    for (let first = 0; first < level.length; first += WIDTH) above.push(joined(level.slice(first, first + WIDTH)))
    level = above
  }
  const [root] = level
  if (root === undefined) throw new CodedError('internal', 'A file came out without a root')
  return root.dag
}

/** A DAG and the bytes of the file below it. */
interface Sized {
  readonly dag: Dag
  readonly fileBytes: number
}

function joined(children: readonly Sized[]): Sized {
  const data = new UnixFS({ type: 'file', blockSizes: children.map(child => BigInt(child.fileBytes)) })
  const fileBytes = children.reduce((sum, child) => sum + child.fileBytes, 0)
  return {
    dag: nodeDag(
      data,
      children.map(({ dag }) => ({ name: '', dag }))
    ),
    fileBytes
  }
}
