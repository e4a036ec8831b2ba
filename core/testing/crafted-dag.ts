// Blocks for tests, written byte by byte, so that they can also say what no honest encoder would.

import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { DAG_PB } from '../cid.ts'
import type { Code } from '../errors.ts'
import { CodedError } from '../errors.ts'
import type { Layout } from '../content/layout.ts'
import { SkeletonReader } from '../content/skeleton.ts'

export interface Crafted {
  /** Binary CID. */
  readonly cid: Buffer
  /** undefined: a leaf. */
  readonly block?: Buffer
  readonly below: readonly Crafted[]
}

export interface CraftedLink {
  readonly to: Crafted
  readonly name?: string | Uint8Array
  readonly dagBytes?: number
}

export interface CraftedData {
  readonly type?: number
  readonly data?: string | Uint8Array
  readonly fileSize?: number
  readonly blockSizes?: readonly number[]
  readonly hashType?: number
  readonly fanout?: number
}

export const RAW_TYPE = 0
export const DIRECTORY = 1
export const FILE = 2
export const METADATA = 3
export const SYMLINK = 4
export const HAMT = 5

export function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}

export function number(field: number, value: number | undefined): Buffer {
  return value == null ? Buffer.alloc(0) : Buffer.concat([varint(field * 8), varint(value)])
}

export function bytes(field: number, value: string | Uint8Array | undefined): Buffer {
  if (value == null) return Buffer.alloc(0)
  const content = Buffer.from(value)
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content])
}

/** UnixFS data. */
export function unixfs({ type, data, fileSize, blockSizes = [], hashType, fanout }: CraftedData): Buffer {
  return Buffer.concat([
    number(1, type),
    bytes(2, data),
    number(3, fileSize),
    ...blockSizes.map(size => number(4, size)),
    number(5, hashType),
    number(6, fanout)
  ])
}

export function digestOf(block: Uint8Array): Buffer {
  return hash('sha256', block, 'buffer')
}

/** A raw leaf. */
export function leaf(content: string | Uint8Array): Crafted {
  return { cid: Buffer.concat([Buffer.from([1, 0x55, 0x12, 32]), digestOf(Buffer.from(content))]), below: [] }
}

/** A dag-pb block with these very bytes. */
export function blockOf(block: Buffer, below: readonly Crafted[] = []): Crafted {
  return { cid: Buffer.concat([Buffer.from([1, 0x70, 0x12, 32]), digestOf(block)]), block, below }
}

/** A dag-pb block; `data` is UnixFS, or any bytes. */
export function node(data: CraftedData | Buffer | undefined, links: readonly CraftedLink[] = []): Crafted {
  const encoded = links.map(({ to, name, dagBytes }) =>
    bytes(2, Buffer.concat([bytes(1, to.cid), bytes(2, name), number(3, dagBytes)]))
  )
  const content = data == null || Buffer.isBuffer(data) ? data : unixfs(data)
  return blockOf(
    Buffer.concat([...encoded, bytes(1, content)]),
    links.map(link => link.to)
  )
}

/** The same block, linked by CIDv0. */
export function asV0(crafted: Crafted): Crafted {
  return { ...crafted, cid: crafted.cid.subarray(2) }
}

export function directory(entries: Record<string, Crafted>, dagBytes = 1): Crafted {
  return node(
    { type: DIRECTORY },
    Object.entries(entries).map(([name, to]) => ({ name, to, dagBytes }))
  )
}

/** A level of a HAMT: `entries` by the whole name of the link, slot first, in order of slots (a Map: objects put names like `10` first). */
export function hamt(entries: Record<string, Crafted> | Map<string, Crafted>, changes: CraftedData = {}): Crafted {
  const linked = entries instanceof Map ? [...entries] : Object.entries(entries)
  const bits = Buffer.alloc(32)
  for (const [name] of linked) {
    const slot = Number.parseInt(name.slice(0, 2), 16)
    bits.writeUInt8(bits.readUInt8(31 - (slot >>> 3)) | (1 << (slot & 7)), 31 - (slot >>> 3))
  }
  return node(
    { type: HAMT, data: bits, hashType: 0x22, fanout: 256, ...changes },
    linked.map(([name, to]) => ({ name, to, dagBytes: 1 }))
  )
}

/** A file with its links' sizes; the total is right unless `changes` says otherwise. */
export function fileNode(links: readonly [to: Crafted, sizeBytes: number][], changes: CraftedData = {}): Crafted {
  const blockSizes = links.map(([, size]) => size)
  const fileSize = blockSizes.reduce((sum, size) => sum + size, 0)
  return node(
    { type: FILE, fileSize, blockSizes, ...changes },
    links.map(([to]) => ({ to, name: '' }))
  )
}

export function rootOf(crafted: Crafted): CID {
  return CID.createV1(DAG_PB, createDigest(0x12, Uint8Array.from(crafted.cid.subarray(-32))))
}

/** The skeleton: every dag-pb block at its first visit, depth first. */
export function streamOf(root: Crafted): Buffer {
  const seen = new Set<string>()
  const pieces: Buffer[] = []
  const visit = (crafted: Crafted): void => {
    const key = crafted.cid.subarray(-32).toString('hex')
    if (crafted.block == null || seen.has(key)) return
    seen.add(key)
    pieces.push(varint(crafted.block.length), crafted.block)
    crafted.below.forEach(visit)
  }
  visit(root)
  return Buffer.concat(pieces)
}

export function read(root: Crafted): Layout {
  const reader = new SkeletonReader(rootOf(root))
  reader.push(streamOf(root))
  assert.equal(reader.complete, true, 'the whole skeleton was pushed')
  return reader.layout()
}

/** A test: the skeleton of what `make` makes is refused with this code. */
export function refused(what: string, code: Code, make: () => Crafted): void {
  test(`${what}: ${code}`, () => {
    const root = make()
    assert.throws(
      () => read(root),
      error => error instanceof CodedError && (assert.equal(error.code, code, error.message), true)
    )
  })
}

/** A test: the skeleton is read, and the layout is right. */
export function accepted(what: string, make: () => Crafted, check: (layout: Layout) => void): void {
  test(what, () => check(read(make())))
}
