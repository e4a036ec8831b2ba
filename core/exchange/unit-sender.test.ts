import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Flags } from './data-frames.ts'
import { ExchangeCode, type Run } from './codes.ts'
import { rawRequester, until, type RawPeer } from '../testing/raw-peer.ts'
import { UploadLimiter } from './upload-limiter.ts'
import { sampleLeaf, SampleServable, SampleServables } from '../testing/sample-servable.ts'
import { answers, cancel, KIB, MANY, meet, MIB } from '../testing/served-peer.ts'
import { MAX_PACK_LEAVES, MAX_PEER_READ_AHEAD, READ_LEAF_BYTES } from './limits.ts'
import { openExchangeServer } from './server.ts'
import { SteppedClock } from '../testing/stepped-clock.ts'
import { cleanup } from '../testing/cleanup.ts'

type Step =
  | { do: 'request'; runs: Run[] }
  | { do: 'cancel req'; nth: number }
  | { do: 'cancel run'; run: Run }
  | { do: 'cancel all' }
  | { do: 'hold'; held: boolean }
  | { do: 'turns'; count: number }

const sizes = fc.array(fc.constantFrom(0, 1, 900, 4 * KIB, 15 * KIB, 17 * KIB, 65 * KIB, 300 * KIB), {
  minLength: 1,
  maxLength: 40
})
const run = (leaves: number) =>
  fc
    .tuple(fc.nat(leaves - 1), fc.integer({ min: 1, max: leaves }))
    .map(([start, count]): Run => ({ start, count: Math.min(count, leaves - start) }))
const steps = (leaves: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc
          .array(run(leaves), { minLength: 1, maxLength: 3 })
          .map((runs): Step => ({ do: 'request', runs: disjoint(runs) }))
      },
      fc.nat(20).map((nth): Step => ({ do: 'cancel req', nth })),
      run(leaves).map((run): Step => ({ do: 'cancel run', run })),
      fc.constant<Step>({ do: 'cancel all' }),
      fc.boolean().map((held): Step => ({ do: 'hold', held })),
      { weight: 3, arbitrary: fc.nat(6).map((count): Step => ({ do: 'turns', count })) }
    ),
    { minLength: 1, maxLength: 25 }
  )

function ordinals({ start, count }: Run): number[] {
  return Array.from({ length: count }, (_, i) => start + i)
}

function disjoint(runs: readonly Run[]): Run[] {
  const kept: Run[] = []
  for (const run of runs)
    if (kept.every(it => run.start + run.count <= it.start || it.start + it.count <= run.start)) kept.push(run)
  return kept
}

test('every ordinal asked for is sent or rejected, exactly once', { timeout: 120_000 }, async () => {
  const cases = sizes.chain(list =>
    fc.record({
      list: fc.constant(list),
      faults: fc.array(fc.nat(list.length - 1), { maxLength: 4 }),
      steps: steps(list.length)
    })
  )
  await fc.assert(
    fc.asyncProperty(cases, async ({ list, faults, steps }) => {
      const servable = new SampleServable('s', list)
      for (const ordinal of faults) servable.faults.set(ordinal, 'source-changed')
      await using server = openExchangeServer({ servables: new SampleServables(servable), agent: 's' })
      const peer = await rawRequester(server, { root: servable.root.bytes, highWater: 32 * KIB })
      const asked = new Set<string>()
      let req = 0
      for (const step of steps) {
        if (step.do === 'request') {
          req++
          peer.send({ type: 'request', req, sid: 1, runs: step.runs })
          for (const ordinal of step.runs.flatMap(ordinals)) asked.add(`${req}/${ordinal}`)
        }
        if (step.do === 'cancel req') peer.send(cancel({ reqs: [step.nth] }))
        if (step.do === 'cancel run') peer.send(cancel({ runs: [step.run], sid: 1 }))
        if (step.do === 'cancel all') peer.send(cancel({ all: true }))
        if (step.do === 'hold') peer.data.hold(step.held)
        if (step.do === 'turns')
          for (let i = 0; i < step.count; i++) await new Promise(resolve => setImmediate(resolve))
      }
      peer.data.hold(false)
      await until(() => answers(peer).size >= asked.size)
      assert.deepEqual([...answers(peer).keys()].toSorted(), [...asked].toSorted())
      for (const { header, payload } of peer.frames)
        if (header.flags !== Flags.PACKED) {
          const leaf = sampleLeaf(header.ordinal, list[header.ordinal] ?? 0)
          assert.ok(Buffer.from(payload).equals(leaf.subarray(header.offset, header.offset + header.length)))
        }
      assert.equal(peer.ended, false)
      await until(() => server.peers()[0]?.queued.runs === 0)
      assert.deepEqual(server.peers()[0]?.queued, { runs: 0, bytes: 0 })
    }),
    { numRuns: 60 }
  )
})

test('a reader that takes nothing costs a bounded amount of memory and reading', async () => {
  const servable = new SampleServable('s', MANY)
  await using it = await meet(servable, { highWater: 256 * KIB })
  it.peer.data.hold(true)
  it.peer.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 32 }] })
  for (let i = 0; i < 50; i++) await new Promise(resolve => setImmediate(resolve))
  assert.ok(servable.reads <= 5, `${servable.reads} leaves were read`)
  assert.ok(it.peer.data.far.unsentBytes <= MIB, `${it.peer.data.far.unsentBytes} bytes wait`)
})

