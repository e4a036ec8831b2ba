import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesFilter } from './name-filter.ts'

test('every word must be in the name, in any case and without accents', () => {
  assert.ok(matchesFilter('Été à Bergen.JPG', 'ete bergen'))
  assert.ok(matchesFilter('Été à Bergen.JPG', 'JPG é'))
  assert.ok(!matchesFilter('Été à Bergen.JPG', 'ete oslo'))
  assert.ok(matchesFilter('anything', ''))
})

test('one filter after another, over more names than are remembered', () => {
  for (let round = 0; round < 2; round++) {
    let found = 0
    for (let n = 0; n < 25_000; n++)
      if (matchesFilter(`Report ${n}`, round === 0 ? 'report 777' : 'REPORT 24999')) found++
    assert.equal(found, round === 0 ? 43 : 1)
  }
})
