// Folders as blocks: one directory block while it is small, else a HAMT (UnixFS spec, "HAMT Sharded Directory").

import { murmur364 } from '@multiformats/murmur3'
import { UnixFS } from 'ipfs-unixfs'
import { CodedError } from '../errors.ts'
import type { Dag, DagLink } from './dag.ts'
import { linkBytes, nodeDag } from './dag.ts'
import { MAX_FOLDER_ENTRIES, MAX_HAMT_DEPTH } from './limits.ts'

const FANOUT = 256 // IPIP-0499, unixfs-v1-2025
const MURMUR3_X64_64 = 0x22n // multicodec table
/** A directory whose block would be longer than this is sharded. IPIP-0499: "block-bytes", strictly more. */
const SHARD_ABOVE_BYTES = 262_144

/** A named entry; `nameBytes` is its name in UTF-8. */
export interface FolderEntry extends DagLink {
  readonly nameBytes: Buffer
}

/** The DAG of a folder with these entries, in any order; sorts the array. Throws `too-large`. */
export function folderDag(entries: FolderEntry[]): Dag {
  if (entries.length > MAX_FOLDER_ENTRIES) {
    throw new CodedError(
      'too-large',
      `A folder has ${entries.length} entries; at most ${MAX_FOLDER_ENTRIES} can be shared`
    )
  }
  if (directoryBytes(entries) <= SHARD_ABOVE_BYTES) {
    entries.sort((a, b) => Buffer.compare(a.nameBytes, b.nameBytes))
    return nodeDag(new UnixFS({ type: 'directory' }).marshal(), entries)
  }
  const hashed = entries.map(entry => ({ entry, hash: murmur(entry.nameBytes) }))
  hashed.sort((a, b) => Buffer.compare(a.hash, b.hash))
  return shardDag(hashed, 0, hashed.length, 0)
}

/** Length of the directory block that would hold these entries. */
function directoryBytes(entries: readonly FolderEntry[]): number {
  let bytes = 4 // the data field: two bytes of UnixFS that say "directory"
  for (const { nameBytes, dag } of entries) bytes += linkBytes(nameBytes.length, dag.dagBytes)
  return bytes
}

interface Hashed {
  readonly entry: FolderEntry
  readonly hash: Uint8Array
}

/**
 * One level of the HAMT, of entries [from, to), sorted by hash: byte `depth` of a name's hash is its slot; a slot wanted by
 * several names becomes a level of its own.
 */
function shardDag(entries: readonly Hashed[], from: number, to: number, depth: number): Dag {
  if (depth >= MAX_HAMT_DEPTH) {
    throw new CodedError(
      'too-large',
      'Two names in one folder have the same hash; rename one of them to share the folder'
    )
  }
  const links: DagLink[] = []
  const bits = new Uint8Array(FANOUT / 8)
  for (let first = from, next = from; first < to; first = next) {
    const slot = entries[first]?.hash[depth] ?? 0
    while (next < to && entries[next]?.hash[depth] === slot) next++
    const prefix = slot.toString(16).toUpperCase().padStart(2, '0')
    const only = next === first + 1 ? entries[first]?.entry : undefined
    if (only == null) links.push({ name: prefix, dag: shardDag(entries, first, next, depth + 1) })
    else links.push({ name: prefix + only.name, dag: only.dag })
    bits[bits.length - 1 - (slot >>> 3)]! |= 1 << (slot & 7) // slot < FANOUT
  }
  const data = bits.subarray(bits.findIndex(byte => byte !== 0)) // one big-endian number, as boxo writes it
  const type = 'hamt-sharded-directory'
  return nodeDag(new UnixFS({ type, data, fanout: BigInt(FANOUT), hashType: MURMUR3_X64_64 }).marshal(), links)
}

function murmur(bytes: Uint8Array): Uint8Array {
  return murmur364.encode(bytes) as Uint8Array // typed as perhaps a promise because hashers may be; this one is not
}
