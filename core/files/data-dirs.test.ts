import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { DataDirs, isDataDir } from './data-dirs.ts'
import { cleanup } from '../testing/cleanup.ts'

function scratch(t: TestContext): string {
  const dir = realpathSync(mkdtempSync(path.join(tmpdir(), 'shoal-data-dirs-')))
  cleanup(t).defer(() => rmSync(dir, { recursive: true }))
  return dir
}

function makeDataDir(dir: string): string {
  mkdirSync(path.join(dir, 'logs'), { recursive: true })
  for (const name of ['shoal.json', 'identity.key', 'logs/shoal.jsonl']) writeFileSync(path.join(dir, name), name)
  return dir
}

test('a data directory is known by what it holds, and so is everything in it', t => {
  const dir = scratch(t)
  const data = makeDataDir(path.join(dir, 'home/data'))
  mkdirSync(path.join(dir, 'home/half'))
  writeFileSync(path.join(dir, 'home/half/identity.key'), 'of something else')
  symlinkSync('home/data', path.join(dir, 'way'))
  const dirs = new DataDirs()
  for (const at of ['home/data', 'home/data/logs', 'home/data/not/there/yet', 'way', 'way/identity.key', 'way/new'])
    assert.ok(dirs.hold(path.join(dir, at)), at)
  for (const at of ['', 'home', 'home/half', 'home/half/identity.key', 'home/data-too', 'not/there'])
    assert.ok(!dirs.hold(path.join(dir, at)), at)
  assert.throws(() => dirs.refuse(data), { code: 'forbidden', message: /private key/ })
  assert.ok(!isDataDir(name => path.join(dir, 'way/identity.key', name)), 'a file holds nothing')
})

test('the running one is known before it has its key, and by every door of a bind mount', t => {
  const dir = scratch(t)
  const data = path.join(dir, 'data')
  mkdirSync(path.join(data, 'logs'), { recursive: true })
  writeFileSync(path.join(data, 'settings.json'), '{}')
  const dirs = new DataDirs({ running: data })
  assert.ok(dirs.hold(path.join(data, 'logs')))
  assert.ok(!new DataDirs().hold(data))
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return t.diagnostic('no bind mount without root')
  const door = path.join(dir, 'door')
  mkdirSync(door)
  execFileSync('mount', ['--bind', path.join(data, 'logs'), door])
  try {
    assert.ok(dirs.hold(door))
    assert.ok(dirs.hold(path.join(door, 'new')))
  } finally {
    execFileSync('umount', [door])
  }
})
