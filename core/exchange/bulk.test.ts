// Both sides of a session with a bulk link between them, in memory: what goes over it, and that nothing is lost or answered twice when it breaks.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { memoryPipe } from '../testing/duplex-pair.ts'
import { MemoryBulk } from '../testing/memory-bulk.ts'
import { cleanup } from '../testing/cleanup.ts'
import { rawRequester, rawServer, until } from '../testing/raw-peer.ts'
import { SampleListener } from '../testing/sample-listener.ts'
import { sampleLeaf, sampleRoot, SampleServable, SampleServables } from '../testing/sample-servable.ts'
import { SteppedClock } from '../testing/stepped-clock.ts'
import { ExchangeCode, type Run } from './codes.ts'
import { ExpectedLeaves } from './expected-frames.ts'
import * as limits from './limits.ts'
import { openRequester } from './open-requester.ts'
import { openExchangeServer } from './server.ts'
import { UploadLimiter } from './upload-limiter.ts'

const KIB = 1024
const MIB = 1024 * KIB
const limit = { timeout: 60_000 }
const BIG = Array.from({ length: 48 }, () => MIB)

/** A server of one root, and a requester that has it open, with ways past the streams. */
async function meet(t: TestContext, sizes: readonly number[], { rate = 0, clock = new SteppedClock() } = {}) {
  const stack = cleanup(t)
  const bulk = new MemoryBulk()
  const servable = new SampleServable('s', sizes)
  const server = stack.use(
    openExchangeServer({
      servables: new SampleServables(servable),
      agent: 's',
      clock,
      ...(rate > 0 && { budget: new UploadLimiter(clock, rate) })
    })
  )
  const requester = stack.use(
    await openRequester(memoryPipe(server, { from: 'r', to: 's', bulk }), { agent: 'r', name: '', clock }, t.signal)
  )
  const listener = new SampleListener()
  const root = requester.openRoot(servable.root, listener)
  await listener.until(() => listener.infos.length > 0)
  root.setLayout(ordinal => sizes[ordinal] ?? 0, sizes.length)
  const served = () => server.peers()[0] ?? assert.fail('nobody is served')
  return { bulk, server, requester, listener, root, clock, served }
}

function assertRight({ leaves }: SampleListener, sizes: readonly number[]): void {
  for (const [ordinal, bytes] of leaves)
    assert.ok(Buffer.from(sampleLeaf(ordinal, sizes[ordinal] ?? 0)).equals(bytes), `leaf ${ordinal}`)
}

test('big leaves take the link once there is one, small ones and the beginning the streams', limit, async t => {
  const sizes = [...BIG, ...Array.from({ length: 20 }, () => 10 * KIB)]
  const it = await meet(t, sizes)
  it.root.request([{ start: 0, count: 30 }])
  await it.listener.until(() => it.listener.leaves.size === 30)
  assert.equal(it.bulk.links.length, 1)
  it.root.request([
    { start: 30, count: 18 },
    { start: 48, count: 20 }
  ])
  await it.listener.until(() => it.listener.leaves.size === sizes.length)
  assertRight(it.listener, sizes)
  assert.ok(it.served().bulkBytesSent >= 18 * MIB, `${it.served().bulkBytesSent} bytes`)
  assert.equal(it.served().bulkBytesSent % MIB, 0, 'no small leaf')
  assert.equal(it.root.outstandingBytes, 0)
  assert.deepEqual(it.served().queued, { runs: 0, bytes: 0 })
})

