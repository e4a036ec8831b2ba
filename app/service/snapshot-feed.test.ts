import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JobFeed, ListFeed, ValueFeed } from './snapshot-feed.ts'
import { settled, stepped } from '../testing/settled-clock.ts'

function collect<T>(values: AsyncIterable<T>) {
  const got: T[] = []
  const over = (async () => {
    for await (const value of values) got.push(value)
  })()
  over.catch(() => {})
  return { got, over }
}

test('a burst costs two publications, and the last value always arrives', async () => {
  const { clock, step } = stepped()
  const feed = new ValueFeed(0, clock)
  const abort = new AbortController()
  const { got, over } = collect(feed.read(abort.signal))
  await settled()
  await step(100)
  for (let n = 1; n <= 10_000; n++) feed.set(n)
  await settled()
  assert.deepEqual(got, [0, 10_000])
  feed.set(10_001)
  feed.set(10_002)
  await step(99)
  assert.deepEqual(got, [0, 10_000])
  await step(1)
  assert.deepEqual(got, [0, 10_000, 10_002])
  await step(100)
  assert.equal(clock.due, 0, 'idle leaves no timer running')
  abort.abort()
  await over
})

test('a slow reader gets the newest state, not a queue', async () => {
  const feed = new ListFeed<number>(stepped().clock)
  feed.set('a', 0)
  const abort = new AbortController()
  const reader = feed.read(abort.signal)
  assert.deepEqual((await reader.next()).value, { seq: 0, whole: true, rows: [0], removed: [] })
  for (let n = 1; n <= 1000; n++) feed.set('a', n)
  abort.abort()
  assert.equal((await reader.next()).done, true)
})

test('a row is sent when it changed and not again', async () => {
  const { clock, step } = stepped()
  const feed = new ListFeed<number>(clock)
  const abort = new AbortController()
  const { got, over } = collect(feed.read(abort.signal))
  await settled()
  feed.set('a', 1)
  await step(100)
  for (let n = 0; n < 5; n++) await step(100)
  assert.deepEqual(got.slice(1), [{ seq: 1, whole: false, rows: [1], removed: [] }])
  assert.equal(clock.due, 0, 'idle leaves no timer running')
  abort.abort()
  await over
})

test('whole plus changes is the list, whatever happens in between', async () => {
  type Op = { key: string; value: number | null; step: boolean }
  const op: fc.Arbitrary<Op> = fc.record({
    key: fc.constantFrom('a', 'b', 'c'),
    value: fc.option(fc.nat(9)),
    step: fc.boolean()
  })
  await fc.assert(
    fc.asyncProperty(fc.array(op, { maxLength: 30 }), async ops => {
      const { clock, step } = stepped()
      const feed = new ListFeed<{ key: string; value: number }>(clock)
      feed.set('a', { key: 'a', value: -1 })
      const abort = new AbortController()
      const { got, over } = collect(feed.read(abort.signal))
      await settled()
      for (const { key, value, step: wait } of ops) {
        if (value == null) feed.delete(key)
        else feed.set(key, { key, value })
        if (wait) await step(60)
      }
      await step(100)
      await step(100)
      abort.abort()
      await over
      const seen = new Map<string, number>()
      got.forEach((update, index) => {
        assert.equal(update.seq, index)
        assert.equal(update.whole, index === 0)
        for (const row of update.rows) seen.set(row.key, row.value)
        for (const key of update.removed) seen.delete(key)
      })
      const wanted = new Map(feed.rows().map(row => [row.key, row.value]))
      assert.deepEqual(seen, wanted)
    }),
    { numRuns: 50 }
  )
})

test('the outcome of a job waits for no interval and is told to the late', async () => {
  const { clock } = stepped()
  const job = new JobFeed<string>(clock)
  const { got, over } = collect(job.read(new AbortController().signal))
  job.progress('1 %')
  await settled()
  job.progress('50 %')
  job.end('done')
  job.end('again')
  job.fail(new Error('too late'))
  job.progress('late')
  await over
  assert.deepEqual(got, ['1 %', 'done'])
  const late = collect(job.read(new AbortController().signal))
  await late.over
  assert.deepEqual(late.got, ['done'])
})

test('a failed job throws to everybody who follows', async () => {
  const job = new JobFeed<string>(stepped().clock)
  const failure = new Error('no')
  const early = collect(job.read(new AbortController().signal))
  await settled()
  job.fail(failure)
  await assert.rejects(early.over, failure)
  await assert.rejects(job.read(new AbortController().signal).next(), failure)
})

test('a follower that leaves leaves nothing behind', async () => {
  const { clock } = stepped()
  const job = new JobFeed<string>(clock)
  const abort = new AbortController()
  const { got, over } = collect(job.read(abort.signal))
  job.progress('1 %')
  await settled()
  abort.abort()
  await over
  assert.deepEqual(got, ['1 %'])
  assert.equal(clock.due, 0)
})
