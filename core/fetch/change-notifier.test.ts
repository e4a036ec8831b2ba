import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SteppedClock } from '../testing/stepped-clock.ts'
import { ChangeNotifier } from './change-notifier.ts'

test('the first change is told at once, the last of a burst a tenth of a second later, nothing else', () => {
  const clock = new SteppedClock()
  const toldAt: number[] = []
  using changes = new ChangeNotifier(clock)
  const end = changes.listen(() => void toldAt.push(clock.now() - begin))
  const begin = clock.now()
  for (let i = 0; i < 50; i++) changes.changed()
  assert.deepEqual(toldAt, [0])
  clock.step(1000)
  assert.deepEqual(toldAt, [0, 100])
  changes.changed()
  end()
  changes.changed()
  clock.step(1000)
  assert.deepEqual(toldAt, [0, 100, 1000])
})

test('nothing is told after it was disposed of', () => {
  const clock = new SteppedClock()
  let told = 0
  {
    using changes = new ChangeNotifier(clock)
    changes.listen(() => void told++)
    changes.changed()
    changes.changed()
  }
  clock.step(1000)
  assert.equal(told, 1)
})