test('for little there is no link, nor under a low limit', limit, async t => {
  const little = await meet(t, BIG.slice(0, 7))
  little.root.request([{ start: 0, count: 7 }])
  await little.listener.until(() => little.listener.leaves.size === 7)
  assert.equal(little.bulk.links.length, 0)

  const slow = await meet(t, BIG, { rate: limits.BULK_LEAST_RATE - 1 })
  slow.root.request([{ start: 0, count: 20 }])
  while (slow.listener.leaves.size < 20) {
    slow.clock.step(100)
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.equal(slow.bulk.links.length, 1, 'it may be lifted')
  assert.equal(slow.served().bulkBytesSent, 0)
})

test(
  'a link that breaks with leaves on it: they are refused, asked for again, and come; nobody is to blame',
  limit,
  async t => {
    const it = await meet(t, BIG)
    it.root.request([{ start: 0, count: 12 }])
    await it.listener.until(() => it.listener.leaves.size === 12)
    const [link] = it.bulk.links
    assert.ok(link != null)
    link.hold(true)
    it.root.request([{ start: 12, count: 8 }])
    await until(() => link.far.unsentBytes > 0)
    link.cut()
    await it.listener.until(() => it.listener.rejects.length > 0)
    for (const { code, count, retryMs } of it.listener.rejects)
      assert.deepEqual([code, count, retryMs > 0], [ExchangeCode.BUSY, 1, true])
    const lost = it.listener.rejects.map(({ ordinal, count }): Run => ({ start: ordinal, count }))
    it.root.request(lost)
    await it.listener.until(() => it.listener.leaves.size === 20)
    assertRight(it.listener, BIG)
    assert.equal(it.requester.closed, false)
    assert.equal(it.root.outstandingBytes, 0)
    assert.deepEqual(it.served().queued, { runs: 0, bytes: 0 })
  }
)

test('three links that break in a minute are enough; after it another is tried', limit, async t => {
  const it = await meet(t, [...BIG, ...BIG, ...BIG])
  it.bulk.isBlocked = true
  const get = async (start: number): Promise<void> => {
    it.root.request([{ start, count: 12 }])
    await it.listener.until(() => it.listener.leaves.size === start + 12)
  }
  for (let i = 0; i < 5; i++) await get(12 * i)
  assert.equal(it.requester.sent.bulkAsk, limits.BULK_BREAKS)
  assert.equal(it.requester.sent.bulkLost, limits.BULK_BREAKS)
  it.bulk.isBlocked = false
  it.clock.step(limits.BULK_BREAKS_MS)
  await get(60)
  assert.equal(it.bulk.links.length, 1)
})

test('whatever breaks when: every leaf comes, once', { timeout: 120_000 }, async t => {
  const steps = fc.array(fc.constantFrom('hold', 'free', 'cut', 'cancel', 'turn', 'turns', 'later'), { maxLength: 40 })
  const sizes = fc.array(fc.constantFrom(900, 15 * KIB, 65 * KIB, 300 * KIB, MIB), { minLength: 30, maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(sizes, steps, async (list, steps) => {
      const it = await meet(t, list)
      const wanted = new Set(list.keys())
      let refused = 0
      const ask = (): void => {
        const again = it.listener.rejects.slice(refused)
        refused = it.listener.rejects.length
        if (again.length > 0) it.root.request(again.map(({ ordinal, count }) => ({ start: ordinal, count })))
      }
      it.root.request([{ start: 0, count: list.length }])
      for (const step of steps) {
        const link = it.bulk.links.at(-1)
        if (step === 'hold') link?.hold(true)
        if (step === 'free') link?.hold(false)
        if (step === 'cut') link?.cut()
        if (step === 'cancel' && wanted.has(3) && !it.listener.leaves.has(3)) {
          wanted.delete(3)
          it.root.cancel([{ start: 3, count: 1 }])
        }
        if (step === 'later') it.clock.step(limits.BULK_BREAKS_MS)
        for (let i = 0; i < (step === 'turn' ? 1 : step === 'turns' ? 6 : 0); i++)
          await new Promise(resolve => setImmediate(resolve))
        ask()
      }
      for (const link of it.bulk.links) link.hold(false)
      await until(() => {
        ask()
        return [...wanted].every(ordinal => it.listener.leaves.has(ordinal)) && it.root.outstandingBytes === 0
      })
      assertRight(it.listener, list)
      assert.equal(it.requester.closed, false)
      await until(() => it.served().queued.runs === 0)
      assert.equal(it.served().queued.bytes, 0)
    }),
    { numRuns: 30 }
  )
})

test('under a limit whoever has a link gets no more than whoever has none', limit, async t => {
  const stack = cleanup(t)
  const clock = new SteppedClock()
  const sizes = Array.from({ length: 200 }, () => MIB)
  const servable = new SampleServable('s', sizes)
  const budget = new UploadLimiter(clock, 1.2 * limits.BULK_LEAST_RATE)
  const servables = new SampleServables(servable)
  const server = stack.use(openExchangeServer({ servables, agent: 's', clock, budget }))
  const begin = async (from: string, bulk?: MemoryBulk): Promise<void> => {
    const pipe = memoryPipe(server, { from, to: 's', ...(bulk != null && { bulk }) })
    const requester = stack.use(await openRequester(pipe, { agent: 'r', name: '', clock }, t.signal))
    const listener = new SampleListener()
    const root = requester.openRoot(servable.root, listener)
    await listener.until(() => listener.infos.length > 0)
    root.setLayout(() => MIB, sizes.length)
    let next = 0
    listener.after = () => {
      for (; next < sizes.length && root.outstandingBytes < 16 * MIB; next++) root.request([{ start: next, count: 1 }])
    }
    listener.after()
  }
  await begin('with', new MemoryBulk())
  await begin('without')
  const sent = (peerId: string): number => server.peers().find(it => it.peerId === peerId)?.bytesSent ?? 0
  while (sent('with') + sent('without') < 60 * MIB) {
    clock.step(4) // a frame's worth of the rate
    for (let i = 0; i < 10; i++) await new Promise(resolve => setImmediate(resolve))
  }
  assert.ok((server.peers().find(it => it.peerId === 'with')?.bulkBytesSent ?? 0) > 20 * MIB, 'over the link')
  assert.ok(sent('without') > 25 * MIB, `${sent('without')} bytes of ${60 * MIB}`)
})

test('a server offers a link once: it is dialled once, and offered again it ends the session', limit, async t => {
  const { pipe, server } = rawServer(BIG.length, [limits.FEATURE_BULK])
  let dials = 0
  const bulk = {
    ...new MemoryBulk().requester,
    dial: async () => {
      dials++
      return await new Promise<never>(() => {})
    }
  }
  const requester = cleanup(t).use(await openRequester({ ...pipe, bulk }, { agent: 'r', name: '' }, t.signal))
  const listener = new SampleListener()
  const root = requester.openRoot(sampleRoot('r'), listener)
  await listener.until(() => listener.infos.length > 0)
  root.setLayout(() => MIB, BIG.length)
  root.request([{ start: 0, count: 20 }])
  const peer = server()
  await until(() => peer.last('bulkAsk') != null)
  const [certificate, token] = [new Uint8Array(32), new Uint8Array(16)]
  for (let i = 0; i < 30; i++)
    peer.send({ type: 'bulkOffer', id: 1, code: ExchangeCode.OK, port: 1 + i, certificate, token })
  await until(() => peer.ended)
  assert.equal(peer.last('bye')?.code, ExchangeCode.PROTOCOL)
  assert.equal(dials, 1)
})

test('a requester that lies about a link ends its session', limit, async t => {
  for (const lie of ['more', 'unknown', 'twice'] as const) {
    const servable = new SampleServable('s', BIG)
    const server = cleanup(t).use(openExchangeServer({ servables: new SampleServables(servable), agent: 's' }))
    const peer = await rawRequester(server, { root: servable.root.bytes, bulk: new MemoryBulk().server })
    const certificate = new Uint8Array(32).fill(1)
    peer.send({ type: 'bulkAsk', id: 1, certificate })
    await until(() => peer.last('bulkOffer') != null)
    if (lie === 'more') peer.send({ type: 'bulkLost', id: 1, leaves: 1 })
    if (lie === 'unknown') peer.send({ type: 'bulkLost', id: 2, leaves: 0 })
    if (lie === 'twice') peer.send({ type: 'bulkAsk', id: 2, certificate })
    await until(() => peer.ended)
    assert.equal(peer.last('bye')?.code, ExchangeCode.PROTOCOL, lie)
    assert.equal(server.peers().length, 0)
  }
})

test('a server that sends over a link what was not asked for, or twice, ends its session', limit, async t => {
  for (const [ordinal, why] of [
    [30, /not asked for/],
    [20, /twice/]
  ] as const) {
    const it = await meet(t, BIG)
    it.root.request([{ start: 0, count: 12 }])
    await it.listener.until(() => it.listener.leaves.size === 12)
    const link = it.bulk.links[0] ?? assert.fail('no link')
    link.hold(true)
    it.root.request([{ start: 20, count: 2 }])
    await until(() => link.far.unsentBytes === 2 * MIB)
    link.far.send(2, ordinal, new Uint8Array(5))
    link.hold(false)
    await it.listener.until(() => it.listener.closed.length > 0)
    assert.match(String(it.listener.closed[0]), why)
  }
})

test('a leaf that comes whole is no longer than its claim, and comes once', () => {
  const got: number[] = []
  const listener = { onBytes: () => {}, onLeaf: (ordinal: number) => got.push(ordinal), onOver: () => {} }
  const asked = new ExpectedLeaves(1, [{ start: 5, count: 3 }], () => 100, listener)
  assert.throws(() => asked.whole(5, new Uint8Array(101)), { code: ExchangeCode.PROTOCOL })
  assert.throws(() => asked.whole(8, new Uint8Array(1)), { code: ExchangeCode.PROTOCOL })
  asked.whole(5, new Uint8Array(100))
  assert.throws(() => asked.whole(5, new Uint8Array(100)), { code: ExchangeCode.PROTOCOL })
  asked.cancel(6, 7)
  asked.whole(6, new Uint8Array(1))
  assert.equal(asked.over, false)
  asked.reject(7, 1)
  asked.whole(7, new Uint8Array(100)) // overtaken by its Reject
  assert.throws(() => asked.whole(7, new Uint8Array(1)), { code: ExchangeCode.PROTOCOL })
  assert.deepEqual([got, asked.over], [[5], true])
})
