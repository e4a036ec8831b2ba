import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RateMeter, TimeLeft } from './rate-meter.ts'

test('a steady stream is measured as what it is', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 10, max: 500 }),
      fc.integer({ min: 1, max: 1e9 }),
      fc.nat(1e9),
      (every, rate, start) => {
        const meter = new RateMeter()
        let now = start
        for (; now < start + 6000; now += every) meter.add((rate * every) / 1000, now)
        assert.ok(Math.abs(meter.rate(now) / rate - 1) < 0.3, `${meter.rate(now)} for ${rate}`)
      }
    ),
    { numRuns: 100 }
  )
})

test('a burst at the start is not a rate per millisecond', () => {
  const meter = new RateMeter()
  meter.add(1_000_000, 1000)
  assert.ok(meter.rate(1001) <= 4_000_000)
})

test('after five seconds without bytes there is no rate', () => {
  const meter = new RateMeter()
  assert.equal(meter.rate(0), 0)
  meter.add(1e6, 1000)
  assert.ok(meter.rate(1500) > 0)
  assert.equal(meter.rate(6000), 0)
  assert.equal(meter.silentMs(6000), 5000)
  meter.add(1e6, 10_000)
  assert.ok(!meter.isSettled(10_100), 'a new spell begins')
})

test('the time left is not said before 3 s of data, and then comes true', () => {
  const meter = new RateMeter()
  const left = new TimeLeft()
  let bytes = 100e6
  for (let now = 0; now <= 10_000; now += 100, bytes -= 1e6) {
    meter.add(1e6, now)
    const seconds = left.estimate(bytes, meter, now)
    if (now < 3000) assert.equal(seconds, null)
    else assert.ok(seconds != null && Math.abs(seconds - bytes / 10e6) < 1.5, `${now}: ${seconds} for ${bytes / 10e6}`)
  }
  assert.equal(left.estimate(bytes, meter, 16_000), null)
})

test('a rate is that of the last seconds, also after a rest', () => {
  const meter = new RateMeter()
  for (let now = 10_000; now < 14_000; now += 10) meter.add(10_000, now)
  assert.ok(Math.abs(meter.rate(14_000) - 1_000_000) < 100_000)
  assert.equal(meter.rate(18_000), 0)
  for (let now = 30_000; now < 30_500; now += 10) meter.add(20_000, now)
  assert.ok(Math.abs(meter.rate(30_500) - 2_000_000) < 300_000)
})
