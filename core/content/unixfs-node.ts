// One dag-pb block of a stranger's as UnixFS, refused unless every number and name in it makes sense by itself (DESIGN.md, "Limits of content").
// Reads the bytes directly: names must be seen before a decoder has replaced what is not UTF-8, and links stay offsets.

import { isUtf8 } from 'node:buffer'
import { CID } from 'multiformats/cid'
import { DAG_PB, RAW } from '../cid.ts'
import { CodedError } from '../errors.ts'
import { Cursor, malformed } from './cursor.ts'
import { MAX_PATH_BYTES } from './limits.ts'
import { assertSafeName, unsafe } from './name.ts'

const TYPES = ['file', 'folder', 'file', undefined, 'symlink', 'hamt'] as const // UnixFS spec: Raw, Directory, File, Metadata, Symlink, HAMTShard
const MURMUR3_X64_64 = 0x22 // multicodec table

export type NodeKind = 'file' | 'folder' | 'hamt' | 'symlink'

/** A block understood. Links are columns: one index, one link. */
export interface UnixfsNode {
  readonly kind: NodeKind
  readonly bytes: Buffer
  /** Where in `bytes` the digest (32 bytes) of each link stands. */
  readonly digestAt: readonly number[]
  /** Whether the link is to a raw leaf; else it is to dag-pb. */
  readonly isLeaf: readonly boolean[]
  /** Claimed bytes of everything below the link; -1 when the link does not say. */
  readonly dagBytes: readonly number[]
  /** Files: claimed bytes of file below each link, and their sum. */
  readonly blockSizes: readonly number[]
  readonly sizeBytes: number
  /** Folders: the name of the entry; '' for a link to a HAMT's next level. */
  readonly names: readonly string[]
  /** HAMT: slots of this level. */
  readonly fanout: number
  /** Symlinks. */
  readonly target: string
}

interface Links {
  digestAt: number[]
  isLeaf: boolean[]
  dagBytes: number[]
  nameAt: number[]
  nameEnd: number[]
}

/** Parses a block; keeps `bytes`. Throws `bad-content`, `unsupported-layout`, `unsupported-cid`, `unsafe-name`, `too-large`. */
export function parseNode(bytes: Buffer): UnixfsNode {
  const links: Links = { digestAt: [], isLeaf: [], dagBytes: [], nameAt: [], nameEnd: [] }
  const cursor = new Cursor(bytes, 0, bytes.length)
  let dataAt = -1
  let dataEnd = -1
  let dataFollowsLinks = false
  while (cursor.next()) {
    const start = cursor.span()
    if (cursor.field === 1) {
      if (dataAt >= 0) throw malformed('a block has its data twice')
      dataAt = start
      dataEnd = cursor.at
      dataFollowsLinks = links.digestAt.length > 0
    } else if (cursor.field === 2) {
      if (dataFollowsLinks) throw malformed('a block has links before and after its data')
      parseLink(bytes, start, cursor.at, links)
    } else throw malformed('a block has a field that dag-pb does not know')
  }
  if (dataAt < 0) throw new CodedError('unsupported-layout', 'The link leads to data that is not a file or folder')
  const data = parseData(bytes, dataAt, dataEnd)
  const { digestAt, isLeaf, dagBytes } = links
  const node = {
    kind: data.kind,
    bytes,
    digestAt,
    isLeaf,
    dagBytes,
    blockSizes: data.blockSizes,
    sizeBytes: 0,
    names: [],
    fanout: 0,
    target: ''
  }
  switch (data.kind) {
    case 'file':
      return { ...node, sizeBytes: checkFile(data, links) }
    case 'folder':
      return { ...node, names: folderNames(data, bytes, links) }
    case 'hamt':
      return { ...node, names: hamtNames(data, bytes, links), fanout: data.fanout }
    case 'symlink':
      return { ...node, target: symlinkTarget(data, bytes, links) }
    default:
      return data.kind satisfies never
  }
}

