// Many roots that one peer does not have, beside one that it has: what a long list of downloads asks of everybody.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TokenBucket } from '../token-bucket.ts'
import { memoryPipe } from '../testing/duplex-pair.ts'
import { ExchangeCode } from './codes.ts'
import * as limits from './limits.ts'
import { rawInfo, rawRequester, rawServer, until } from '../testing/raw-peer.ts'
import { openRequester } from './open-requester.ts'
import type { OpenRoot } from './requester.ts'
import { SampleListener } from '../testing/sample-listener.ts'
import { sampleRoot, SampleServable, SampleServables } from '../testing/sample-servable.ts'
import { openExchangeServer } from './server.ts'
import { SteppedClock } from '../testing/stepped-clock.ts'

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
}

for (const [title, at] of [
  ['first', 0],
  ['in the middle', 30],
  ['last', 60]
] as const) {
  test(`of 61 roots the peer has one, opened ${title}: it is answered at once, and the session lives`, async () => {
    const clock = new SteppedClock()
    const servable = new SampleServable('here', [5])
    await using server = openExchangeServer({ servables: new SampleServables(servable), agent: 's', clock })
    const pipe = memoryPipe(server, { from: 'getter', to: 'seeder' })
    await using requester = await openRequester(pipe, { agent: 'g', name: '', clock }, AbortSignal.timeout(20_000))
    const listeners = Array.from({ length: 61 }, () => new SampleListener())
    const roots = listeners.map((listener, i) =>
      requester.openRoot(i === at ? servable.root : sampleRoot(`unknown ${i}`), listener)
    )
    const known = listeners[at] ?? assert.fail()
    for (let second = 0; second < 20 && known.infos.length === 0; second++) {
      await settle()
      clock.step(100)
    }
    assert.equal(known.infos[0]?.code, ExchangeCode.OK)
    roots[at]?.request([{ start: 0, count: 1 }])
    await known.until(() => known.leaves.size === 1)
    assert.equal(requester.closed, false)
  })
}

test('a peer of 0.1.0, which counts every LIMIT, is asked slowly: the session lives, and the last of 61 roots is found', async () => {
  const clock = new SteppedClock()
  const { pipe, server } = rawServer(0)
  await using requester = await openRequester(pipe, { agent: 'g', name: '', clock }, AbortSignal.timeout(20_000))
  const open = new Set<number>()
  const unknown = new TokenBucket(10 / 60, 10, clock.now())
  const here = sampleRoot('here')
  let limited = 0
  server().onMessage = message => {
    if (message.type === 'close') open.delete(message.sid)
    if (message.type !== 'open') return
    assert.ok(!open.has(message.sid) && open.size < limits.MAX_OPEN_ROOTS)
    open.add(message.sid)
    const info = { ...rawInfo(1), sid: message.sid }
    if (Buffer.compare(message.root, here.bytes) === 0) return server().send(info)
    if (unknown.take(clock.now())) return server().send({ ...info, code: ExchangeCode.NOT_FOUND, leaves: 0 })
    open.delete(message.sid)
    assert.ok(++limited <= 20, 'hung up on')
    server().send({ ...info, code: ExchangeCode.LIMIT, leaves: 0, retryMs: unknown.waitMs(clock.now()) })
  }
  const listeners = Array.from({ length: 61 }, () => new SampleListener())
  for (const [i, listener] of listeners.entries()) {
    requester.openRoot(i === 60 ? here : sampleRoot(`unknown ${i}`), listener)
  }
  for (let seconds = 0; seconds < 30 * 60; seconds++) {
    await new Promise(resolve => setImmediate(resolve))
    await new Promise(resolve => setImmediate(resolve))
    clock.step(1_000)
  }
  assert.equal(listeners[60]?.infos[0]?.code, ExchangeCode.OK)
  assert.ok(
    listeners.every(({ infos }) => infos.length > 0),
    'everybody had a turn'
  )
  assert.equal(requester.closed, false)
})

