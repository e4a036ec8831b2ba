import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { openDataDir } from './data-dir.ts'
import { cleanup } from '../testing/cleanup.ts'

function scratch(t: TestContext): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'shoal-data-'))
  cleanup(t).defer(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

test('a new folder is made private, marked, and opens again', t => {
  const dir = path.join(scratch(t), 'a', 'b')
  openDataDir(dir)[Symbol.dispose]()
  assert.equal(statSync(dir).mode & 0o777, 0o700)
  assert.equal(statSync(path.join(dir, 'lock')).mode & 0o777, 0o600)
  assert.deepEqual(JSON.parse(readFileSync(path.join(dir, 'shoal.json'), 'utf8')), { format: 1 })
  assert.deepEqual(readdirSync(dir).toSorted(), ['lock', 'shoal.json'])
  openDataDir(dir)[Symbol.dispose]()
})

test('an empty folder somebody made becomes private', t => {
  const dir = scratch(t)
  chmodSync(dir, 0o755)
  using _ = openDataDir(dir)
  assert.equal(statSync(dir).mode & 0o777, 0o700)
})

test('a folder with something else in it is refused and left alone', t => {
  const dir = scratch(t)
  writeFileSync(path.join(dir, 'holiday.jpg'), 'x')
  assert.throws(() => openDataDir(dir), { code: 'data-foreign' })
  assert.deepEqual(readdirSync(dir), ['holiday.jpg'])
  assert.throws(() => openDataDir(path.join(dir, 'holiday.jpg')), { code: 'data-foreign' })
  assert.throws(() => openDataDir(path.join(dir, 'holiday.jpg', 'below')), { code: 'data-foreign' })
})

for (const [text, code] of [
  ['{"format":2}', 'data-newer'],
  ['{"format":"1"}', 'data-damaged'],
  ['{"format":0}', 'data-damaged'],
  ['', 'data-damaged'],
  ['null', 'data-damaged'],
  [' '.repeat(70_000) + '{"format":1}', 'data-damaged']
] as const) {
  test(`a marker that says ${JSON.stringify(text.slice(0, 14))} is ${code}`, t => {
    const dir = scratch(t)
    writeFileSync(path.join(dir, 'shoal.json'), text)
    assert.throws(() => openDataDir(dir), { code })
  })
}

test('a lock that is a folder is not writable', t => {
  const dir = scratch(t)
  mkdirSync(path.join(dir, 'lock'))
  assert.throws(() => openDataDir(dir), { code: 'not-writable' })
})

test('of several that start at once on nothing, one gets it', { timeout: 120_000 }, async t => {
  const dir = path.join(scratch(t), 'new')
  const script = `import { openDataDir } from ${JSON.stringify(import.meta.resolve('./data-dir.ts'))}
    try { globalThis.held = openDataDir(process.argv[1]); console.log('held'); process.stdin.resume() }
    catch (err) { console.log(err.code) }`
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script, dir], { stdio: ['pipe', 'pipe', 'inherit'] })
  )
  cleanup(t).defer(() => children.forEach(child => child.kill('SIGKILL')))
  const said = await Promise.all(children.map(async child => String((await once(child.stdout, 'data'))[0]).trim()))
  assert.deepEqual(said.toSorted(), ['already-running', 'already-running', 'already-running', 'held'])
})

test('one holder at a time; a killed one lets go', { timeout: 120_000 }, async t => {
  const dir = scratch(t)
  const script = `import { openDataDir } from ${JSON.stringify(import.meta.resolve('./data-dir.ts'))}
    globalThis.held = openDataDir(process.argv[1]); console.log('held'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, dir], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  cleanup(t).defer(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  assert.throws(() => openDataDir(dir), { code: 'already-running' })
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
  using _ = openDataDir(dir)
  assert.throws(() => openDataDir(dir), { code: 'already-running' }, 'also inside one process')
})
