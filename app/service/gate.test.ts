import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Gate } from './gate.ts'

test('no more than there are places for; who is next goes next, who was aborted passes it on', async () => {
  const gate = new Gate(2)
  const inside: string[] = []
  const leaves = new Map<string, () => void>()
  const come = async (name: string, isNext: boolean, signal = new AbortController().signal): Promise<void> => {
    const leave = await gate.enter(isNext, signal)
    if (leave == null) return
    inside.push(name)
    leaves.set(name, leave)
  }
  const settled = () => new Promise(resolve => setImmediate(resolve))
  const gone = new AbortController()
  const all = [come('a', false), come('b', false), come('c', false), come('gone', false, gone.signal), come('d', false)]
  all.push(come('e', true))
  await settled()
  assert.deepEqual(inside, ['a', 'b'])
  gone.abort()
  leaves.get('a')?.()
  await settled()
  assert.deepEqual(inside, ['a', 'b', 'e'], 'before all that wait')
  leaves.get('b')?.()
  leaves.get('e')?.()
  await settled()
  assert.deepEqual(inside, ['a', 'b', 'e', 'c', 'd'], 'the place of who was gone is not lost')
  leaves.get('c')?.()
  leaves.get('d')?.()
  await Promise.all([...all, come('f', false), come('g', false)])
  assert.deepEqual(inside.slice(5), ['f', 'g'], 'places that nobody waited for are free again')
  assert.equal(await gate.enter(true, AbortSignal.abort()), undefined)
})
