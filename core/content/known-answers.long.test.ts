import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildDag } from './build.ts'
import { keyStream, leavesOf } from '../testing/sample-content.ts'
import { importCandidates } from '../testing/sample-tree.ts'

test('1 GiB: 1,024 leaves fill one block', () => {
  const { root, layout } = buildDag({ kind: 'file', leaves: leavesOf(1024 * 1024 * 1024, keyStream('v1-2025-seed')) })
  assert.equal(root.toString(), 'bafybeihmf37wcuvtx4hpu7he5zl5qaf2ineo2lqlfrapokkm5zzw7zyhvm')
  assert.equal(layout.leafCount, 1024)
})

test('1,025 MiB: two levels, as the importer makes them', async () => {
  const sizeBytes = 1025 * 1024 * 1024
  const built = buildDag({ kind: 'file', leaves: leavesOf(sizeBytes, keyStream('two levels')) })
  const next = keyStream('two levels')
  async function* content(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < sizeBytes; at += 1024 * 1024) yield next(1024 * 1024)
  }
  const { root, nodes } = await importCandidates([{ path: 'root', content: content() }], { profile: 'unixfs-v1-2025' })
  assert.equal(built.root.toString(), root.toString())
  assert.equal(built.skeleton.length, nodes.size)
})
