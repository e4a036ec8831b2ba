import assert from 'node:assert/strict'
import { test } from 'node:test'
import { together } from './together.ts'

test('one fails: the others take no more work, and it is told once they have ended', async () => {
  const turn = async (): Promise<void> => await new Promise(resolve => setImmediate(resolve))
  const begun: number[] = []
  const ended: number[] = []
  let next = 0
  const work = together(4, async isOver => {
    while (next < 100 && !isOver()) {
      const piece = next++
      begun.push(piece)
      await turn()
      if (piece === 5) throw new Error('the fifth')
      if (piece === 7) throw new Error('a later one')
      await turn()
      ended.push(piece)
    }
  })
  await assert.rejects(work, { message: 'the fifth' })
  assert.deepEqual([begun.length, ended.length], [8, 6])
  await turn()
  assert.deepEqual([begun.length, ended.length], [8, 6], 'nothing goes on')
})

test('all end well', async () => {
  let runs = 0
  await together(3, async () => void runs++)
  assert.equal(runs, 3)
})
