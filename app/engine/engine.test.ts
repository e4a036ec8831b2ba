import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { CODES, CodedError } from '../../core/errors.ts'
import type { Door } from '../contract/service.ts'
import { openClient, portSocket } from './client.ts'
import { type Engine, startEngine, startInline } from './engine.ts'
import { openFake, ROOT, waiting } from '../testing/fake-service.ts'
import type { EngineOptions } from './options.ts'
import { plainRequest } from './serve.ts'
import { portWire } from './wire.ts'

const OPTIONS: EngineOptions = {
  dataDir: '/nowhere',
  version: '1.2.3',
  offline: false,
  network: 'loopback',
  listen: [],
  peers: [],
  bootstrap: null,
  limits: { uploadBytesPerSecond: null, downloadBytesPerSecond: null, reserveBytes: null },
  folders: []
}
const FAKE_ENTRY = new URL('../testing/fake-worker.ts', import.meta.url)
const clientOf = (engine: Engine, door: Door = 'cli') => {
  const port = engine.connect(door)
  return { client: openClient(portSocket(port)), port }
}
const until = async (holds: () => boolean): Promise<void> => {
  for (let turn = 0; !holds(); turn++) {
    assert.ok(turn < 2000, 'in time')
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}

test('a code survives the trip over a port to a thread and back; a fault says nothing of itself', async t => {
  await using engine = await startEngine(OPTIONS, t.signal, { entry: FAKE_ENTRY })
  const { client, port } = clientOf(engine)
  assert.equal((await client.node.info({})).version, '1.2.3')
  for (const code of CODES) {
    await assert.rejects(client.node.dial({ addr: `/fail/${code}` }), (error: unknown) => {
      assert.ok(error instanceof CodedError)
      assert.deepEqual([error.code, error.message], [code, `as asked: ${code}`])
      return true
    })
    await assert.rejects(
      async () => {
        for await (const _ of await client.transfer.follow({ id: `/fail/${code}` }));
      },
      { code, message: `as asked: ${code}` }
    )
  }
  await assert.rejects(client.node.dial({ addr: '/throw' }), { code: 'internal', message: /the log has the details/ })
  port.close()
})

test('what does not fit the contract is usage and never reaches the handler', async t => {
  await using engine = await startInline(openFake, OPTIONS, t.signal)
  const { client } = clientOf(engine)
  await assert.rejects(client.transfer.preview({ link: 'x'.repeat(8193) }), { code: 'usage' })
  await assert.rejects(client.share.remove({ root: '../../etc/passwd' }), { code: 'usage' })
  await assert.rejects(client.share.create({ grants: ['/etc/passwd'], skipUnreadable: false }), { code: 'usage' })
  await assert.rejects(client.transfer.start({} as never), { code: 'usage' })
  assert.deepEqual(await client.share.remove({ root: ROOT }), {})
  await assert.rejects(client.share.remove({ root: ROOT }), { code: 'not-found' })
})

test('only the command line may name a path, and only it is told one', async t => {
  await using engine = await startInline(openFake, OPTIONS, t.signal)
  const input = { paths: ['/tmp/x'], use: 'read' as const }
  for (const door of ['ui', 'window'] as const) {
    const { client } = clientOf(engine, door)
    await assert.rejects(client.grant.paths(input), { code: 'forbidden' })
    assert.deepEqual(
      (await client.transfer.list({})).map(row => row.path),
      [null]
    )
    for await (const update of await client.transfer.feed({})) {
      assert.equal(update.rows[0]?.path, null)
      break
    }
    for await (const event of await client.transfer.follow({ id: 't1' }))
      if (event.type === 'done') assert.equal(event.path, null)
  }
  const { client } = clientOf(engine, 'cli')
  assert.equal((await client.grant.paths(input)).grants.length, 1)
  assert.equal((await client.transfer.list({}))[0]?.path, '/tmp/hello.txt')
})

test('a feed ends with its reader, with an abort and with the connection', async t => {
  await using engine = await startInline(openFake, OPTIONS, t.signal)
  const { client, port } = clientOf(engine)
  const first = await client.share.feed({})
  for await (const _ of first) break
  await until(() => waiting.feeds === 0)
  const abort = new AbortController()
  const second = await client.share.feed({}, { signal: abort.signal })
  const reading = (async () => {
    for await (const _ of second) abort.abort()
  })()
  await assert.rejects(reading, { code: 'cancelled' })
  await until(() => waiting.feeds === 0)
  const third = await client.peer.feed({})
  await third.next()
  assert.equal(waiting.feeds, 1)
  port.close()
  await until(() => waiting.feeds === 0)
  await assert.rejects(third.next(), { code: 'internal' })
})

test('a connection has at most 256 calls open, and going below that opens it again', async t => {
  await using engine = await startInline(openFake, OPTIONS, t.signal)
  const { client } = clientOf(engine)
  const feeds = []
  for (let n = 0; n < 256; n++) feeds.push(await client.peer.feed({}))
  await assert.rejects(client.node.info({}), { code: 'forbidden' })
  for (const feed of feeds) void feed.return?.()
  await until(() => waiting.feeds === 0)
  await client.node.info({})
})

test('a start that fails rejects with its code and leaves no thread', async t => {
  const failed = startEngine({ ...OPTIONS, dataDir: '/damaged' }, t.signal, { entry: FAKE_ENTRY })
  await assert.rejects(failed, { code: 'data-damaged' })
  const aborted = AbortSignal.abort()
  await assert.rejects(startEngine(OPTIONS, aborted, { entry: FAKE_ENTRY }), { name: 'AbortError' })
})

test('a choice that holds only from a start on: the application opens anew, its clients are told and come again', async t => {
  await using engine = await startEngine({ ...OPTIONS, network: null }, t.signal, { entry: FAKE_ENTRY })
  const { client, port } = clientOf(engine)
  const feed = await client.share.feed({})
  await feed.next()
  const next = assert.rejects(feed.next(), { code: 'internal' })
  const closed = once(port, 'close')
  assert.equal((await client.settings.set({ network: 'internet' })).network, 'internet', 'answered before')
  await next
  await closed
  const { client: again } = clientOf(engine)
  assert.equal((await again.node.info({})).version, '1.2.3')
  assert.equal((await again.settings.get({})).network, null, 'another application: the fake one forgets')
})

test('a thread that dies is told of, and its clients fail instead of waiting', async t => {
  const crashes: unknown[] = []
  const hosting = { entry: FAKE_ENTRY, onCrash: (error: unknown) => void crashes.push(error) }
  await using engine = await startEngine(OPTIONS, t.signal, hosting)
  const { client } = clientOf(engine)
  const feed = await client.share.feed({})
  await feed.next()
  const next = assert.rejects(feed.next(), { code: 'internal' })
  await client.node.dial({ addr: '/crash' })
  assert.equal((await engine.ended)?.code, 'internal')
  assert.equal(crashes.length, 1)
  await next
  await assert.rejects(clientOf(engine).client.node.info({}), { code: 'internal' })
})

test('a thread that dies while it stops is told of, and whoever stops it hears it', async t => {
  const crashes: unknown[] = []
  const hosting = { entry: FAKE_ENTRY, onCrash: (error: unknown) => void crashes.push(error) }
  const engine = await startEngine({ ...OPTIONS, dataDir: '/crash-at-stop' }, t.signal, hosting)
  await assert.rejects(async () => await engine[Symbol.asyncDispose](), { name: 'CodedError', code: 'internal' })
  assert.equal(crashes.length, 1)
  assert.equal(await engine.ended, undefined)
})

test('only calls and aborts in their plain form reach the adapter', () => {
  const plain = (message: unknown) => plainRequest(JSON.stringify(message))
  assert.equal(plain({ i: '1', p: { u: '/node/info', b: { json: {}, meta: [[0, '__proto__']] }, h: { a: 'b' }, m: 'GET' } }), plain({ i: '1', p: { u: '/node/info', b: { json: {} } } })) // prettier-ignore
  assert.equal(plain({ i: '1', t: 4, p: 'x' }), '{"i":"1","t":4}')
  for (const bad of [
    null,
    5,
    [],
    'x',
    {},
    { i: 1, p: { u: '/node/info' } },
    { i: '1', p: { u: 'http://x/' } },
    { i: '1', t: 3, p: { e: 'message' } },
    { i: '1', p: null },
    { i: '1', p: { u: '/node/info?x=1' } }
  ])
    // prettier-ignore
    assert.equal(plain(bad), undefined, JSON.stringify(bad))
  assert.equal(plainRequest('{'), undefined)
})

test('junk on a port harms nobody and is logged', async t => {
  const logged: string[] = []
  await using engine = await startInline(openFake, OPTIONS, t.signal, call => void logged.push(call))
  const port = engine.connect('ui')
  for (const junk of ['{', '"x"', '{"i":"1"}', '{"i":"1","p":{"u":"/no/such"}}', 'x'.repeat(100_000), 5, null, {}])
    port.postMessage(junk)
  const { client } = clientOf(engine)
  await client.node.info({})
  assert.deepEqual(
    logged,
    Array.from({ length: 4 }, () => 'message')
  )
  await assert.rejects(client.share.remove({ root: '../x' }), { code: 'usage' })
  assert.equal(logged.at(-1), 'share.remove')
})

test('while the other side has no room the engine waits with the next value', async () => {
  const { port1, port2 } = new MessageChannel()
  const wire = portWire(port2)
  const got = new Promise(resolve => port1.on('message', resolve))
  port1.postMessage(false)
  port1.postMessage('marker')
  await new Promise<void>(resolve => wire.onText(() => resolve()))
  let isSettled = false
  const sent = Promise.resolve(wire.send('a')).then(() => {
    isSettled = true
  })
  assert.equal(await got, 'a')
  assert.equal(isSettled, false)
  port1.postMessage(true)
  await sent
  port1.close()
})
