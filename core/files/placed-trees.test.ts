import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placedTree } from './placed-trees.ts'
import { NAME_RULES } from './safe-name.ts'

test('placed once for all who ask, in turns of the loop, and anew by other rules', async () => {
  const tree = {
    files: Array.from({ length: 20_000 }, (_, i) => ({ path: [`file ${i}?`] })),
    folders: [],
    symlinks: []
  }
  let turns = 0
  let isOver = false
  const count = (): void => {
    turns++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  const both = await Promise.all([placedTree(tree, NAME_RULES.linux), placedTree(tree, NAME_RULES.linux)])
  isOver = true
  assert.equal(both[0], both[1])
  assert.ok(turns >= 9, `${turns} turns`)
  assert.deepEqual(both[0].files[7]?.path, ['file 7?'])
  assert.notEqual((await placedTree(tree, NAME_RULES.windows)).files[7]?.path[0], 'file 7?')
  await assert.rejects(placedTree({ files: [{ path: ['..'] }], folders: [], symlinks: [] }, NAME_RULES.linux), { code: 'unsafe-name' }) // prettier-ignore
})
