// Many roots that one peer does not have, beside one that it has: what a long list of downloads asks of everybody.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryPipe } from './duplex-pair.ts'
import { ExchangeCode } from './messages.ts'
import * as limits from './limits.ts'
import { rawRequester, until } from './raw-peer.ts'
import { openRequester } from './requester.ts'
import { SampleListener } from './sample-listener.ts'
import { sampleRoot, SampleServable, SampleServables } from './sample-servable.ts'
import { openExchangeServer } from './server.ts'
import { StepClock } from './step-clock.ts'

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
}

for (const [title, at] of [
  ['first', 0],
  ['in the middle', 20],
  ['last', 40]
] as const) {
  test(`of 41 roots the peer has one, opened ${title}: it is answered at once, and the session lives`, async () => {
    const clock = new StepClock()
    const servable = new SampleServable('here', [5])
    await using server = openExchangeServer({ servables: new SampleServables(servable), agent: 's', clock })
    const pipe = memoryPipe(server, { from: 'getter', to: 'seeder' })
    await using requester = await openRequester(pipe, { agent: 'g', name: '', clock }, AbortSignal.timeout(20_000))
    const listeners = Array.from({ length: 41 }, () => new SampleListener())
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

/** A raw requester that opens roots which are not there, and what it was answered. */
async function sweeper(clock: StepClock) {
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
  const clock = new StepClock()
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
  const clock = new StepClock()
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
  const clock = new StepClock()
  await using it = await sweeper(clock)
  for (let hour = 0; hour < 50; hour++) {
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
