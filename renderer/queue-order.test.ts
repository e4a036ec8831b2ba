import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Transfer } from '../app/contract/shapes.ts'
import { inOrder, queueOf, type Move, placeBefore } from './queue-order.ts'

const row = (id: string, state: Transfer['state'], addedAt: number, place: number | null = null): Transfer => ({
  id, root: 'b', name: id, state, bytes: 0, total: 1, rate: 0, secondsLeft: null, received: 0, duplicate: 0, sources: 0, from: [],
  place, waitingFor: null, error: null, addedAt, folder: '', path: null
}) // prettier-ignore
const ROWS = [
  row('done', 'done', 9),
  row('last', 'queued', 8, 3),
  row('next', 'queued', 7, 1),
  row('old', 'fetching', 1),
  row('middle', 'queued', 6, 2),
  row('young', 'waiting', 2),
  row('paused', 'paused', 3)
]

test('what goes on is first, then the queue as it is, then what rests', () => {
  const ids = inOrder(ROWS, ({ state }) => state === 'fetching' || state === 'waiting').map(({ id }) => id)
  assert.deepEqual(ids, ['young', 'old', 'next', 'middle', 'last', 'done', 'paused'])
  assert.deepEqual(queueOf(ROWS), ['next', 'middle', 'last'])
})

test('every move leads to where it says', () => {
  const queue = ['a', 'b', 'c', 'd']
  const after = (id: string, move: Move): string | undefined => {
    const before = placeBefore(queue, id, move)
    if (before === undefined) return undefined
    const rest = queue.filter(other => other !== id)
    return rest.toSpliced(before == null ? rest.length : rest.indexOf(before), 0, id).join('')
  }
  assert.deepEqual(
    ['b', 'c'].map(id => (['front', 'up', 'down', 'end'] as const).map(move => after(id, move))),
    [
      ['bacd', 'bacd', 'acbd', 'acdb'],
      ['cabd', 'acbd', 'abdc', 'abdc']
    ]
  )
  assert.deepEqual([after('a', 'front'), after('a', 'up'), after('a', 'down')], [undefined, undefined, 'bacd'])
  assert.deepEqual([after('d', 'down'), after('d', 'end'), after('x', 'end')], [undefined, undefined, undefined])
})
