import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SteppedClock } from '../testing/stepped-clock.ts'
import { FairQueue, type QueueMember } from './fair-queue.ts'

const QUANTUM = 64
const ROOM = 1000

/** A peer with a list of units; what it took is held until the test releases it. */
class SampleTurn implements QueueMember {
  readonly units: number[]
  readonly held: number[] = []
  taken = 0
  stalled = false

  constructor(units: readonly number[]) {
    this.units = [...units]
  }

  wants(): number | undefined {
    return this.stalled ? undefined : this.units[0]
  }

  take(): void {
    const unit = this.units.shift() ?? assert.fail('took what is not there')
    this.held.push(unit)
    this.taken += unit
  }

  giveBack(all: boolean): number {
    if (!this.stalled) return 0
    const given = this.held.splice(all ? 0 : 1)
    this.units.unshift(...given)
    return given.reduce((sum, it) => sum + it, 0)
  }
}

test('the room is never exceeded, and nobody with wishes is left out', () => {
  const units = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 30 })
  fc.assert(
    fc.property(fc.array(units, { minLength: 1, maxLength: 6 }), fc.infiniteStream(fc.nat()), (peers, dice) => {
      const turns = new FairQueue(new SteppedClock(), QUANTUM, ROOM)
      const all = peers.map(list => new SampleTurn(list))
      for (const it of all) turns.add(it)
      for (const it of all) turns.wake(it)
      for (let i = 0; i < 1000 && all.some(it => it.held.length > 0); i++) {
        assert.ok(turns.used <= ROOM)
        assert.equal(
          turns.used,
          all.reduce((sum, it) => sum + it.held.reduce((a, b) => a + b, 0), 0)
        )
        const holders = all.filter(it => it.held.length > 0)
        turns.release(holders[Number(dice.next().value) % holders.length]?.held.shift() ?? 0)
      }
      assert.ok(
        all.every(it => it.units.length === 0),
        'everything was taken in the end'
      )
    }),
    { numRuns: 200 }
  )
})

test('peers that always want something get equal bytes, whatever the size of their units', () => {
  const turns = new FairQueue(new SteppedClock(), QUANTUM, ROOM)
  const all = [10, 64, 250, 1].map(size => new SampleTurn(Array.from({ length: 20_000 }, () => size)))
  for (const it of all) turns.add(it)
  for (const it of all) turns.wake(it)
  for (let i = 0; i < 20_000; i++) {
    const holders = all.filter(it => it.held.length > 0)
    turns.release(holders[i % holders.length]?.held.shift() ?? 0)
  }
  const least = Math.min(...all.map(it => it.taken))
  for (const it of all) assert.ok(it.taken - least <= 2 * ROOM, all.map(it => it.taken).join())
  assert.ok(least > 10 * ROOM)
})

test('a unit bigger than the room is taken alone', () => {
  const turns = new FairQueue(new SteppedClock(), QUANTUM, ROOM)
  const [big, small] = [new SampleTurn([5000]), new SampleTurn([10])]
  for (const it of [big, small]) turns.add(it)
  for (const it of [small, big]) turns.wake(it)
  assert.deepEqual(big.held, [])
  turns.release(small.held.shift() ?? assert.fail())
  assert.deepEqual(big.held, [5000])
})

test('what a stalled peer holds is given to others, and it is served again later', () => {
  const clock = new SteppedClock()
  const turns = new FairQueue(clock, QUANTUM, ROOM)
  const [slow, fast] = [new SampleTurn([500, 500]), new SampleTurn([400])]
  for (const it of [slow, fast]) turns.add(it)
  turns.wake(slow)
  turns.wake(fast)
  assert.deepEqual(fast.held, [], 'no room, and nobody has stalled')
  slow.stalled = true
  clock.step(1000)
  assert.deepEqual([slow.held, fast.held], [[500], [400]], 'it keeps what it is sending while that is enough')
  slow.stalled = false
  turns.wake(slow)
  assert.deepEqual(slow.held, [500])
  turns.remove(fast, 400)
  assert.deepEqual(slow.held, [500, 500])
  turns.remove(slow, 1000)
  assert.equal(turns.used, 0)
})
