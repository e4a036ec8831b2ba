import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import type { EngineOptions } from '../engine/options.ts'
import { openHost } from './host.ts'
import { browserCommand, openBrowser, redirectTo } from './open-browser.ts'
import { readRunFile, writeRunFile } from './run-file.ts'

const FAKE_ENTRY = new URL('../testing/fake-worker.ts', import.meta.url)
const optionsFor = (dataDir: string, offline = false): EngineOptions => ({
  dataDir,
  version: '1.2.3',
  offline,
  network: 'loopback',
  listen: [],
  peers: [],
  bootstrap: null,
  limits: { uploadBytesPerSecond: null, downloadBytesPerSecond: null, reserveBytes: null },
  folders: []
})

function scratch(): { dir: string } & Disposable {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'shoal-host-'))
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) }
}

test('one process holds a data directory, says how to reach it, and leaves nothing behind', async t => {
  using it = scratch()
  const options = { engine: optionsFor(it.dir), ui: { port: 0 }, entry: FAKE_ENTRY }
  {
    await using host = await openHost(options, t.signal)
    const run = readRunFile(it.dir)
    assert.equal(run?.pid, process.pid)
    assert.equal(run?.ui, host.uiUrl)
    assert.match(host.uiUrl ?? '', /^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}$/)
    assert.ok(!host.uiUrl?.includes(run?.token ?? ''), 'two tokens')
    assert.equal(statSync(path.join(it.dir, 'run.json')).mode & 0o777, 0o600)
    assert.equal((await host.client.node.info({})).version, '1.2.3')
    const session = await fetch(new URL('/api/session', host.uiUrl ?? ''), {
      headers: { authorization: `Bearer ${host.uiUrl?.split('token=')[1]}` }
    })
    assert.equal(session.status, 200)
    await assert.rejects(openHost(options, t.signal), { code: 'already-running' })
    assert.ok(readRunFile(it.dir) != null, 'the refused one touched nothing')
  }
  assert.equal(readRunFile(it.dir), undefined)
  await using again = await openHost(options, t.signal)
  assert.ok(again.uiUrl)
})

test('its own client goes on after the engine has opened its application anew', async t => {
  using it = scratch()
  await using host = await openHost({ engine: { ...optionsFor(it.dir), network: null }, entry: FAKE_ENTRY }, t.signal)
  const before = host.client
  await before.settings.set({ network: 'internet' })
  await assert.rejects(
    async () => {
      for await (const _ of await before.peer.feed({}));
    },
    { code: 'internal' }
  )
  assert.equal((await host.client.node.info({})).version, '1.2.3')
})

test('what is to stay free on the disk holds for uploads as soon as it is chosen', async t => {
  using it = scratch()
  const inbox = path.join(it.dir, 'inbox')
  mkdirSync(inbox)
  const engine = { ...optionsFor(path.join(it.dir, 'data')), listen: ['/ip4/127.0.0.1/tcp/0'], folders: [inbox] }
  mkdirSync(engine.dataDir)
  await using host = await openHost(
    { engine: { ...engine, limits: { ...engine.limits, reserveBytes: 0 } }, ui: { port: 0 } },
    t.signal
  )
  const authorization = `Bearer ${host.uiUrl?.split('token=')[1]}`
  const open = async (): Promise<[number, string | undefined]> => {
    const body = JSON.stringify({ folder: 0, path: [], bytes: 1 })
    const request = { method: 'POST', headers: { authorization }, body }
    const answer = await fetch(new URL('/api/uploads', host.uiUrl ?? ''), request)
    return [answer.status, ((await answer.json()) as { code?: string }).code]
  }
  const reserve = async (reserveBytes: number): Promise<unknown> =>
    host.client.limits.set({ uploadBytesPerSecond: null, downloadBytesPerSecond: null, reserveBytes })
  assert.deepEqual(await open(), [200, undefined])
  assert.deepEqual(await reserve(1e15), { uploadBytesPerSecond: 0, downloadBytesPerSecond: 0, reserveBytes: 1e15 })
  assert.deepEqual(await open(), [507, 'disk-full'])
  await reserve(0)
  assert.deepEqual(await open(), [200, undefined])
})

test('an offline engine answers its own process only', async t => {
  using it = scratch()
  await using host = await openHost({ engine: optionsFor(it.dir, true), entry: FAKE_ENTRY }, t.signal)
  assert.deepEqual((await host.client.node.info({})).addrs, [])
  assert.equal(readRunFile(it.dir), undefined)
})

test('a start that fails gives the directory back', async t => {
  using it = scratch()
  const damaged = path.join(it.dir, 'damaged') // the fake fails with that code
  const options = { engine: optionsFor(damaged), entry: FAKE_ENTRY }
  await assert.rejects(openHost(options, t.signal), { code: 'data-damaged' })
  await assert.rejects(openHost(options, t.signal), { code: 'data-damaged' })
  assert.equal(readRunFile(damaged), undefined)
})

test('a run file that makes no sense is none', () => {
  using it = scratch()
  const run = { pid: 1, port: 4801, token: 'x'.repeat(43), ui: null, version: '1' }
  writeRunFile(it.dir, run)
  assert.deepEqual(readRunFile(it.dir), run)
  for (const text of [
    '',
    '{',
    '[]',
    '{"pid":1}',
    JSON.stringify({ ...run, port: 70_000 }),
    JSON.stringify({ ...run, token: '' })
  ]) {
    // prettier-ignore
    writeFileSync(path.join(it.dir, 'run.json'), text)
    assert.equal(readRunFile(it.dir), undefined, text)
  }
})

test('a browser is given a file only its owner can read, and no token on its command line', () => {
  using it = scratch()
  const url = `http://127.0.0.1:4801/#token=${'x'.repeat(43)}`
  {
    using _opened = openBrowser(it.dir, url, 'linux', { DISPLAY: ':none', PATH: '/nowhere' })
    assert.equal(statSync(path.join(it.dir, 'open-page.html')).mode & 0o777, 0o600)
  }
  assert.ok(!existsSync(path.join(it.dir, 'open-page.html')))
  using _nothing = openBrowser(it.dir, url, 'linux', {})
  assert.ok(!existsSync(path.join(it.dir, 'open-page.html')), 'no display, no file')
  assert.throws(() => redirectTo('javascript:alert(1)'))
  assert.throws(() => redirectTo('http://127.0.0.1:1/#token="><script>'))
})

test('the program that opens a page on Windows is the system’s own, wherever one starts from', () => {
  assert.deepEqual(browserCommand('win32', { SystemRoot: 'D:\\Windows' }), ['D:\\Windows\\explorer.exe'])
  assert.deepEqual(browserCommand('win32', {}), ['C:\\Windows\\explorer.exe'])
})
