// "See it work" as a page asks for it: a second engine in a thread of its own, real libp2p between the two.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { parseLink } from '../../core/link.ts'
import type { TransferEvent } from '../contract/shapes.ts'
import { openClient, portSocket } from '../engine/client.ts'
import { startInline } from '../engine/engine.ts'
import { openApplication } from './application.ts'
import { optionsIn } from '../testing/sample-application.ts'
import { Welcome } from './welcome.ts'
import { WELCOME_FILES, WELCOME_FOLDER } from './welcome-files.ts'
import { cleanup } from '../../core/testing/cleanup.ts'

test('the welcome files are got from a second node, and nothing of it is left', { timeout: 60_000 }, async t => {
  const dir = await mkdtemp(path.join(tmpdir(), 'shoal-welcome-'))
  cleanup(t).defer(async () => rm(dir, { recursive: true }))
  const dataDir = path.join(dir, 'data')
  const at = path.join(dataDir, 'welcome')
  mkdirSync(path.join(at, 'left over'), { recursive: true })
  const onFault = (call: string, error: unknown) => assert.fail(`${call}: ${String(error)}`)
  await using engine = await startInline(openApplication, optionsIn(dataDir), t.signal, onFault)
  assert.ok(!existsSync(at), 'what a killed process left is gone')
  const page = openClient(portSocket(engine.connect('ui')))
  const [{ link }, again] = await Promise.all([page.app.welcome({}), page.app.welcome({})])
  assert.equal(again.link, link, 'one node, however often it is asked for')
  const { addrs, name } = parseLink(link)
  assert.equal(name, WELCOME_FOLDER)
  assert.ok(addrs.length > 0 && addrs.every(addr => addr.startsWith('/ip4/127.0.0.1/tcp/')), 'this machine alone')

  const out = path.join(dir, 'out')
  const client = openClient(portSocket(engine.connect('cli')))
  const { grants } = await client.grant.paths({ paths: [out], use: 'write' })
  const folder = grants[0] ?? null
  const { id } = await client.transfer.start({ link, folder, selection: null, addrs: [], giveUpAfterMs: 20_000 })
  const events: TransferEvent[] = []
  for await (const event of await client.transfer.follow({ id })) events.push(event)
  const last = events.at(-1)
  assert.ok(last?.type === 'done' && last.sources === 1 && last.received > 0, 'it came from somebody else')
  for (const [file, text] of Object.entries(WELCOME_FILES))
    assert.equal(await readFile(path.join(out, WELCOME_FOLDER, file), 'utf8'), text)
  assert.deepEqual(
    (await page.peer.list({})).map(peer => peer.name),
    ['Shoal’s welcome']
  )
  assert.deepEqual((await readdir(at)).sort(), [WELCOME_FOLDER, 'node'])
  await engine[Symbol.asyncDispose]()
  assert.ok(!existsSync(at), 'its folder goes with the engine')
})

test('it ends by itself when nobody asks for it, and starts again when somebody does', { timeout: 60_000 }, async t => {
  const dir = await mkdtemp(path.join(tmpdir(), 'shoal-welcome-'))
  cleanup(t).defer(async () => rm(dir, { recursive: true }))
  const at = path.join(dir, 'welcome')
  const timers: { ms: number; run: () => void }[] = []
  const clock = {
    now: () => 0,
    after: (ms: number, run: () => void) => {
      const timer = { ms, run }
      timers.push(timer)
      return () => void timers.splice(0, timers.length, ...timers.filter(it => it !== timer))
    }
  }
  await using welcome = new Welcome({ dir: at, version: '0.0.0', log: error => assert.fail(String(error)) }, clock)
  const first = parseLink(await welcome.link())
  const same = parseLink(await welcome.link())
  assert.deepEqual(same.addrs, first.addrs)
  assert.deepEqual(
    timers.map(({ ms }) => ms),
    [600_000],
    'one timer, from the last time'
  )
  timers[0]?.run()
  const second = parseLink(await welcome.link()) // waits for the end of the first
  assert.ok(second.root.equals(first.root), 'the same files')
  assert.notDeepEqual(second.addrs, first.addrs, 'another node')
  await welcome[Symbol.asyncDispose]()
  assert.ok(!existsSync(at))
  await assert.rejects(welcome.link(), { code: 'cancelled' })
})
