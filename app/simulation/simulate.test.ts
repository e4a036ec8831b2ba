import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CASES, SEEDS } from './cases.ts'
import { loadSimulator } from './load.ts'

const LIES_ABOUT_LEAVES = 9
const { simulate, planOf, replacedImports } = await loadSimulator()

test('of what a machine imports, everything that waits, keeps or rolls is simulated', () => {
  for (const name of [
    'node:fs core/store/part-tree.ts',
    'node:sqlite core/store/db.ts',
    'node:worker_threads core/store/leaf-worker.ts'
  ])
    assert.ok(replacedImports().has(name), name)
})

test('one seed is one run: the same log and the same events, to the byte', async () => {
  const plan = planOf(9)
  const [first, second] = [await simulate(plan), await simulate(plan)]
  assert.ok(first.finished > 0 && first.events > 1_000, 'something happened')
  assert.deepEqual(second.log, first.log)
  assert.equal(second.digest, first.digest)
  assert.notEqual((await simulate({ ...plan, seed: 12 })).digest, first.digest)
})

test('who lies is met and refused, and what honest ones have is got all the same', async () => {
  const nodes = Array.from({ length: 2 }, () => ({ capacityBytes: 400_000_000, platform: 'linux' as const }))
  const get = { do: 'get', content: 0, selection: null, first: false, hints: false, giveUpAfterMs: null } as const
  const { broken, log, finished } = await simulate({
    seed: 1,
    nodes,
    contents: [{ name: 'c0.bin', files: [{ path: '', sizeBytes: 5_000_000 }], seed: 1 }],
    hostile: [{ manner: 'lying', seed: LIES_ABOUT_LEAVES, contents: [0], at: 0 }],
    steps: [
      { at: 100, node: 1, ...get },
      { at: 20_000, node: 0, do: 'share', content: 0 }
    ],
    calmAt: 30_000
  })
  assert.equal(broken, undefined)
  assert.equal(finished, 1)
  assert.ok(log.some(line => line.endsWith('n2.1 refuses h1')))
})

suite('what once broke a promise keeps it', () => {
  for (const [name, plan] of Object.entries(CASES)) {
    test(name, async () => {
      const { broken, log } = await simulate(plan)
      assert.equal(broken, undefined, log.slice(-40).join('\n'))
    })
  }
})

test(`${SEEDS.length} seeds break nothing`, async () => {
  for (const seed of SEEDS) {
    const { broken, lastEvents } = await simulate(planOf(seed))
    assert.equal(broken, undefined, `seed ${seed}\n${lastEvents.slice(-40).join('\n')}`)
  }
})
