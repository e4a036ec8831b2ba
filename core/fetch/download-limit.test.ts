import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DownloadLimit } from './download-limit.ts'

test('a limit gives its rate over time, and debts are paid', () => {
  const limit = new DownloadLimit()
  assert.equal(limit.available(0), Infinity)
  assert.equal(limit.isSet, false)
  limit.set(1_000_000, 0)
  let taken = 0
  for (let now = 0; now < 60_000; now += 50) {
    if (limit.available(now) === 0) continue
    limit.take(1_048_576, now)
    taken += 1_048_576
  }
  assert.ok(taken > 58_000_000 && taken < 63_000_000, `${taken}`)
  limit.giveBack(1e9)
  assert.ok(limit.available(60_000) < 3_000_000, 'no more than a burst is kept')
  limit.set(0, 60_000)
  assert.equal(limit.available(60_000), Infinity)
})
