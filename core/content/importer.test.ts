import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode } from '@ipld/dag-pb'
import fc from 'fast-check'
import { UnixFS } from 'ipfs-unixfs'
import type { Built } from './build.ts'
import { buildDag } from './build.ts'
import { keyStream } from '../testing/sample-content.ts'
import type { Sample } from '../testing/sample-tree.ts'
import { imported, sampleTree, skeletonBlocks, sourceOf } from '../testing/sample-tree.ts'

/** The blocks of a skeleton whose pieces are `uvarint length | block`. */
function blocksOf({ skeleton }: Built): Uint8Array[] {
  return skeleton.map(piece => piece.subarray(piece.findIndex(byte => byte < 128) + 1))
}

/** ipfs-unixfs-importer must find the same root and the same dag-pb blocks. */
async function assertSame(sample: Sample): Promise<Built> {
  const built = buildDag(sourceOf(sample))
  const { root, nodes } = await imported(sample, { profile: 'unixfs-v1-2025' })
  assert.equal(built.root.toString(), root.toString())
  assert.equal(built.skeleton.length, nodes.size)
  assert.equal(Buffer.compare(Buffer.concat(blocksOf(built)), Buffer.concat(skeletonBlocks(root, nodes))), 0)
  return built
}

test('random trees', async () => {
  await fc.assert(
    fc.asyncProperty(sampleTree, async sample => void (await assertSame(sample))),
    { numRuns: 60 }
  )
})

const MIB = 1024 * 1024
for (const [sizeBytes, blocks] of [
  [MIB, 0],
  [MIB + 1, 1],
  [3 * MIB, 1]
] as const) {
  test(`a file of ${sizeBytes} bytes`, async () => {
    const built = await assertSame({ content: keyStream('file')(sizeBytes) })
    assert.equal(built.skeleton.length, blocks)
  })
}

const small = { content: Buffer.from('x') }

/** A folder of one-byte files whose directory block is `bytes` long: 1,807 names of 100 bytes, and one that fills what is left. */
function folderOfBlockBytes(bytes: number): Map<string, Sample> {
  const sample = new Map<string, Sample>()
  for (let i = 0; i < 1807; i++) sample.set(`${i}`.padStart(100, 'n'), small) // 145 bytes each
  return sample.set('z'.repeat(bytes - 4 - 1807 * 145 - 44), small)
}

test('a directory block of 262,144 bytes stays one block', async () => {
  const flat = await assertSame(folderOfBlockBytes(262_144))
  assert.deepEqual(
    blocksOf(flat).map(block => block.length),
    [262_144]
  )
})

test('a directory block of 262,145 bytes becomes a HAMT', async () => {
  const sharded = await assertSame(folderOfBlockBytes(262_145))
  const { Data: data } = decode(blocksOf(sharded)[0] ?? Buffer.alloc(0))
  assert.equal(data && UnixFS.unmarshal(data).type, 'hamt-sharded-directory')
  assert.equal(sharded.layout.files.length, 1808)
})

test('a HAMT of several levels with folders, empty folders and another HAMT in it', async () => {
  const inner = new Map<string, Sample>()
  for (let i = 0; i < 1200; i++) inner.set(`${i}-${'i'.repeat(220)}`, small)
  const outer = new Map<string, Sample>([
    ['inner', inner],
    ['empty', new Map()],
    ['few', new Map([['a', small]])]
  ])
  for (let i = 0; i < 2600; i++) outer.set(`${i}-${'o'.repeat(100)}`, { content: Buffer.from(`${i}`) })
  const built = await assertSame(outer)
  assert.equal(built.layout.files.length, 3801)
  assert.equal(built.layout.folders.length, 3)
})
