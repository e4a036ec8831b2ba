import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'
import { parseRoot } from '../cid.ts'
import { CodedError } from '../errors.ts'
import { buildDag } from './build.ts'
import { directory, fileNode, leaf, node, FILE, rootOf, streamOf, varint } from '../testing/crafted-dag.ts'
import { file, folder } from '../testing/sample-content.ts'
import type { Summary } from '../testing/sample-tree.ts'
import { expanded, imported, sampleTree, skeletonBlocks, sourceOf, summaryOf } from '../testing/sample-tree.ts'
import { SkeletonReader, layoutOf } from './skeleton.ts'

const chunking = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 })

/** Cuts bytes into pieces of these lengths, again and again. */
function* cut(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) yield bytes.subarray(at, (at += lengths[i % lengths.length] ?? 1))
}

function isCode(code: string): (error: unknown) => boolean {
  return error => error instanceof CodedError && error.code === code
}

test('what was built is read again from any cutting, block by block', () => {
  fc.assert(
    fc.property(sampleTree, chunking, (sample, lengths) => {
      const built = buildDag(sourceOf(sample))
      fc.pre(built.skeleton.length > 0)
      const stream = Buffer.concat(built.skeleton)
      const ends = built.skeleton.map((_, i) => Buffer.concat(built.skeleton.slice(0, i + 1)).length)
      const reader = new SkeletonReader(built.root)
      let pushed = 0
      for (const piece of cut(stream, lengths)) {
        assert.equal(reader.complete, false)
        const lent = Uint8Array.from(piece)
        reader.push(lent)
        lent.fill(0)
        pushed += piece.length
        assert.equal(reader.verifiedBytes, ends.findLast(end => end <= pushed) ?? 0)
      }
      assert.equal(reader.complete, true)
      assert.deepEqual(summaryOf(reader.layout()), summaryOf(built.layout))
      assert.equal(reader.layout().skeletonBytes, stream.length)
    }),
    { numRuns: 100 }
  )
})

/** Without byte order marks, which @ipld/dag-pb 4.2.0 drops when it decodes a name that begins with one. */
function withoutMarks(summary: Summary): unknown {
  return JSON.parse(JSON.stringify(summary).replaceAll('\ufeff', ''))
}

test('other chunk sizes, widths, fanouts and CIDv0 links mean the same to the decoders of others', async () => {
  const options = fc.record({
    cidVersion: fc.constantFrom(0 as const, 1 as const),
    chunker: fc.integer({ min: 4, max: 30 }).map(chunkSize => fixedSize({ chunkSize })),
    layout: fc.integer({ min: 2, max: 5 }).map(maxChildrenPerNode => balanced({ maxChildrenPerNode })),
    shardFanoutBits: fc.integer({ min: 3, max: 9 }),
    shardSplitThresholdBytes: fc.constantFrom(60, 262_144)
  })
  await fc.assert(
    fc.asyncProperty(sampleTree, options, chunking, async (sample, chosen, lengths) => {
      const { root, nodes } = await imported(sample, { ...chosen, rawLeaves: true, shardSplitStrategy: 'block-bytes' })
      fc.pre(root.code === 0x70)
      const stream = Buffer.concat(skeletonBlocks(root, nodes).flatMap(block => [varint(block.length), block]))
      const layout = layoutOf(root, cut(stream, lengths))
      assert.deepEqual(withoutMarks(summaryOf(layout)), withoutMarks(expanded(root, nodes, 0)))
      assert.equal(layout.root.version, 1)
    }),
    { numRuns: 60 }
  )
})

test('a changed byte is never kept: the reader goes on from the verified bytes with another peer', () => {
  const { root, skeleton, layout } = buildDag(
    folder({ a: folder({ b: file(Buffer.from('b')), c: folder({}) }), d: file(Buffer.alloc(3 * 1024 * 1024, 'd')) })
  )
  const stream = Buffer.concat(skeleton)
  fc.assert(
    fc.property(fc.nat(stream.length - 1), fc.integer({ min: 1, max: 255 }), chunking, (at, change, lengths) => {
      const wrong = Buffer.from(stream)
      wrong[at] = (wrong[at] ?? 0) ^ change
      const reader = new SkeletonReader(root)
      try {
        for (const piece of cut(wrong, lengths)) reader.push(piece)
        reader.resync() // a length that grew: the rest is still awaited
      } catch (error) {
        assert.ok(isCode('hash-mismatch')(error))
      }
      assert.ok(reader.verifiedBytes <= at && !reader.complete)
      for (const piece of cut(stream.subarray(reader.verifiedBytes), lengths)) reader.push(piece)
      assert.deepEqual(summaryOf(reader.layout()), summaryOf(layout))
    }),
    { numRuns: 200 }
  )
})

