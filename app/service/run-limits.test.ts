import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scratch } from '../testing/sample-application.ts'
import { RunLimits } from './run-limits.ts'
import { openSettings } from './settings.ts'

const NONE = { uploadBytesPerSecond: null, downloadBytesPerSecond: null, reserveBytes: null }

test('what a run was started with holds until the same is chosen in Settings', async t => {
  const settings = openSettings(await scratch(t))
  settings.change({ uploadBytesPerSecond: 7, downloadBytesPerSecond: 8, reserveBytes: 9 })
  const limits = new RunLimits(settings, {
    uploadBytesPerSecond: 1_000,
    downloadBytesPerSecond: 2_000,
    reserveBytes: 3
  })
  const choose = (chosen: Parameters<typeof settings.change>[0]): unknown[] => {
    settings.change(chosen)
    limits.choose(chosen)
    return Object.values(limits.set(NONE))
  }
  assert.deepEqual(choose({ name: 'Ana' }), [1_000, 2_000, 3])
  assert.deepEqual(choose({ uploadBytesPerSecond: 0 }), [0, 2_000, 3], 'also when it is cleared')
  assert.equal(limits.upload.take(1e12, 'root', t.signal), undefined, 'nothing waits')
  assert.deepEqual(choose({ downloadBytesPerSecond: 5_000, reserveBytes: null }), [0, 5_000, null])
  assert.deepEqual(
    Object.values(limits.set({ ...NONE, uploadBytesPerSecond: 20 })),
    [20, 5_000, null],
    'the last word counts'
  )
})
