import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cleanup } from './cleanup.ts'

test('the last first, all of them though one fails, and the failure is told', async () => {
  const hooks: (() => void)[] = []
  const owner = { after: (hook?: unknown) => void hooks.push(hook as () => void) }
  const closed: string[] = []
  cleanup(owner).defer(() => void closed.push('folder'))
  cleanup(owner).defer(() => {
    throw new Error('the store is busy')
  })
  cleanup(owner).defer(async () => void closed.push('node'))
  assert.equal(hooks.length, 1)
  await assert.rejects(async () => hooks[0]?.(), /the store is busy/)
  assert.deepEqual(closed, ['node', 'folder'])
})
