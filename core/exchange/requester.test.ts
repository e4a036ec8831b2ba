import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Flags } from './data-frames.ts'
import { ExchangeCode } from './codes.ts'
import type { ControlMessage } from './messages.ts'
import * as limits from './limits.ts'
import { rawInfo, rawServer, until, type RawPeer } from '../testing/raw-peer.ts'
import { openRequester } from './open-requester.ts'
import { SampleListener } from '../testing/sample-listener.ts'
import { sampleRoot } from '../testing/sample-servable.ts'
import { SteppedClock } from '../testing/stepped-clock.ts'

const KIB = 1024

/** A requester at a raw server, a root of `sizes` open. */
async function meet(sizes: readonly number[], clock?: SteppedClock) {
  const stack = new AsyncDisposableStack()
  const { pipe, server } = rawServer(sizes.length)
  const options = { agent: 't', name: '', ...(clock == null ? {} : { clock }) }
  const requester = stack.use(await openRequester(pipe, options, AbortSignal.timeout(20_000)))
  const listener = new SampleListener()
  const root = requester.openRoot(sampleRoot('r'), listener)
  await listener.until(() => listener.infos.length > 0)
  root.setLayout(ordinal => sizes[ordinal] ?? 0, sizes.length)
  return { requester, listener, root, server: server(), [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const reject = (it: Partial<ControlMessage & { type: 'reject' }>): ControlMessage => {
  return { type: 'reject', req: 1, ordinal: 0, count: 1, code: ExchangeCode.BUSY, retryMs: 0, ...it }
}

test('whatever a server may not do ends the session as PROTOCOL', { timeout: 120_000 }, async () => {
  const bytes = (n: number) => new Uint8Array(n)
  // leaves 0 to 3 of 10, 10, 100,000 and 2 bytes were asked for as request 1, 100 bytes of skeleton as request 2
  const lies: [string, (peer: RawPeer) => void][] = [
    ['a leaf not asked for', peer => peer.sendFrame({ ordinal: 5 }, bytes(1))],
    ['a request not made', peer => peer.sendFrame({ request: 9 }, bytes(1))],
    ['a leaf longer than its claim', peer => peer.sendFrame({}, bytes(11))],
    ['an offset past the claim', peer => peer.sendFrame({ offset: 4_294_967_295, flags: 0 }, bytes(1))],
    ['a frame over 64 KiB', peer => peer.sendFrame({ ordinal: 2, length: 65_537 }, bytes(1))],
    ['a gap', peer => peer.sendFrame({ ordinal: 2, offset: 10, flags: 0 }, bytes(1))],
    ['a leaf twice', peer => [1, 2].forEach(() => peer.sendFrame({}, bytes(10)))],
    ['a frame for a leaf again', peer => [1, 2].forEach(() => peer.sendFrame({ ordinal: 2, flags: 0 }, bytes(10)))],
    ['skeleton for a leaf', peer => peer.sendFrame({ flags: Flags.SKELETON }, bytes(1))],
    ['a leaf for skeleton', peer => peer.sendFrame({ request: 2 }, bytes(1))],
    ['skeleton bytes elsewhere', peer => peer.sendFrame({ request: 2, offset: 1, flags: Flags.SKELETON }, bytes(1))],
    ['too many skeleton bytes', peer => peer.sendFrame({ request: 2, flags: Flags.SKELETON }, bytes(101))],
    ['a packed frame of none', peer => peer.sendFrame({ offset: 0, flags: Flags.PACKED }, bytes(2))],
    ['a packed frame past the run', peer => peer.sendFrame({ ordinal: 3, offset: 2, flags: Flags.PACKED }, bytes(4))],
    [
      'a packed leaf over its claim',
      peer => peer.sendFrame({ ordinal: 3, offset: 1, flags: Flags.PACKED }, Uint8Array.of(0, 3, 1, 1, 1))
    ],
    ['a packed frame cut short', peer => peer.sendFrame({ offset: 2, flags: Flags.PACKED }, Uint8Array.of(0, 1, 1))],
    ['flags nobody knows', peer => peer.sendFrame({ flags: 64 }, bytes(1))],
    ['a Reject for nothing', peer => peer.send(reject({ req: 9 }))],
    ['a Reject past the run', peer => peer.send(reject({ ordinal: 3, count: 2 }))],
    ['a Reject twice', peer => [1, 2].forEach(() => peer.send(reject({})))],
    ['a Reject of none', peer => peer.send(reject({ count: 0 }))],
    [
      'a second Hello',
      peer =>
        peer.send({
          type: 'hello',
          version: 1,
          features: [],
          maxOutBytes: 0,
          maxRequests: 0,
          agent: '',
          nonce: bytes(16),
          name: ''
        })
    ],
    ['a Request', peer => peer.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 1 }] })],
    ['a sid never opened', peer => peer.send({ ...rawInfo(4), sid: 2 })],
    [
      'bits past the last leaf',
      peer => peer.send({ type: 'have', sid: 1, kind: 2, start: 0, bits: Uint8Array.of(16) })
    ],
    ['bytes past the last leaf', peer => peer.send({ type: 'have', sid: 1, kind: 2, start: 8, bits: Uint8Array.of(0) })]
  ]
  for (const [title, lie] of lies) {
    await using it = await meet([10, 10, 100_000, 2])
    it.root.request([{ start: 0, count: 4 }])
    await until(() => it.server.last('request')?.req === 1)
    it.root.requestSkeleton(0, 100)
    await until(() => it.server.last('skeleton')?.req === 2)
    lie(it.server)
    await until(() => it.requester.closed).catch(() => assert.fail(`forgiven: ${title}`))
    assert.equal((it.listener.closed[0] as { code?: number } | undefined)?.code, ExchangeCode.PROTOCOL, title)
    assert.equal(it.server.last('bye')?.code ?? ExchangeCode.PROTOCOL, ExchangeCode.PROTOCOL, title)
  }
})

