import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { knowsBufferFlag } from './v8-buffers.ts'

test('V8 is asked for what it knows: 13.6 to 14.7', () => {
  const known = ['13.6.233.17-node.53', '13.10.1', '14.0.1', '14.7.9.2-electron.0']
  const unknown = ['10.8.168.25-electron.0', '13.5.212.10', '14.8.1', '14.10.1', '15.4.1.1-electron.0', '', 'x.y']
  for (const version of known) assert.equal(knowsBufferFlag(version), true, version)
  for (const version of unknown) assert.equal(knowsBufferFlag(version), false, version)
})

test('what is said of this V8 is so', () => {
  const options = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8', maxBuffer: 1024 * 1024 })
  const isThere = options.includes('--external-memory-accounted-in-global-limit')
  assert.equal(knowsBufferFlag(process.versions.v8), isThere)
})
