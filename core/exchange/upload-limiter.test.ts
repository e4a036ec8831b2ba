import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UploadLimiter } from './upload-limiter.ts'
import { SteppedClock } from '../testing/stepped-clock.ts'

const never = new AbortController().signal

/** Takes `bytes` over and over for a transfer; counts what it got. */
function taker(limits: UploadLimiter, root: string, bytes: number): { got: number } {
  const count = { got: 0 }
  const run = async () => {
    for (let i = 0; i < 100_000; i++) {
      const due = limits.take(bytes, root, never)
      if (due != null) await due
      count.got += bytes
      if (due == null) await Promise.resolve()
    }
  }
  void run()
  return count
}

async function pass(clock: SteppedClock, ms: number): Promise<void> {
  for (let i = 0; i < ms; i += 10) {
    clock.step(10)
    await new Promise(resolve => setImmediate(resolve))
  }
}

test('a rate is kept, and shared evenly', async () => {
  const clock = new SteppedClock()
  const limits = new UploadLimiter(clock, 1_000_000)
  const a = taker(limits, 'a', 50_000)
  const b = taker(limits, 'b', 50_000)
  await pass(clock, 10_000)
  const total = a.got + b.got
  assert.ok(total > 9_900_000 && total < 10_500_000, `${total}`)
  assert.ok(Math.abs(a.got - b.got) <= 400_000, `${a.got} and ${b.got}`)
})

test('the rate of one transfer holds only it', async () => {
  const clock = new SteppedClock()
  const limits = new UploadLimiter(clock, 1_000_000)
  limits.setTransfer('slow', 100_000)
  const slow = taker(limits, 'slow', 10_000)
  const free = taker(limits, 'free', 10_000)
  await pass(clock, 5000)
  assert.ok(Math.abs(slow.got - 500_000) < 60_000, `${slow.got}`)
  assert.ok(free.got > 4_300_000, `${free.got}`)
  assert.ok(limits.grainBytes('slow') < limits.grainBytes('free'))
})

test('a take bigger than what can be saved up is served, and paid off', async () => {
  const clock = new SteppedClock()
  const limits = new UploadLimiter(clock, 1000)
  assert.equal(limits.take(64_000, 'a', never), undefined)
  let done = false
  void limits.take(1, 'a', never)?.then(() => (done = true))
  await pass(clock, 59_000)
  assert.equal(done, false)
  await pass(clock, 5000)
  assert.equal(done, true)
})

test('no rate lets everybody go, also those who wait already', async () => {
  const clock = new SteppedClock()
  const limits = new UploadLimiter(clock)
  assert.equal(limits.take(1e9, 'a', never), undefined)
  limits.setAll(10)
  void limits.take(10_000, 'a', never)
  const waiting = limits.take(10_000, 'a', never)
  assert.ok(waiting != null)
  limits.setAll(0)
  await waiting
})

test('an abort takes its place in the queue with it', async () => {
  const clock = new SteppedClock()
  const limits = new UploadLimiter(clock, 1000)
  assert.equal(limits.take(10_000, 'a', never), undefined)
  const abort = new AbortController()
  const first = limits.take(1e9, 'a', abort.signal)
  let done = false
  void limits.take(10, 'a', never)?.then(() => (done = true))
  abort.abort(new Error('cancelled'))
  await assert.rejects(first ?? assert.fail(), /cancelled/)
  await pass(clock, 10_000)
  assert.equal(done, true)
})
