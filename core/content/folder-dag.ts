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

const STEP_ENTRIES = 1_024

/** The DAG of a folder with these entries, in any order, a step for about a thousand entries of a big one; sorts the array. Throws `too-large`. */
export function* folderSteps(entries: FolderEntry[]): Generator<void, Dag> {
  if (entries.length > MAX_FOLDER_ENTRIES) {
    throw new CodedError(
      'too-large',
      `A folder has ${entries.length} entries; at most ${MAX_FOLDER_ENTRIES} can be shared`
    )
  }
  if (fitsOneBlock(entries)) {
    entries.sort((a, b) => Buffer.compare(a.nameBytes, b.nameBytes))
    return nodeDag(new UnixFS({ type: 'directory' }).marshal(), entries)
  }
  const hashed: Hashed[] = []
  for (const entry of entries) {
    hashed.push({ entry, hash: murmur(entry.nameBytes) })
    if (hashed.length % STEP_ENTRIES === 0) yield
  }
  return yield* shardSteps(hashed, 0, { entries: 0 })
}

/** Whether the directory block that would hold these entries is short enough. */
function fitsOneBlock(entries: readonly FolderEntry[]): boolean {
  let bytes = 4 // the data field: two bytes of UnixFS that say "directory"
  for (const { nameBytes, dag } of entries) {
    bytes += linkBytes(nameBytes.length, dag.dagBytes)
    if (bytes > SHARD_ABOVE_BYTES) return false
  }
  return true
}

interface Hashed {
  readonly entry: FolderEntry
  readonly hash: Uint8Array
}

/** One level of the HAMT: byte `depth` of a name's hash is its slot; a slot wanted by several names becomes a level of its own. */
function* shardSteps(entries: readonly Hashed[], depth: number, step: { entries: number }): Generator<void, Dag> {
  if (depth >= MAX_HAMT_DEPTH) {
    throw new CodedError(
      'too-large',
      'Two names in one folder have the same hash; rename one of them to share the folder'
    )
  }
  const slots = new Map<number, Hashed[]>()
  for (const it of entries) {
    const slot = it.hash[depth] ?? 0
    const others = slots.get(slot)
    if (others == null) slots.set(slot, [it])
    else others.push(it)
    if (++step.entries % STEP_ENTRIES === 0) yield
  }
  const links: DagLink[] = []
  const bits = new Uint8Array(FANOUT / 8)
  for (const [slot, inSlot] of [...slots].toSorted(([a], [b]) => a - b)) {
    const prefix = slot.toString(16).toUpperCase().padStart(2, '0')
    const [first, ...others] = inSlot
    if (first != null && others.length === 0) links.push({ name: prefix + first.entry.name, dag: first.entry.dag })
    else links.push({ name: prefix, dag: yield* shardSteps(inSlot, depth + 1, step) })
    bits[bits.length - 1 - (slot >>> 3)]! |= 1 << (slot & 7) // slot < FANOUT
  }
  const data = bits.subarray(bits.findIndex(byte => byte !== 0)) // one big-endian number, as boxo writes it
  const type = 'hamt-sharded-directory'
  return nodeDag(new UnixFS({ type, data, fanout: BigInt(FANOUT), hashType: MURMUR3_X64_64 }).marshal(), links)
}

function murmur(bytes: Uint8Array): Uint8Array {
  return murmur364.encode(bytes) as Uint8Array // typed as perhaps a promise because hashers may be; this one is not
}
