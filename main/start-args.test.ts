import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseStart } from './start-args.ts'

const around = { env: { SHOAL_NETWORK: 'loopback' }, cwd: '/home/ana', version: '1' }

test('our options, what is to be opened, and none of what is Chromium’s', () => {
  const args = ['--inspect=0', '--data', 'here', '--network=lan', '--no-sandbox', 'shoal:bafy', '--hidden', 'a.shoal']
  const start = parseStart(args, around)
  assert.equal(start.dataDir, '/home/ana/here')
  assert.equal(start.network, 'lan')
  assert.deepEqual(start.opened, ['shoal:bafy', 'a.shoal'])
  assert.equal(start.isHidden, true)
  assert.deepEqual(start.folders, [], 'the system’s own place for downloads')
})

test('folders that are named; what follows -- is opened whatever it looks like', () => {
  const start = parseStart(['--folder', 'in', '--folder=/out', '--', '--data'], around)
  assert.deepEqual(start.folders, ['/home/ana/in', '/out'])
  assert.deepEqual(start.opened, ['--data'])
  assert.equal(start.network, 'loopback', 'from the environment')
  assert.equal(start.isHidden, false)
})

test('an option of ours that makes no sense is refused', () => {
  assert.throws(() => parseStart(['--network', 'moon'], around), { code: 'usage' })
  assert.throws(() => parseStart(['--data'], around), { code: 'usage' })
})
