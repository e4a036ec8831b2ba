import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TokenBucket } from './token-bucket.ts'

test('over any time no more than a burst and the rate is taken', () => {
  const steps = fc.array(fc.nat(500), { minLength: 1, maxLength: 100 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20 }), steps, (perSecond, burst, pauses) => {
      const bucket = new TokenBucket(perSecond, burst, 0)
      let now = 0
      let taken = 0
      for (const pause of pauses) {
        now += pause
        while (bucket.take(now)) taken++
        assert.ok(taken <= burst + (now / 1000) * perSecond + 1e-6)
        const wait = bucket.waitMs(now)
        assert.ok(wait > 0, 'none was left')
        assert.ok(bucket.available(now + wait) >= 1 - 1e-6, 'then there is one')
        now += wait
      }
    })
  )
})

test('debts are paid first, and what is given back is no more than a burst', () => {
  const bucket = new TokenBucket(10, 5, 0)
  bucket.spend(25, 0)
  assert.equal(bucket.waitMs(0, 0), 2000)
  assert.equal(bucket.take(2000), false)
  bucket.giveBack(100)
  assert.equal(bucket.available(2000), 5)
  bucket.add(3)
  assert.equal(bucket.available(9000), 8, 'what was added for a reason of its own is kept')
  bucket.giveBack()
  assert.equal(bucket.available(9000), 8)
  bucket.setRate(10, 2, 9000)
  assert.equal(bucket.available(9000), 2)
})