test('however small they are, few leaves of one peer are being read, and few share a frame', async () => {
  const leaves = 20_000
  for (const bytes of [1, 0]) {
    const servable = new SampleServable('s', Array<number>(leaves).fill(bytes))
    let [reading, most] = [0, 0]
    servable.beforeRead = async () => {
      most = Math.max(most, ++reading)
      await new Promise(resolve => setImmediate(resolve))
      reading--
    }
    await using it = await meet(servable)
    it.peer.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: leaves }] })
    await until(() => answers(it.peer).size === leaves)
    assert.ok(most > 32 && most <= MAX_PEER_READ_AHEAD / READ_LEAF_BYTES, `${most} leaves of ${bytes} bytes`)
    const inFrames = it.peer.frames.map(({ header }) => header.offset)
    assert.ok(Math.max(...inFrames) <= MAX_PACK_LEAVES, `${Math.max(...inFrames)} leaves in a frame`)
  }
})

test('readers that take nothing do not keep the others waiting', async () => {
  const servable = new SampleServable('s', MANY)
  await using server = openExchangeServer({ servables: new SampleServables(servable), agent: 's' })
  const slow: RawPeer[] = []
  for (let i = 0; i < 6; i++) {
    const peer = await rawRequester(server, { root: servable.root.bytes, peerId: `slow ${i}`, highWater: 64 * KIB })
    peer.data.hold(true)
    peer.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 5 }] })
    slow.push(peer)
  }
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
  const fast = await rawRequester(server, { root: servable.root.bytes, peerId: 'fast' })
  fast.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 5 }] })
  await until(() => answers(fast).size === 5)
  for (const peer of slow) peer.data.hold(false)
  await until(() => slow.every(peer => answers(peer).size === 5))
  assert.ok(slow.every(peer => peer.all('reject').length === 0))
  for (const { header, payload } of slow.flatMap(peer => peer.frames)) {
    const leaf = sampleLeaf(header.ordinal, MIB)
    assert.ok(
      Buffer.from(payload).equals(leaf.subarray(header.offset, header.offset + header.length)),
      'read again, the same'
    )
  }
})

test('two peers with equal wishes get equal shares of a rate, whatever the size of their leaves', async () => {
  const clock = new SteppedClock()
  const servable = new SampleServable('s', [
    ...Array.from({ length: 30 }, () => MIB),
    ...Array.from({ length: 8000 }, () => 4 * KIB)
  ])
  await using server = openExchangeServer({
    servables: new SampleServables(servable),
    agent: 's',
    clock,
    budget: new UploadLimiter(clock, MIB)
  })
  const big = await rawRequester(server, { root: servable.root.bytes, peerId: 'big' })
  const small = await rawRequester(server, { root: servable.root.bytes, peerId: 'small' })
  big.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 30 }] })
  small.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 30, count: 8000 }] })
  const pass = async (ms: number) => {
    for (let i = 0; i < ms; i += 10) {
      clock.step(10)
      for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve))
    }
  }
  const bytes = (peer: RawPeer) => peer.frames.reduce((sum, it) => sum + it.payload.length, 0)
  await pass(1000) // whoever asked first has what was saved up
  const before = { big: bytes(big), small: bytes(small) }
  await pass(4000)
  const got = { big: bytes(big) - before.big, small: bytes(small) - before.small }
  assert.ok(Math.abs(got.big + got.small - 4 * MIB) < 0.1 * MIB, `${got.big + got.small} bytes in four seconds`)
  assert.ok(Math.abs(got.big - got.small) < 0.1 * got.big, `${got.big} and ${got.small}`)
})

test('a session that ends while it waits for its reader and for its rate ends in order', async t => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', note)
  cleanup(t).defer(() => void process.off('unhandledRejection', note))
  const budget = new UploadLimiter(new SteppedClock(), 64 * KIB) // what it saved up fits into one batch
  let waits = 0
  const take = budget.take.bind(budget)
  budget.take = (...asked) => {
    const due = take(...asked)
    if (due != null) waits++
    return due
  }
  await using it = await meet(new SampleServable('s', MANY), { highWater: 8 * KIB, budget })
  it.peer.data.hold(true)
  it.peer.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 5 }] })
  await until(() => waits > 0 && it.peer.data.far.unsentBytes > 8 * KIB)
  await it.server[Symbol.asyncDispose]()
  for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(unhandled, [])
})

test('a file that changes under the sender is CHANGED', async () => {
  const servable = new SampleServable('s', [2 * MIB, MIB])
  const clock = new SteppedClock()
  await using it = await meet(servable, { clock, budget: new UploadLimiter(clock, 256 * KIB) })
  servable.faults.set(1, 'source-changed')
  it.peer.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 2 }] })
  for (let i = 0; answers(it.peer).size < 2; i++) {
    assert.ok(i < 5000)
    clock.step(10)
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.deepEqual(
    answers(it.peer),
    new Map([
      ['1/0', 'sent'],
      ['1/1', String(ExchangeCode.CHANGED)]
    ])
  )
})
