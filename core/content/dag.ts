// A DAG under construction: blocks as dag-pb with UnixFS data, named by CIDv1 and sha2-256. The encoder writes what
// @ipld/dag-pb would, links first (dag-pb spec, "Serial Format"), without an object for every CID: a share may have millions.

import { hash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { DAG_PB, RAW } from '../cid.ts'
import { CodedError } from '../errors.ts'
import { MAX_BLOCK_BYTES } from './limits.ts'

const SHA2_256 = 0x12 // multicodec table
export const DIGEST_BYTES = 32
const CID_BYTES = 4 + DIGEST_BYTES // version, codec, hash function and digest length are one byte each

/** A block and what hangs from it. */
export interface Dag {
  /** sha2-256 of the block, 32 bytes; of a leaf, a view of what the caller gave. */
  readonly digest: Uint8Array
  /** Bytes of all blocks from here down, a repeated one counted each time: the Tsize of a link to it. */
  readonly dagBytes: number
  /** `uvarint length | block` of the dag-pb block, as in the skeleton; undefined for a leaf, of which only the digest is known. */
  readonly framed: Uint8Array | undefined
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
  return { digest, dagBytes: sizeBytes, framed: undefined, below: NOTHING }
}

/** Encodes one block; `data` is its UnixFS. Links must be sorted by the bytes of their names. Throws `too-large` for a block over 2 MiB. */
export function nodeDag(data: Uint8Array, links: readonly DagLink[]): Dag {
  const nameLengths = links.map(({ name }) => Buffer.byteLength(name))
  let length = fieldBytes(data.length)
  links.forEach(({ dag }, i) => (length += linkBytes(nameLengths[i] ?? 0, dag.dagBytes)))
  if (length > MAX_BLOCK_BYTES) {
    throw new CodedError(
      'too-large',
      `A block of ${length} bytes would be needed; at most ${MAX_BLOCK_BYTES} are allowed`
    )
  }
  const framed = Buffer.allocUnsafe(varintBytes(length) + length)
  const start = writeVarint(framed, 0, length)
  let at = start
  links.forEach((link, i) => (at = writeLink(framed, at, link, nameLengths[i] ?? 0)))
  at = writeVarint(framed, writeByte(framed, at, 0x0a), data.length)
  framed.set(data, at)

  const below: Dag[] = []
  let dagBytes = length
  for (const { dag } of links) {
    dagBytes += dag.dagBytes
    if (dag.framed != null) below.push(dag)
  }
  const digest = hash('sha256', framed.subarray(start), 'buffer')
  return { digest, dagBytes, framed, below: below.length === 0 ? NOTHING : below }
}

/** The CID, with a copy of the digest. */
export function cidOf({ framed, digest }: Dag): CID {
  return CID.createV1(framed == null ? RAW : DAG_PB, createDigest(SHA2_256, Uint8Array.from(digest)))
}

/** A digest as a key of a Map or Set: one character a byte. */
export function digestKey(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString('latin1')
}

/** What a link adds to the length of a block, with a name of so many bytes. */
export function linkBytes(nameLength: number, dagBytes: number): number {
  return fieldBytes(linkContentBytes(nameLength, dagBytes))
}

function linkContentBytes(nameLength: number, dagBytes: number): number {
  return fieldBytes(CID_BYTES) + fieldBytes(nameLength) + 1 + varintBytes(dagBytes)
}

/** Length of a protobuf field of so many bytes, with its tag and length. */
function fieldBytes(length: number): number {
  return 1 + varintBytes(length) + length
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++
  return bytes
}

/** Hash, Name (the empty one too) and Tsize; returns where it ends, as all writers here do. */
function writeLink(into: Buffer, start: number, { name, dag }: DagLink, nameLength: number): number {
  let at = writeVarint(into, writeByte(into, start, 0x12), linkContentBytes(nameLength, dag.dagBytes))
  for (const byte of [0x0a, CID_BYTES, 1, dag.framed == null ? RAW : DAG_PB, SHA2_256, DIGEST_BYTES]) {
    at = writeByte(into, at, byte)
  }
  into.set(dag.digest, at)
  at = writeVarint(into, writeByte(into, at + DIGEST_BYTES, 0x12), nameLength)
  at += into.write(name, at)
  return writeVarint(into, writeByte(into, at, 0x18), dag.dagBytes)
}

function writeByte(into: Buffer, at: number, byte: number): number {
  into[at] = byte
  return at + 1
}

function writeVarint(into: Buffer, start: number, value: number): number {
  let at = start
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) into[at++] = (rest % 128) + 128
  into[at++] = rest
  return at
}
