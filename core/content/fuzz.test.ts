import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode } from '@ipld/dag-pb'
import fc from 'fast-check'
import { CodedError } from '../errors.ts'
import type { Crafted } from '../testing/crafted-dag.ts'
import {
  FILE,
  SYMLINK,
  blockOf,
  directory,
  fileNode,
  hamt,
  leaf,
  node,
  rootOf,
  streamOf
} from '../testing/crafted-dag.ts'
import { SkeletonReader } from './skeleton.ts'
import { parseNode } from './unixfs-node.ts'

const x = leaf('x')
const part = fileNode([[x, 1]])
const whole = fileNode([
  [part, 1],
  [x, 1],
  [part, 1]
])
const level = hamt({ '02a': x, 'FFlong name': part })
const samples = [
  part,
  whole,
  level,
  hamt({ '00': level, '01b': whole, F0c: directory({}) }),
  directory({ a: x, b: whole, c: level, d: directory({ e: part }), f: node({ type: SYMLINK, data: '../a' }) }),
  node({ type: FILE, fileSize: 0 }),
  node({ type: SYMLINK, data: 'target' })
]

/** Where a changed block is hung: at the root and in each kind of parent. */
const places: ((changed: Crafted) => Crafted)[] = [
  changed => changed,
  changed => directory({ a: whole, b: changed, c: changed }),
  changed => fileNode([[changed, 3]]),
  changed => hamt({ '00': changed, '01x': changed })
]

const change = fc.record({
  at: fc.nat(400),
  remove: fc.nat(3),
  insert: fc.uint8Array({ maxLength: 3 })
})

function changed(block: Buffer, changes: readonly { at: number; remove: number; insert: Uint8Array }[]): Buffer {
  let bytes = block
  for (const { at, remove, insert } of changes) {
    const from = at % (bytes.length + 1)
    bytes = Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + remove)])
  }
  return bytes
}

/** Pushes the whole stream; whatever it is, the reader ends with a layout or a code. */
function assertTotal(root: Crafted): void {
  const reader = new SkeletonReader(rootOf(root))
  try {
    reader.push(streamOf(root))
    if (reader.complete) assert.equal(reader.layout().leafCount, reader.layout().extents.at(-1))
  } catch (error) {
    assert.ok(error instanceof CodedError && error.code !== 'internal', String(error))
    assert.equal(reader.complete, false)
  }
}

test('changed blocks with right hashes: a layout or a code', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...samples),
      fc.array(change, { maxLength: 4 }),
      fc.constantFrom(...places),
      (sample, changes, place) =>
        assertTotal(place(blockOf(changed(sample.block ?? Buffer.alloc(0), changes), sample.below)))
    ),
    { numRuns: 3000 }
  )
})

test('any bytes as a block: a layout or a code', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), bytes => assertTotal(blockOf(Buffer.from(bytes)))),
    { numRuns: 1000 }
  )
})

test('any bytes as a stream: a code, and nothing is kept', () => {
  const root = rootOf(directory({ a: x }))
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), pieces => {
      const reader = new SkeletonReader(root)
      for (const piece of pieces) {
        try {
          reader.push(piece)
        } catch (error) {
          assert.ok(error instanceof CodedError && error.code === 'hash-mismatch')
        }
      }
      assert.equal(reader.verifiedBytes, 0)
    }),
    { numRuns: 500 }
  )
})

test('what is understood, @ipld/dag-pb understands the same way', () => {
  fc.assert(
    fc.property(fc.constantFrom(...samples), fc.array(change, { minLength: 1, maxLength: 2 }), (sample, changes) => {
      const block = changed(sample.block ?? Buffer.alloc(0), changes)
      let parsed
      try {
        parsed = parseNode(block)
      } catch {
        return // refused here: whether others would read it does not matter
      }
      const { Links: links } = decode(block)
      const digests = links.map(({ Hash: cid }) => Buffer.from(cid.multihash.digest).toString('hex'))
      assert.deepEqual(
        parsed.digestAt.map(at => block.toString('hex', at, at + 32)),
        digests
      )
      assert.deepEqual(
        parsed.isLeaf,
        links.map(({ Hash: cid }) => cid.code === 0x55)
      )
      assert.deepEqual(
        parsed.dagBytes,
        links.map(({ Tsize: dagBytes }) => dagBytes ?? -1)
      )
      const prefix = parsed.kind === 'hamt' ? (parsed.fanout - 1).toString(16).length : 0
      const names = parsed.kind === 'file' ? [] : links.map(({ Name: name = '' }) => name.slice(prefix))
      assert.deepEqual(parsed.names, names)
    }),
    { numRuns: 2000 }
  )
})
