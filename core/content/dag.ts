// A DAG under construction: blocks encoded as dag-pb with UnixFS data, named by CIDv1 and sha2-256, links first (dag-pb spec, "Serial Format").

import { hash } from 'node:crypto'
import { encode } from '@ipld/dag-pb'
import type { UnixFS } from 'ipfs-unixfs'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { DAG_PB, RAW } from '../cid.ts'
import { CodedError } from '../errors.ts'
import { MAX_BLOCK_BYTES } from './limits.ts'

const SHA2_256 = 0x12 // multicodec table
export const DIGEST_BYTES = 32

/** A block and what hangs from it. Of many thousands at once, so the digest stands for the CID. */
export interface Dag {
  /** sha2-256 of the block, 32 bytes; of a leaf, a view of what the caller gave. */
  readonly digest: Uint8Array
  /** Bytes of all blocks from here down, a repeated one counted each time: the Tsize of a link to it. */
  readonly dagBytes: number
  /** The dag-pb block; undefined for a leaf, of which only the digest is known. */
  readonly block: Uint8Array | undefined
  /** The dag-pb DAGs it links to, in the order of its links. */
  readonly below: readonly Dag[]
}

export interface DagLink {
  readonly name: string
  readonly dag: Dag
}

const NOTHING: readonly Dag[] = []

/** The leaf of this digest, of which a view is kept, and length. */
export function leafDag(digest: Uint8Array, sizeBytes: number): Dag {
  return { digest, dagBytes: sizeBytes, block: undefined, below: NOTHING }
}

/** Encodes one block. Links must be sorted by the bytes of their names. Throws `too-large` for a block over 2 MiB. */
export function nodeDag(data: UnixFS, links: readonly DagLink[]): Dag {
  const block = encode({
    Data: data.marshal(),
    Links: links.map(({ name, dag }) => ({ Hash: cidOf(dag), Name: name, Tsize: dag.dagBytes }))
  })
  if (block.length > MAX_BLOCK_BYTES) {
    throw new CodedError(
      'too-large',
      `A block of ${block.length} bytes would be needed; at most ${MAX_BLOCK_BYTES} are allowed`
    )
  }
  const below: Dag[] = []
  let dagBytes = block.length
  for (const { dag } of links) {
    dagBytes += dag.dagBytes
    if (dag.block !== undefined) below.push(dag)
  }
  return { digest: hash('sha256', block, 'buffer'), dagBytes, block, below: below.length === 0 ? NOTHING : below }
}

export function cidOf({ block, digest }: Dag): CID {
  return CID.createV1(block === undefined ? RAW : DAG_PB, createDigest(SHA2_256, digest))
}

/** A digest as a key of a Map or Set: one character a byte. */
export function digestKey(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString('latin1')
}