test('a leaf shorter than its claim is handed on as it is', async () => {
  await using it = await meet([100, 200_000])
  it.root.request([{ start: 0, count: 2 }])
  await until(() => it.server.last('request') != null)
  it.server.sendFrame({}, new Uint8Array(7))
  it.server.sendFrame({ ordinal: 1, flags: 0 }, new Uint8Array(1000))
  it.server.sendFrame({ ordinal: 1, offset: 1000 }, new Uint8Array(5))
  await it.listener.until(() => it.listener.leaves.size === 2)
  assert.deepEqual(
    [...it.listener.leaves.values()].map(leaf => leaf.length),
    [7, 1005]
  )
  assert.ok((it.listener.leaves.get(1)?.buffer.byteLength ?? 0) < 2000, 'it does not keep its whole claim in memory')
  assert.equal(it.root.outstandingBytes, 0)
})

test('frames of what was cancelled are dropped, before its Reject and those it overtook', async () => {
  await using it = await meet([100_000, 100_000, 10])
  it.root.request([{ start: 0, count: 3 }])
  await until(() => it.server.last('request') != null)
  it.server.sendFrame({ flags: 0 }, new Uint8Array(60_000))
  await it.listener.until(() => it.listener.progressBytes > 0)
  it.root.cancel([{ start: 0, count: 2 }])
  await until(() => it.server.last('cancel') != null)
  it.server.sendFrame({ offset: 60_000 }, new Uint8Array(40_000)) // it was sent before the Cancel came
  it.server.sendFrame({ ordinal: 1, flags: 0 }, new Uint8Array(1000))
  it.server.send(reject({ ordinal: 1, code: ExchangeCode.CANCELLED }))
  await until(() => it.root.outstandingBytes === 10)
  it.server.sendFrame({ ordinal: 1, offset: 1000, flags: 0 }, new Uint8Array(50_000)) // overtaken by the Reject
  it.server.sendFrame({ ordinal: 2 }, new Uint8Array(10))
  await it.listener.until(() => it.listener.leaves.has(2))
  assert.deepEqual([...it.listener.leaves.keys()], [2])
  assert.deepEqual(it.listener.rejects, [])
  it.server.sendFrame({ ordinal: 1, offset: 51_000, flags: 0 }, new Uint8Array(40_000))
  it.server.sendFrame({ ordinal: 1, offset: 60_000, flags: 0 }, new Uint8Array(40_000)) // more than the leaf had
  await until(() => it.requester.closed)
  assert.equal((it.listener.closed[0] as { code?: number } | undefined)?.code, ExchangeCode.PROTOCOL)
})

