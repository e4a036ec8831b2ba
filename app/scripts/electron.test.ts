import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { chooseElectron, fetchedElectron } from './electron.mjs'

test('who asks for the real Electron never gets its stand-in, nor the other way round', () => {
  assert.equal(chooseElectron('real', '/dist/electron'), '/dist/electron')
  assert.throws(() => chooseElectron('real', null), /asks for the real Electron/)
  assert.equal(chooseElectron('stand-in', '/dist/electron'), undefined)
  assert.equal(chooseElectron('', '/dist/electron'), '/dist/electron')
  assert.equal(chooseElectron('', null), null)
  assert.throws(() => chooseElectron('reel', '/dist/electron'), /is real or stand-in, not "reel"/)
})

const isHere = fetchedElectron() != null && 'it is here'

test('verify:electron without a binary: one sentence, and it has failed', { skip: isHere }, () => {
  const script = fileURLToPath(new URL('./verify-electron.mjs', import.meta.url))
  const run = (env: Record<string, string>): [number | null, string] => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
      env: { ...process.env, ...env },
      encoding: 'utf8'
    })
    return [status, stdout + stderr]
  }
  const why = 'SHOAL_NETWORK=loopback allows nothing but this computer'
  assert.deepEqual(run({ SHOAL_NETWORK: 'loopback' }), [
    1,
    `Electron's binary is not here and cannot be fetched: ${why}.\n`
  ])
})
