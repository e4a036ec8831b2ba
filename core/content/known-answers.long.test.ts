import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildDag } from './build.ts'
import { keyStream, leavesOf } from './sample-content.ts'

test('1 GiB: 1,024 leaves fill one block', () => {
  const { root, layout } = buildDag({ kind: 'file', leaves: leavesOf(1024 * 1024 * 1024, keyStream('v1-2025-seed')) })
  assert.equal(root.toString(), 'bafybeihmf37wcuvtx4hpu7he5zl5qaf2ineo2lqlfrapokkm5zzw7zyhvm')
  assert.equal(layout.leafCount, 1024)
})
