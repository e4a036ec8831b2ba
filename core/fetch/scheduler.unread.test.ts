// What a peer holds and cannot read, for a moment or for ever: the scheduler in simulated time.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakePlan, sampleScheduler } from '../testing/fake-plan.ts'
import type { Input } from './inputs-and-effects.ts'
import { createRandom } from './random.ts'

const MIB = 1_048_576

/** A peer that holds everything and cannot read some of it; time passes between ticks. */
function lonely(
  sizes: readonly number[],
  reads: (ordinal: number, now: number) => boolean,
  peers: readonly string[] = ['p']
) {
  const scheduler = sampleScheduler({
    plan: fakePlan(
      sizes.map((_, i) => `${i}`),
      sizes
    ),
    have: { has: () => false },
    wanted: { has: () => true },
    random: createRandom(1)
  })
  const asked: { peer: string; ordinal: number; at: number }[] = []
  const it = { scheduler, asked, now: 0, starvedMs: 0, feed, pass }
  function feed(input: Input): void {
    for (const effect of scheduler.apply(input, it.now)) {
      if (effect.type !== 'request') continue
      for (const { start, count } of effect.runs) {
        for (let ordinal = start; ordinal < start + count; ordinal++) answer(effect.peer, ordinal)
      }
    }
  }
  function answer(peer: string, ordinal: number): void {
    asked.push({ peer, ordinal, at: it.now })
    queueMicrotask(() => {
      if (!reads(ordinal, it.now) && peer === 'p')
        return feed({
          type: 'reject-received',
          peer,
          start: ordinal,
          count: 1,
          reason: 'io',
          retryMs: 0
        })
      feed({ type: 'leaf-received', peer, ordinal })
      feed({ type: 'leaf-written', ordinal })
      feed({ type: 'room-changed', bytes: 48 * MIB })
    })
  }
  async function pass(ms: number): Promise<void> {
    for (const end = it.now + ms; it.now < end; it.now += 250) {
      feed({ type: 'time-passed' })
      await new Promise(resolve => setImmediate(resolve))
      it.starvedMs = scheduler.starved ? it.starvedMs + 250 : 0
    }
  }
  for (const peer of peers) {
    feed({ type: 'peer-opened', peer, rttMs: 1 })
    feed({ type: 'have-received', peer, change: { kind: 'full' } })
  }
  return it
}

test('a leaf the only source could not read is asked for again, and arrives when it can be read', async () => {
  const it = lonely([MIB, MIB, 1_000, 0], (ordinal, now) => ordinal !== 2 || now >= 20_000)
  await it.pass(3_000)
  assert.equal(it.scheduler.isDone, false)
  await it.pass(32_000)
  assert.equal(it.scheduler.isDone, true)
  const times = it.asked.filter(({ ordinal }) => ordinal === 2).map(({ at }) => at)
  assert.ok(times.length >= 5 && times.length <= 6, times.join(' '))
})

test('a leaf nobody can ever read is asked for once a minute in the end, and the transfer says all the while that nobody can send it', async () => {
  const it = lonely([MIB, MIB, 1_000], ordinal => ordinal !== 2)
  await it.pass(600_000)
  const times = it.asked.filter(({ ordinal }) => ordinal === 2).map(({ at }) => at)
  assert.ok(times.length > 10 && times.length < 20, times.join(' '))
  assert.ok(times.every((at, i) => i < 7 || at - times[i - 1]! >= 60_000))
  assert.ok(it.starvedMs > 590_000, `${it.starvedMs} ms`)
})

test('what one peer cannot read is asked of another at once', async () => {
  const it = lonely([MIB, MIB, 1_000, 5], ordinal => ordinal % 2 === 1, ['p', 'q'])
  await it.pass(750)
  assert.equal(it.scheduler.isDone, true)
})

test('a peer that can read nothing at all is asked for little, and what is kept of it is bounded', async () => {
  const it = lonely(
    Array.from({ length: 20_000 }, () => 1_000),
    () => false
  )
  await it.pass(120_000)
  assert.ok(it.asked.length < 25_000, `${it.asked.length} asked`)
})
