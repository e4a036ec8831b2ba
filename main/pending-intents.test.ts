import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { PendingIntents, linkFrom, parseIntent } from './pending-intents.ts'
import { cleanup } from '../core/testing/cleanup.ts'

const place = { type: 'place', place: 'library' } as const
const link = (text: string) => ({ type: 'link', link: text }) as const

test('what was asked before there was a page is handed over once, in order', async t => {
  const asks = new PendingIntents()
  asks.push(place)
  asks.push(link('a'))
  const life = new AbortController()
  cleanup(t).defer(() => life.abort())
  const reading = asks.read(life.signal)
  assert.deepEqual((await reading.next()).value, place)
  assert.deepEqual((await reading.next()).value, link('a'))
  const waiting = reading.next()
  asks.push(link('b'))
  assert.deepEqual((await waiting).value, link('b'))
})

test('a page that was reloaded takes over, and the one before it ends', async () => {
  const asks = new PendingIntents()
  const life = new AbortController()
  const old = asks.read(life.signal)
  const waiting = old.next()
  const fresh = asks.read(life.signal)
  const taken = fresh.next()
  asks.push(place)
  assert.deepEqual((await taken).value, place)
  assert.equal((await waiting).done, true)
  const last = fresh.next()
  life.abort()
  assert.equal((await last).done, true)
})

test('only the newest sixteen wait', async () => {
  const asks = new PendingIntents()
  for (let n = 0; n < 40; n++) asks.push(link(String(n)))
  const reading = asks.read(AbortSignal.timeout(10_000))
  assert.deepEqual((await reading.next()).value, link('24'))
  await reading.return(undefined)
})

test('a share file is its text, anything else itself; neither is ever longer than a link', async t => {
  const dir = await mkdtemp(path.join(tmpdir(), 'shoal-asks-'))
  cleanup(t).defer(async () => rm(dir, { recursive: true }))
  await writeFile(path.join(dir, 'Summer.shoal'), 'shoal:bafy?n=Summer\n')
  await writeFile(path.join(dir, 'big.shoal'), 'x'.repeat(100_000))
  assert.deepEqual(await linkFrom('Summer.shoal', dir), link('shoal:bafy?n=Summer'))
  assert.deepEqual(await linkFrom('big.shoal', dir), link('big.shoal'))
  assert.deepEqual(await linkFrom('gone.shoal', dir), link('gone.shoal'))
  assert.equal((await linkFrom('y'.repeat(100_000), dir)).type, 'link')
  const [long] = [await linkFrom('y'.repeat(100_000), dir)]
  assert.equal(long.type === 'link' && long.link.length, 8192)
})

test('a desktop names files by their address; what has another scheme is never a file', async t => {
  const dir = await mkdtemp(path.join(tmpdir(), 'shoal-asks-'))
  cleanup(t).defer(async () => rm(dir, { recursive: true }))
  await writeFile(path.join(dir, 'Süd 1.shoal'), 'shoal:bafy?n=Summer\n')
  assert.deepEqual(await linkFrom(pathToFileURL(path.join(dir, 'Süd 1.shoal')).href, '/'), link('shoal:bafy?n=Summer'))
  const elsewhere = 'file://elsewhere/S.shoal'
  assert.deepEqual(await linkFrom(elsewhere, dir), link(elsewhere))
  if (process.platform === 'win32') return
  await writeFile(path.join(dir, 'shoal:bafy.shoal'), 'shoal:another')
  assert.deepEqual(await linkFrom('shoal:bafy.shoal', dir), link('shoal:bafy.shoal'))
})

test('what never ends, or blocks whoever opens it, is not read', { timeout: 20_000 }, async t => {
  if (process.platform === 'win32') return t.skip('there are no such files')
  const dir = await mkdtemp(path.join(tmpdir(), 'shoal-asks-'))
  cleanup(t).defer(async () => rm(dir, { recursive: true }))
  execFileSync('mkfifo', [path.join(dir, 'pipe.shoal')])
  await symlink('/dev/zero', path.join(dir, 'zero.shoal'))
  for (const it of ['pipe.shoal', 'zero.shoal']) assert.deepEqual(await linkFrom(it, dir), link(it))
})

test('what a second start says is believed in its own shape only: it may be another version', () => {
  const told = { opened: ['shoal:bafy'], cwd: '/home/ana' }
  assert.deepEqual(parseIntent(told), told)
  for (const data of [undefined, null, 7, {}, { opened: 'shoal:bafy', cwd: '/' }, { opened: [7], cwd: '/' }])
    assert.deepEqual(parseIntent(data), { opened: [], cwd: '/' })
})
