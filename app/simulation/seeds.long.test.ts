import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadSimulator } from './load.ts'

const MINUTES = 5
const { simulate, planOf } = await loadSimulator()

test('new seeds break nothing', async t => {
  const first = Date.now() % 1_000_000_000
  const endAt = performance.now() + MINUTES * 60_000
  let seed = first
  for (; performance.now() < endAt; seed++) {
    const { broken } = await simulate(planOf(seed))
    assert.equal(broken, undefined, `npm run simulate -- --seed ${seed}`)
  }
  t.diagnostic(`seeds ${first} to ${seed - 1}`)
})