test('a block that is linked twice is in the stream once and is numbered twice', () => {
  const half = fileNode([
    [leaf('x'), 1],
    [leaf('yy'), 2]
  ])
  const twice = fileNode([
    [half, 3],
    [leaf('x'), 1],
    [half, 3]
  ])
  const inner = directory({ f: twice, g: half, h: directory({}), l: node({ type: 4, data: 'f' }) }, 1)
  const root = directory({ p: inner, q: inner, r: twice })
  const stream = streamOf(root)
  assert.equal(stream.indexOf(half.block ?? ''), stream.lastIndexOf(half.block ?? ''))
  const layout = layoutOf(rootOf(root), [stream])
  const sizes = Array.from({ length: layout.leafCount }, (_, i) => layout.leafBytes(i))
  assert.deepEqual(sizes, [1, 2, 1, 1, 2, 1, 2, 1, 2, 1, 1, 2, 1, 2, 1, 2, 1, 1, 2])
  assert.deepEqual(
    layout.files.map(({ path, start, end, sizeBytes }) => `${path.join('/')} ${start} ${end} ${sizeBytes}`),
    ['p/f 0 5 7', 'p/g 5 7 3', 'q/f 7 12 7', 'q/g 12 14 3', 'r 14 19 7']
  )
  assert.deepEqual(layout.folders, [['p'], ['p', 'h'], ['q'], ['q', 'h']])
  assert.deepEqual(
    layout.symlinks.map(({ path, target }) => [...path, target]),
    [
      ['p', 'l', 'f'],
      ['q', 'l', 'f']
    ]
  )
  assert.equal(layout.sizeBytes, 27)
})

test('an empty file as dag-pb has no leaves', () => {
  const empty = node({ type: FILE, fileSize: 0 })
  const alone = layoutOf(rootOf(empty), [streamOf(empty)])
  assert.deepEqual([alone.kind, alone.leafCount, alone.files[0]?.end], ['file', 0, 0])
  const root = directory({ a: leaf('a'), b: empty, c: leaf('c') })
  const { files } = layoutOf(rootOf(root), [streamOf(root)])
  assert.deepEqual(
    files.map(({ start, end }) => [start, end]),
    [
      [0, 1],
      [1, 1],
      [1, 2]
    ]
  )
})

test('bytes after the end, a partial stream, lengths that no block has', () => {
  const root = directory({ a: leaf('a') })
  const stream = streamOf(root)
  const done = new SkeletonReader(rootOf(root))
  done.push(stream)
  assert.throws(() => done.push(Buffer.of(0)), isCode('hash-mismatch'))
  assert.equal(done.layout().files.length, 1)
  assert.throws(() => layoutOf(rootOf(root), [stream.subarray(0, -1)]), isCode('bad-content'))
  assert.throws(() => new SkeletonReader(rootOf(root)).push(Buffer.of(0)), isCode('hash-mismatch'))
  const [length = 0] = stream
  const wrong = [
    [0],
    [length | 128, 0],
    [0xff, 0xff, 0xff, 0xff],
    [0x81, 0x80, 0x80, 0x01],
    [255, 255, 255, 255, 255, 1]
  ]
  for (const bytes of wrong) {
    const reader = new SkeletonReader(rootOf(root))
    assert.throws(() => reader.push(Buffer.concat([Buffer.from(bytes), stream.subarray(1)])), isCode('hash-mismatch'))
    reader.push(stream)
    assert.equal(reader.complete, true)
  }
})

test('refused content stays refused', () => {
  const root = directory({ a: directory({ '..': leaf('a') }) })
  const stream = streamOf(root)
  const reader = new SkeletonReader(rootOf(root))
  assert.throws(() => reader.layout(), isCode('internal'))
  assert.throws(() => reader.push(stream), isCode('unsafe-name'))
  reader.resync()
  assert.throws(() => reader.push(stream), isCode('unsafe-name'))
  assert.throws(() => reader.layout(), isCode('unsafe-name'))
  assert.equal(reader.complete, false)
})

test('a raw root has no skeleton', () => {
  const raw = parseRoot('bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e')
  assert.throws(() => new SkeletonReader(raw), isCode('unsupported-cid'))
})
