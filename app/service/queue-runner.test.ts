// How many wait at which place is told as rarely as anybody looks, however many come and go at once.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { SteppedClock } from '../../core/testing/stepped-clock.ts'
import type { QueueEffect, QueueInput } from './download-queue.ts'
import { QueueRunner } from './queue-runner.ts'
import { cleanup } from '../../core/testing/cleanup.ts'

const COUNT = 1_000

function sample(t: TestContext) {
  const clock = new SteppedClock()
  const moved: string[] = []
  const performed: QueueEffect[] = []
  const runner = new QueueRunner(5, {
    clock,
    perform: effect => performed.push(effect),
    moved: id => moved.push(id)
  })
  cleanup(t).defer(() => runner[Symbol.dispose]())
  return { clock, moved, performed, runner }
}

const add = (number: number): QueueInput => ({ type: 'add', id: `d${number}`, urgency: 'none' })
const all = Array.from({ length: COUNT }, (_, i) => i)

test('many that come together are opened as one by one, and each is told its place once', t => {
  const it = sample(t)
  it.runner.feedAll(all.map(add))
  assert.equal(it.moved.length, COUNT - 5)
  assert.equal(it.runner.place(`d${COUNT - 1}`), COUNT - 5)
  const single = sample(t)
  for (const number of all) single.runner.feed(add(number))
  assert.deepEqual(
    ['open', 'go'].map(type => it.performed.filter(effect => effect.type === type)),
    ['open', 'go'].map(type => single.performed.filter(effect => effect.type === type))
  )
})

test('of many that come and go one by one at once, no place is told more than twice, and the last one is told', t => {
  const { clock, moved, runner } = sample(t)
  for (const number of all) {
    runner.feed(add(number))
    assert.equal(runner.place(`d${number}`), number < 5 ? undefined : number - 4, 'known at once')
  }
  clock.step(100)
  assert.ok(moved.length <= 2 * COUNT, `${moved.length} times after ${COUNT} came`)
  moved.length = 0
  for (const number of all.slice(0, COUNT - 10)) runner.feed({ type: 'remove', id: `d${number}` })
  clock.step(100)
  assert.ok(moved.length <= 2 * COUNT, `${moved.length} times after ${COUNT - 10} went`)
  assert.deepEqual(
    all.slice(COUNT - 10).map(number => runner.place(`d${number}`) ?? 0),
    [0, 0, 0, 0, 0, 1, 2, 3, 4, 5]
  )
})