test('no more is asked than the peer queues; the rest follows as leaves arrive', async () => {
  await using it = await meet(Array.from({ length: 100 }, () => 1024 * KIB))
  it.root.request([{ start: 0, count: 100 }])
  await until(() => it.server.last('request') != null)
  assert.deepEqual(
    it.server.all('request').flatMap(request => request.runs),
    [{ start: 0, count: 32 }]
  )
  assert.equal(it.root.outstandingBytes, 100 * 1024 * KIB)
  it.server.send(reject({ ordinal: 0, count: 32 }))
  await until(() => it.server.all('request').length === 2)
  assert.deepEqual(it.server.last('request')?.runs, [{ start: 32, count: 32 }])
  it.root.cancel([{ start: 64, count: 36 }])
  assert.equal(it.root.outstandingBytes, 32 * 1024 * KIB)
  assert.equal(it.requester.sent.cancel, 0, 'what was never asked needs no Cancel')
})

test('the pace of messages stays below the flood limit of the other side', async () => {
  const clock = new SteppedClock()
  await using it = await meet(
    Array.from({ length: 1000 }, () => 10),
    clock
  )
  it.server.onMessage = message => {
    if (message.type !== 'request') return
    for (const { start, count } of message.runs)
      for (let i = 0; i < count; i++)
        it.server.sendFrame({ request: message.req, ordinal: start + i }, new Uint8Array(10))
  }
  for (let i = 0; i < 300; i++) {
    it.root.request([{ start: i, count: 1 }])
    await new Promise(resolve => setImmediate(resolve))
  }
  const before = it.server.all('request').length
  assert.ok(before > 100 && before <= limits.OWN_CONTROL_BURST, `${before} messages at once`)
  clock.step(1000)
  await it.listener.until(() => it.listener.leaves.size === 300)
  assert.ok(it.server.all('request').length - before <= 10, 'what had waited went together')
})

test('a server that floods is LIMIT', async () => {
  const clock = new SteppedClock()
  await using it = await meet([1], clock)
  for (let i = 0; i < limits.CONTROL_BURST + 10; i++)
    it.server.send({ type: 'have', sid: 1, kind: 1, start: 0, bits: new Uint8Array(0) })
  await until(() => it.requester.closed)
  assert.equal((it.listener.closed[0] as { code?: number } | undefined)?.code, ExchangeCode.LIMIT)
})

test('a listener that throws ends the session, and everybody hears once', async () => {
  await using it = await meet([10])
  const other = new SampleListener()
  it.requester.openRoot(sampleRoot('other'), other)
  it.listener.after = () => {
    if (it.listener.leaves.size > 0 && it.listener.closed.length === 0) throw new Error('a bug of the caller')
  }
  it.root.request([{ start: 0, count: 1 }])
  await until(() => it.server.last('request') != null)
  it.server.sendFrame({}, new Uint8Array(10))
  await other.until(() => other.closed.length === 1)
  assert.equal(it.listener.closed.length, 1)
  const late = new SampleListener()
  it.requester.openRoot(sampleRoot('late'), late)
  await late.until(() => late.closed.length === 1)
})

test('an opening that gets no answer ends, by the clock or by its signal', async () => {
  const { duplexPair } = await import('../testing/duplex-pair.ts')
  const silent = { ...rawServer(1).pipe, open: async () => duplexPair()[0] }
  const clock = new SteppedClock()
  const opening = openRequester(silent, { agent: '', name: '', clock }, new AbortController().signal)
  await new Promise(resolve => setImmediate(resolve))
  clock.step(limits.HELLO_TIMEOUT_MS + 1)
  await assert.rejects(opening, { name: 'ExchangeError', code: ExchangeCode.IO })
  const abort = new AbortController()
  const other = openRequester(silent, { agent: '', name: '' }, abort.signal)
  await new Promise(resolve => setImmediate(resolve))
  abort.abort(new Error('quitting'))
  await assert.rejects(other, { name: 'ExchangeError', code: ExchangeCode.CANCELLED })
  const unreachable = { ...silent, open: () => Promise.reject(new Error('no route')) }
  await assert.rejects(openRequester(unreachable, { agent: '', name: '' }, new AbortController().signal), {
    code: ExchangeCode.IO
  })
})

test('the signal ends a session at any time', async () => {
  const { pipe } = rawServer(1)
  const abort = new AbortController()
  const requester = await openRequester(pipe, { agent: '', name: '' }, abort.signal)
  const closed: (Error | undefined)[] = []
  requester.onClosed(error => closed.push(error))
  abort.abort(new Error('quitting'))
  assert.equal(closed.length, 1)
  assert.equal(requester.closed, true)
})
