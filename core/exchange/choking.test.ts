import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseUnchoked } from './choking.ts'

const peers = (...bytes: number[]) => bytes.map((recentBytes, i) => ({ id: i + 1, recentBytes }))

test('few peers are all unchoked', () => {
  assert.deepEqual([...chooseUnchoked(peers(0, 0, 0), 2, 0).unchoked], [1, 2, 3])
  assert.deepEqual([...chooseUnchoked([], 2, 0).unchoked], [])
})

test('the fastest keep their slots, the place beside them goes round', () => {
  const all = peers(5, 9, 0, 0, 0)
  const seen: number[] = []
  let last = 0
  for (let i = 0; i < 4; i++) {
    const { unchoked, optimistic } = chooseUnchoked(all, 2, last)
    assert.ok(unchoked.has(1) && unchoked.has(2) && unchoked.size === 3)
    seen.push((last = optimistic))
  }
  assert.deepEqual(seen, [3, 4, 5, 3])
})
