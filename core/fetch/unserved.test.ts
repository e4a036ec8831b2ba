import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Unserved } from './unserved.ts'

test('counts while nobody could send, not while the disk is busy, and from the beginning once somebody could', () => {
  const it = new Unserved()
  it.observe('unserved', 100)
  it.observe('unserved', 400)
  assert.deepEqual([it.isCounting, it.totalMs(400)], [true, 300])
  it.observe('busy', 500)
  assert.deepEqual([it.isCounting, it.totalMs(9_000)], [false, 400])
  it.observe('unserved', 10_000)
  assert.equal(it.totalMs(10_100), 500)
  const next = new Unserved(it.totalMs(10_100))
  next.observe('unserved', 20_000)
  assert.equal(next.totalMs(20_050), 550, 'it goes on from there')
  next.observe('served', 20_100)
  assert.deepEqual([next.isCounting, next.totalMs(20_100)], [false, 0])
  next.observe('unserved', 20_200)
  assert.equal(next.totalMs(20_300), 100)
})
