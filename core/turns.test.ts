import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Turns } from './turns.ts'

test('so many pieces a turn of the loop, first come first served, and at once as long as they are few', async () => {
  const turns = new Turns(3)
  assert.deepEqual([turns.take(), turns.take(), turns.take()], [undefined, undefined, undefined])
  let turn = 0
  let isOver = false
  const count = (): void => {
    turn++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  const done: [piece: number, turn: number][] = []
  const pieces = Array.from({ length: 8 }, async (_, piece) => {
    await turns.take()
    done.push([piece, turn])
  })
  await Promise.all(pieces)
  isOver = true
  assert.deepEqual(
    done.map(([piece]) => piece),
    [0, 1, 2, 3, 4, 5, 6, 7]
  )
  const perTurn = Map.groupBy(done, ([, at]) => at)
  assert.deepEqual(
    [...perTurn.values()].map(it => it.length),
    [3, 3, 2]
  )
})

test('a turn that was not used up is not saved for the next one', async () => {
  const turns = new Turns(2)
  void turns.take()
  await new Promise(resolve => setImmediate(resolve))
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual([turns.take(), turns.take()], [undefined, undefined])
  assert.ok(turns.take() != null)
})