/** dag-pb spec, "Serial Format": Hash, Name, Tsize, in this order, each at most once; Hash is needed to be a link at all. */
function parseLink(bytes: Buffer, at: number, end: number, links: Links): void {
  const cursor = new Cursor(bytes, at, end)
  let last = 0
  let digestAt = -1
  let isLeaf = false
  let nameAt = 0
  let nameEnd = 0
  let dagBytes = -1
  while (cursor.next()) {
    if (cursor.field <= last) throw malformed('the fields of a link are out of order')
    last = cursor.field
    if (cursor.field === 1) {
      const start = cursor.span()
      isLeaf = isLeafCid(bytes, start, cursor.at)
      digestAt = cursor.at - 32
    } else if (cursor.field === 2) {
      nameAt = cursor.span()
      nameEnd = cursor.at
    } else if (cursor.field === 3) dagBytes = cursor.number()
    else throw malformed('a link has a field that dag-pb does not know')
  }
  if (digestAt < 0) throw malformed('a link leads nowhere')
  links.digestAt.push(digestAt)
  links.isLeaf.push(isLeaf)
  links.dagBytes.push(dagBytes)
  links.nameAt.push(nameAt)
  links.nameEnd.push(nameEnd)
}

/** Whether a binary CID (CID spec) names a raw leaf or a dag-pb block; others, and other hashes than sha2-256, are not supported. */
function isLeafCid(bytes: Buffer, at: number, end: number): boolean {
  const length = end - at
  if (length === 34 && bytes[at] === 0x12 && bytes[at + 1] === 32) return false // CIDv0
  if (length === 36 && bytes[at] === 1 && bytes[at + 2] === 0x12 && bytes[at + 3] === 32) {
    if (bytes[at + 1] === RAW) return true
    if (bytes[at + 1] === DAG_PB) return false
  }
  try {
    CID.decode(bytes.subarray(at, end))
  } catch (error) {
    throw new CodedError('bad-content', 'The shared content is malformed: a link is not a CID. Ask for a new link', {
      cause: error
    })
  }
  throw new CodedError('unsupported-cid', 'The content links to blocks of a kind that Shoal cannot fetch')
}

interface UnixfsData {
  kind: NodeKind
  at: number
  end: number
  fileSize: number
  blockSizes: number[]
  hashType: number
  fanout: number
}

/** UnixFS spec, "Data Format". Mode and time are not looked at; unknown fields are stepped over. */
function parseData(bytes: Buffer, start: number, end: number): UnixfsData {
  const cursor = new Cursor(bytes, start, end)
  const data: UnixfsData = { kind: 'file', at: 0, end: 0, fileSize: -1, blockSizes: [], hashType: -1, fanout: -1 }
  let type = -1
  let hasData = false
  const once = (before: number): number => {
    if (before >= 0) throw malformed('a field is there twice')
    return cursor.number()
  }
  while (cursor.next()) {
    if (cursor.field === 1) type = once(type)
    else if (cursor.field === 2) {
      if (hasData) throw malformed('a field is there twice')
      hasData = true
      data.at = cursor.span()
      data.end = cursor.at
    } else if (cursor.field === 3) data.fileSize = once(data.fileSize)
    else if (cursor.field === 4) data.blockSizes.push(cursor.number())
    else if (cursor.field === 5) data.hashType = once(data.hashType)
    else if (cursor.field === 6) data.fanout = once(data.fanout)
    else cursor.skip()
  }
  const kind = TYPES[type]
  if (kind == null) throw new CodedError('unsupported-layout', 'The link leads to data that is not a file or folder')
  return { ...data, kind }
}

