import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matches } from './matches.ts'

test('every word must be in the name, in any case and without accents', () => {
  assert.ok(matches('Été à Bergen.JPG', 'ete bergen'))
  assert.ok(matches('Été à Bergen.JPG', 'JPG é'))
  assert.ok(!matches('Été à Bergen.JPG', 'ete oslo'))
  assert.ok(matches('anything', ''))
})

test('one filter after another, over more names than are remembered', () => {
  for (let round = 0; round < 2; round++) {
    let found = 0
    for (let n = 0; n < 25_000; n++) if (matches(`Report ${n}`, round === 0 ? 'report 777' : 'REPORT 24999')) found++
    assert.equal(found, round === 0 ? 43 : 1)
  }
})
