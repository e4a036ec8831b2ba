import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { windowContract } from '../app/contract/window-contract.ts'
import type { WindowState } from '../app/contract/window-contract.ts'
import type { Caller } from '../app/contract/service.ts'
import { openClient, portSocket } from '../app/engine/client.ts'
import { startInline } from '../app/engine/engine.ts'
import { openFake } from '../app/testing/fake-service.ts'
import { bindService } from '../app/engine/serve.ts'
import { portWire } from '../app/engine/wire.ts'
import { ValueFeed } from '../app/service/snapshot-feed.ts'
import { PendingIntents } from './pending-intents.ts'
import { createWindowService, type WindowParts } from './window-service.ts'
import { cleanup } from '../core/testing/cleanup.ts'

const limits = { uploadBytesPerSecond: null, downloadBytesPerSecond: null, reserveBytes: null }
const ENGINE = { dataDir: '/nowhere', version: '1', offline: false, network: 'loopback', listen: [], peers: [], bootstrap: null, limits, folders: [] } as const // prettier-ignore

async function open(
  t: { signal: AbortSignal; after(fn: () => Promise<void>): void },
  change: Partial<WindowParts> = {}
) {
  const engine = await startInline(openFake, ENGINE, t.signal)
  cleanup(t).defer(async () => engine[Symbol.asyncDispose]())
  const client = openClient(portSocket(engine.connect('cli')))
  const told: unknown[] = []
  const parts: WindowParts = {
    state: new ValueFeed<WindowState>({ openAtLogin: false, staysOpen: null, isEngineRunning: true, update: null }),
    asks: new PendingIntents(),
    client: () => client,
    choose: what => Promise.resolve(what === 'files' ? ['/tmp/a', '/tmp/b'] : []),
    reveal: path => void told.push(path),
    copy: text => Promise.resolve(void told.push(text)),
    look: look => void told.push(look),
    openAtLogin: should => told.push({ should }) > 0 && should,
    stayOpen: staysOpen => void told.push({ staysOpen }),
    restart: () => Promise.resolve(),
    fetchUpdate: () => Promise.resolve(),
    installUpdate: () => {},
    left: () => void told.push('left'),
    ...change
  }
  const caller: Caller = { door: 'window', signal: t.signal }
  return { told, parts, caller, service: createWindowService(parts).window }
}

test('what was chosen becomes grants, and a page learns no path; nothing chosen, nothing granted', async t => {
  const { service, caller } = await open(t)
  const { grants } = await service.pick({ what: 'files' }, caller)
  assert.equal(grants.length, 2)
  assert.match(grants[0] ?? '', /^[\da-f-]{36}$/)
  assert.deepEqual(await service.pick({ what: 'folder' }, caller), { grants: [] })
  assert.deepEqual(await service.pickPlace({}, caller), { folder: null })
  const chosen = await open(t, { choose: () => Promise.resolve(['/tmp']) })
  assert.deepEqual(await chosen.service.pickPlace({}, caller), { folder: { id: 0, name: 'tmp', roomBytes: null } })
})

test('the file manager is opened where the engine says, and nowhere else', async t => {
  const { service, caller, told } = await open(t)
  await service.showTransfer({ id: 't1' }, caller)
  assert.deepEqual(told, ['/tmp/hello.txt'])
  await assert.rejects(async () => service.showTransfer({ id: 'gone' }, caller), { code: 'not-found' })
  await assert.rejects(async () => service.showShare({ root: `b${'a'.repeat(58)}` }, caller), { code: 'not-found' })
})

test('what is not possible here is not changed', async t => {
  const { service, caller, told, parts } = await open(t)
  await service.change({ openAtLogin: true, staysOpen: true }, caller)
  assert.deepEqual(told, [{ should: true }])
  assert.deepEqual(parts.state.value, { openAtLogin: true, staysOpen: null, isEngineRunning: true, update: null })
})

test('a login item that the system wants to be asked for is not shown as on', async t => {
  const { service, caller, parts } = await open(t, { openAtLogin: () => false })
  await service.change({ openAtLogin: true }, caller)
  assert.equal(parts.state.value.openAtLogin, false)
})

test('over the wire: bad input is refused with a code', async t => {
  const { parts } = await open(t)
  const { port1, port2 } = new MessageChannel()
  cleanup(t).defer(() => Promise.resolve(port1.close()))
  const faults: string[] = []
  bindService(windowContract, createWindowService(parts), call => void faults.push(call)).serve(
    portWire(port2),
    'window'
  )
  const answer = new Promise<string>(resolve => port1.once('message', resolve))
  port1.postMessage(
    JSON.stringify({ i: '1', p: { u: '/window/look', b: { json: { theme: 'pink', language: 'en' } } } })
  )
  assert.match(await answer, /"code":"usage"/)
  assert.deepEqual(faults, ['window.look'])
})