/** Returns the size of the file. */
function checkFile(data: UnixfsData, links: Links): number {
  const linkCount = links.digestAt.length
  if (data.end > data.at) {
    if (linkCount > 0) throw malformed('a block has data of its own and links')
    throw new CodedError(
      'unsupported-layout',
      'The content keeps file data in a way that Shoal cannot fetch yet. Ask for it to be added with raw leaves'
    )
  }
  if (data.blockSizes.length !== linkCount) throw malformed('a file does not say how long each of its blocks is')
  let sizeBytes = 0
  for (const bytes of data.blockSizes) sizeBytes += bytes
  if (!Number.isSafeInteger(sizeBytes) || (data.fileSize >= 0 && data.fileSize !== sizeBytes))
    throw malformed('sizes do not add up')
  for (let i = 0; i < linkCount; i++) {
    if (links.nameEnd[i] !== links.nameAt[i]) throw malformed('a file has names inside')
  }
  return sizeBytes
}

function folderNames(data: UnixfsData, bytes: Buffer, links: Links): string[] {
  if (data.end > data.at || data.blockSizes.length > 0) throw malformed('a folder has data of its own')
  return links.nameAt.map((at, i) => nameIn(bytes, at, links.nameEnd[i] ?? at))
}

/** UnixFS spec, "HAMT Sharded Directory": the bitfield says which slots are taken, and each link's name begins with its slot in hexadecimal. */
function hamtNames(data: UnixfsData, bytes: Buffer, links: Links): string[] {
  const { fanout, at, end } = data
  if (data.blockSizes.length > 0) throw malformed('a folder has data of its own')
  if (data.hashType !== MURMUR3_X64_64 || fanout < 8 || fanout > 1024 || (fanout & (fanout - 1)) !== 0) {
    throw new CodedError('unsupported-layout', 'The content has a folder divided in a way that Shoal does not know')
  }
  if (end - at > fanout / 8) throw malformed('a divided folder has more bits than slots')
  const prefixLength = (fanout - 1).toString(16).length
  const names: string[] = []
  for (let slot = 0; slot < (end - at) * 8; slot++) {
    if (((bytes[end - 1 - (slot >>> 3)] ?? 0) & (1 << (slot & 7))) === 0) continue
    const nameAt = links.nameAt[names.length]
    const nameEnd = links.nameEnd[names.length]
    const prefix = slot.toString(16).toUpperCase().padStart(prefixLength, '0')
    if (nameAt == null || nameEnd == null) throw malformed('a divided folder has fewer links than bits')
    if (bytes.toString('latin1', nameAt, Math.min(nameEnd, nameAt + prefixLength)) !== prefix) {
      throw malformed('an entry of a divided folder is in the wrong slot')
    }
    names.push(nameEnd === nameAt + prefixLength ? '' : nameIn(bytes, nameAt + prefixLength, nameEnd))
  }
  if (names.length !== links.digestAt.length) throw malformed('a divided folder has more links than bits')
  return names
}

function symlinkTarget(data: UnixfsData, bytes: Buffer, links: Links): string {
  if (links.digestAt.length > 0 || data.blockSizes.length > 0) throw malformed('a symlink has blocks below it')
  if (data.end - data.at > MAX_PATH_BYTES)
    throw new CodedError('too-large', `A symlink's target is longer than ${MAX_PATH_BYTES} bytes`)
  const target = textIn(bytes, data.at, data.end)
  if (target == null || target === '' || target.includes('\0')) {
    throw new CodedError('unsafe-name', 'The content has a symlink whose target is not a path; it is refused')
  }
  return target
}

function nameIn(bytes: Buffer, at: number, end: number): string {
  if (end - at > MAX_PATH_BYTES) throw new CodedError('too-large', `A name is longer than ${MAX_PATH_BYTES} bytes`)
  const name = textIn(bytes, at, end)
  if (name == null) throw unsafe(bytes.toString('utf8', at, end), 'is not valid Unicode')
  assertSafeName(name)
  return name
}

/** The text, byte for byte (a leading byte order mark is part of it); undefined when it is not UTF-8. */
function textIn(bytes: Buffer, at: number, end: number): string | undefined {
  return isUtf8(bytes.subarray(at, end)) ? bytes.toString('utf8', at, end) : undefined
}
