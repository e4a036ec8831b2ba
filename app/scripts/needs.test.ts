import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'
import { needsOf } from './needs.mjs'

const sorted = (file: string): string[] => [...needsOf(file)].sort()

test('what a test file needs is told from what it calls and imports', () => {
  assert.deepEqual(sorted('e2e/resume.test.ts'), [])
  assert.deepEqual(sorted('e2e/start.test.ts'), ['chromium'])
  assert.deepEqual(sorted('e2e/lan.test.ts'), ['ip'])
  assert.deepEqual(sorted('e2e/refusals.test.ts'), ['ip', 'mount', 'nsenter', 'setpriv', 'unshare'])
  assert.deepEqual(sorted('e2e/nearby.spec.ts'), ['chromium', 'ip'])
  assert.deepEqual(sorted('e2e/problems.spec.ts'), ['chromium', 'mount'])
})

test('every spec needs Chromium, and no test of the unit floor anything', () => {
  const specs = globSync('e2e/**/*.spec.ts')
  assert.ok(specs.length > 10)
  for (const file of specs) assert.ok(needsOf(file).has('chromium'), file)
  for (const file of globSync('{core,app,main,renderer}/**/*.test.ts')) assert.deepEqual(sorted(file), [], file)
})
