import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announce, Results } from './test-results.mjs'

const FAILED = { status: 'unexpected', projectName: 'web', annotations: [], results: [{ duration: 4000 }] }
const spec = (title: string, ...tests: unknown[]) => ({ title, file: 'rows.spec.ts', tests })

test('what failed is named, each with the command that runs just that again', () => {
  const results = new Results('npm test')
  results.pass()
  results.fail('a link is read', 'core/link.test.ts')
  results.fail('Playwright did not come to its end')
  assert.equal(results.passed, 1)
  assert.equal(results.failed, 2)
  assert.deepEqual(results.lines(), [
    'Failed:',
    '  a link is read',
    '    npm test -- core/link.test.ts',
    '  Playwright did not come to its end'
  ])
})

test('the ten slowest files are said, the slowest first, all tests of a file together', () => {
  const results = new Results('npm test')
  for (let n = 0; n < 12; n++) results.took(`${n}.test.ts`, n * 1000)
  results.took('3.test.ts', 20_500)
  const [head, first, ...others] = results.lines()
  assert.equal(head, 'Slowest files:')
  assert.equal(first, '   23.5 s  3.test.ts')
  assert.equal(others.length, 9)
  assert.equal(others.at(-1), '    2.0 s  2.test.ts')
})

test('a report of Playwright: one that passed at a second try has failed, what is skipped is neither', () => {
  const results = new Results('npm test')
  const passed = { ...FAILED, status: 'expected', projectName: 'electron' }
  const skipped = { ...FAILED, status: 'skipped', annotations: [{ type: 'skip', description: 'mounts need root' }] }
  const inside = { specs: [spec('two', { ...FAILED, status: 'flaky' }, skipped)] }
  results.takeReport({ suites: [{ specs: [spec('one', FAILED, passed)], suites: [inside] }] })
  assert.equal(results.passed, 1)
  assert.deepEqual(results.failures, [
    { name: 'one (web)', file: 'e2e/rows.spec.ts' },
    { name: 'two (web)', file: 'e2e/rows.spec.ts' }
  ])
  assert.deepEqual(results.lacking, ['mounts need root'])
  const lines = results.lines()
  assert.equal(lines[1], '   12.0 s  e2e/rows.spec.ts (web)')
  assert.ok(lines.includes('1 skipped') && lines.includes('1 of them: mounts need root'))
})

test('before a stage: how long it usually takes, where all of it is run', () => {
  const stage = { what: 'Unit tests', usually: '3 minutes' }
  assert.equal(announce(stage, 180, true), 'Unit tests: 180 files, usually 3 minutes')
  assert.equal(announce(stage, 1, false), 'Unit tests: 1 file')
})
