import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ban } from '../contract/shapes.ts'
import { Bans, MAX_BANS } from './bans.ts'

/** Bans, and what is kept of them by peer. */
function sample(before: { peerId: string; until: number }[] = []) {
  const kept = new Map(before.map(({ peerId, until }) => [peerId, until]))
  const bans = new Bans({
    load: () => before,
    save: (peerId, until) => kept.set(peerId, until),
    forget: peerId => kept.delete(peerId)
  })
  return { bans, kept }
}

const ban = (number: number, more: Partial<Ban> = {}): Ban => ({
  peerId: `p${number}`,
  name: '',
  reason: 'wrong-bytes',
  until: 1_000_000 + number,
  ...more
})

test('whoever is refused is shown and can be allowed again; of more than may be, the one refused first is refused no more', () => {
  const { bans, kept } = sample()
  for (let i = 0; i < MAX_BANS; i++) assert.deepEqual(bans.add(ban(i)), [])
  assert.deepEqual(bans.add(ban(0, { until: 2_000_000 })), [], 'refused again: the last one now')
  assert.deepEqual(bans.add(ban(MAX_BANS)), ['p1'])
  const shown = bans.feed.rows().map(({ peerId }) => peerId)
  assert.deepEqual(shown.toSorted(), [...kept.keys()].toSorted(), 'nobody is kept who cannot be seen')
  assert.equal(shown.length, MAX_BANS)
  for (const peerId of shown) assert.ok(bans.lift(peerId))
  assert.equal(kept.size, 0)
  assert.equal(bans.lift('p1'), false)
})

test('more kept by an earlier run than may be: the next ban lets those go that are too many', () => {
  const { bans, kept } = sample(Array.from({ length: MAX_BANS + 3 }, (_, i) => ban(i)))
  assert.deepEqual(bans.add(ban(9_999)), ['p0', 'p1', 'p2', 'p3'])
  assert.equal(kept.size, MAX_BANS)
})

test('only wrong bytes are kept, and refusing what was offered does not make little of them', () => {
  const { bans, kept } = sample()
  bans.add(ban(1, { reason: 'refused' }))
  assert.equal(kept.size, 0)
  bans.add(ban(1, { name: 'One' }))
  bans.add(ban(1, { reason: 'refused', until: 3_000_000 }))
  assert.deepEqual(bans.feed.rows(), [ban(1, { name: 'One' })])
  assert.deepEqual(bans.takeOver(1_000_001), ['p1'])
  assert.equal(kept.size, 0)
})