test('every root ends once, whatever is opened, closed and ended in whatever order', async () => {
  const op = fc.oneof(
    fc.record({ open: fc.nat(70), isPreferred: fc.boolean() }),
    fc.record({ close: fc.nat(300) }),
    fc.record({ ms: fc.constantFrom(0, 1_000, 70_000) })
  )
  await fc.assert(
    fc.asyncProperty(fc.array(op, { maxLength: 12 }), async ops => {
      const clock = new SteppedClock()
      const servables = new SampleServables(
        ...Array.from({ length: 40 }, (_, i) => new SampleServable(`${3 * i}`, [1]))
      )
      await using server = openExchangeServer({ servables, agent: 's', clock })
      const pipe = memoryPipe(server, { from: 'getter', to: 'seeder' })
      const requester = await openRequester(pipe, { agent: 'g', name: '', clock }, AbortSignal.timeout(20_000))
      await settle()
      const roots: { listener: SampleListener; root: OpenRoot }[] = []
      for (const it of ops) {
        if ('open' in it) {
          for (let i = 0; i < it.open; i++) {
            const listener = new SampleListener()
            const isPreferred = it.isPreferred && i < 5
            roots.push({ listener, root: requester.openRoot(sampleRoot(`${roots.length}`), listener, { isPreferred }) })
          }
        } else if ('close' in it) roots[it.close]?.root.close()
        else clock.step(it.ms)
        await new Promise(resolve => setImmediate(resolve))
        assert.ok((server.peers()[0]?.roots.length ?? 0) <= limits.MAX_OPEN_ROOTS)
      }
      assert.equal(requester.closed, false)
      await requester[Symbol.asyncDispose]()
      await settle()
      for (const { listener } of roots) assert.equal(listener.closed.length, 1)
    }),
    { numRuns: 30 }
  )
})

/** A raw requester that opens roots which are not there, and what it was answered. */
async function sweeper(clock: SteppedClock) {
  const stack = new AsyncDisposableStack()
  const servable = new SampleServable('here', [5])
  const server = stack.use(openExchangeServer({ servables: new SampleServables(servable), agent: 's', clock }))
  const peer = await rawRequester(server)
  let next = 1
  const sweep = async (count: number): Promise<ExchangeCode[]> => {
    const before = peer.all('info').length
    const sids = Array.from({ length: count }, () => next++)
    for (const sid of sids) peer.send({ type: 'open', sid, root: sampleRoot(`unknown ${sid}`).bytes })
    await settle()
    for (const sid of sids) peer.send({ type: 'close', sid })
    await settle()
    return peer
      .all('info')
      .slice(before)
      .map(it => it.code)
  }
  const sweepAll = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      assert.deepEqual(await sweep(32), Array(32).fill(ExchangeCode.NOT_FOUND))
      clock.step(1_200) // the flood allowance comes back
    }
  }
  const { NOT_FOUND, LIMIT, OK } = ExchangeCode
  return { NOT_FOUND, LIMIT, OK, peer, servable, sweep, sweepAll, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

test('128 roots that are not here are answered, and ten a minute after that; the others are told when to come again', async () => {
  const clock = new SteppedClock()
  await using it = await sweeper(clock)
  await it.sweepAll(4)
  assert.deepEqual(await it.sweep(2), [it.LIMIT, it.LIMIT])
  const { retryMs } = it.peer.last('info') ?? assert.fail()
  assert.ok(retryMs > 0 && retryMs <= 6_000, `${retryMs} ms`)
  clock.step(retryMs)
  assert.deepEqual(await it.sweep(2), [it.NOT_FOUND, it.LIMIT])
  it.peer.send({ type: 'open', sid: 900, root: it.servable.root.bytes })
  await until(() => it.peer.last('info')?.sid === 900)
  assert.equal(it.peer.last('info')?.code, it.OK, 'what is here may be opened at any time')
})

test('what was sent before a LIMIT could be read is forgiven; a sweep that goes on is ended', async () => {
  const clock = new SteppedClock()
  await using it = await sweeper(clock)
  await it.sweepAll(4)
  assert.equal((await it.sweep(60)).filter(code => code === it.LIMIT).length, 60)
  clock.step(limits.LIMIT_UNREAD_MS - 1)
  assert.ok((await it.sweep(60)).filter(code => code === it.LIMIT).length >= 59)
  assert.equal(it.peer.ended, false)
  clock.step(1)
  assert.equal((await it.sweep(limits.UNKNOWN_OPENS_FORGIVEN)).length, limits.UNKNOWN_OPENS_FORGIVEN)
  assert.equal(it.peer.ended, false)
  await it.sweep(2) // one of all these was answered, when time had passed
  assert.equal(it.peer.ended, true)
  assert.equal(it.peer.last('bye')?.code, it.LIMIT)
})

test('forgiveness comes back with time: a LIMIT now and then for days ends nobody', async () => {
  const clock = new SteppedClock()
  await using it = await sweeper(clock)
  for (let hour = 0; hour < 25; hour++) {
    for (let i = 0; i < 3; i++) {
      await it.sweep(60)
      clock.step(1_700)
    }
    assert.equal(it.peer.last('info')?.code, it.LIMIT)
    clock.step(6_000)
    assert.ok((await it.sweep(10)).includes(it.LIMIT))
    clock.step(3_600_000)
  }
  assert.equal(it.peer.ended, false)
})
