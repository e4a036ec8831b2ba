import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RateBucket } from './rate-bucket.ts'
import { RateWindow } from './rate-window.ts'

test('a rate is that of the last seconds, and ends when nothing comes', () => {
  const rate = new RateWindow()
  assert.equal(rate.perSecond(0), 0)
  for (let now = 10_000; now < 14_000; now += 10) rate.add(10_000, now)
  assert.ok(Math.abs(rate.perSecond(14_000) - 1_000_000) < 100_000)
  assert.equal(rate.perSecond(18_000), 0)
  for (let now = 30_000; now < 30_500; now += 10) rate.add(20_000, now)
  assert.ok(Math.abs(rate.perSecond(30_500) - 2_000_000) < 300_000, 'also after a rest')
})

test('a bucket gives its rate over time, and debts are paid', () => {
  const bucket = new RateBucket()
  assert.equal(bucket.available(0), Infinity)
  assert.equal(bucket.limited, false)
  bucket.limit(1_000_000, 0)
  let taken = 0
  for (let now = 0; now < 60_000; now += 50) {
    if (bucket.available(now) === 0) continue
    bucket.take(1_048_576)
    taken += 1_048_576
  }
  assert.ok(taken > 58_000_000 && taken < 63_000_000, `${taken}`)
  bucket.giveBack(1e9)
  assert.ok(bucket.available(60_000) < 3_000_000, 'no more than a burst is kept')
  bucket.limit(0, 60_000)
  assert.equal(bucket.available(60_000), Infinity)
})
