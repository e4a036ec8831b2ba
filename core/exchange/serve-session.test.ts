import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Flags, packedLeaves } from './data-frames.ts'
import { ExchangeCode, HaveKind, type ControlMessage, type Run } from './messages.ts'
import * as limits from './limits.ts'
import { rawRequester, until, type RawPeer } from './raw-peer.ts'
import { RateLimits } from './rate-limit.ts'
import { sampleLeaf, SampleServable, SampleServables } from './sample-servable.ts'
import { openExchangeServer } from './server.ts'
import { StepClock } from './step-clock.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** What happened to every ordinal of every request: 'sent' or a code, once each. Fails on a second answer. */
function answers(peer: RawPeer): Map<string, string> {
  const told = new Map<string, string>()
  const tell = (req: number, ordinal: number, what: string) => {
    const key = `${req}/${ordinal}`
    assert.equal(told.get(key), undefined, `${key}: ${what} after ${told.get(key)}`)
    told.set(key, what)
  }
  for (const { header, payload } of peer.frames) {
    if (header.flags === Flags.PACKED) {
      let ordinal = header.ordinal
      for (const _ of packedLeaves(payload, header.offset)) tell(header.request, ordinal++, 'sent')
    } else if ((header.flags & Flags.LAST) !== 0) {
      tell(header.request, header.ordinal, 'sent')
    }
  }
  for (const it of peer.all('reject')) for (let i = 0; i < it.count; i++) tell(it.req, it.ordinal + i, String(it.code))
  return told
}

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

function cancel(it: Partial<ControlMessage & { type: 'cancel' }>): ControlMessage {
  return { type: 'cancel', reqs: [], runs: [], sid: 0, all: false, ...it }
}

/** One server of one servable, and one raw requester. */
async function meet(
  servable: SampleServable,
  options: { clock?: StepClock; isLan?: boolean; highWater?: number; budget?: RateLimits } = {}
) {
  const stack = new AsyncDisposableStack()
  const { clock, budget, ...raw } = options
  const server = stack.use(
    openExchangeServer({
      servables: new SampleServables(servable),
      agent: 's',
      ...(clock == null ? {} : { clock }),
      ...(budget == null ? {} : { budget })
    })
  )
  const peer = await rawRequester(server, { root: servable.root.bytes, ...raw })
  return { server, peer, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const MANY = Array.from({ length: 100 }, () => MIB)

test('a want-list is not held: over 64 runs or 32 MiB it is LIMIT', async () => {
  await using it = await meet(new SampleServable('s', MANY))
  it.peer.data.hold(true)
  it.peer.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 32 }] })
  it.peer.send({ type: 'request', req: 2, sid: 1, runs: [{ start: 32, count: 10 }] })
  await until(() => it.peer.last('reject') != null)
  assert.deepEqual(it.peer.last('reject'), {
    type: 'reject',
    req: 2,
    ordinal: 32,
    count: 10,
    code: ExchangeCode.LIMIT,
    retryMs: 0
  })
  await using small = await meet(
    new SampleServable(
      't',
      Array.from({ length: 300 }, () => 1)
    )
  )
  const runs = Array.from({ length: 64 }, (_, i) => ({ start: 2 * i, count: 1 }))
  small.peer.data.hold(true)
  small.peer.send({ type: 'request', req: 1, sid: 1, runs })
  small.peer.send({ type: 'request', req: 2, sid: 1, runs: runs.map(run => ({ ...run, start: run.start + 128 })) })
  await until(() => small.peer.all('reject').length > 0)
  assert.ok(small.peer.all('reject').every(reject => reject.req === 2 && reject.code === ExchangeCode.LIMIT))
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
  const clock = new StepClock()
  const servable = new SampleServable('s', [
    ...Array.from({ length: 30 }, () => MIB),
    ...Array.from({ length: 8000 }, () => 4 * KIB)
  ])
  await using server = openExchangeServer({
    servables: new SampleServables(servable),
    agent: 's',
    clock,
    budget: new RateLimits(clock, MIB)
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
  const note = (thrown: unknown) => void unhandled.push(thrown)
  process.on('unhandledRejection', note)
  t.after(() => process.off('unhandledRejection', note))
  const budget = new RateLimits(new StepClock(), 64 * KIB) // what it saved up fits into one batch
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
  const clock = new StepClock()
  await using it = await meet(servable, { clock, budget: new RateLimits(clock, 256 * KIB) })
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

test('leaves are withdrawn before they are refused: whoever was told of them has not been lied to', async () => {
  const servable = new SampleServable('s', [KIB, KIB, KIB])
  await using it = await meet(servable, { clock: new StepClock() })
  servable.beforeRead = async ordinal => {
    if (servable.have.has(ordinal)) servable.hold(0, 3, false)
  }
  it.peer.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 3 }] })
  await until(() => it.peer.all('reject').length > 0)
  const order = it.peer.messages.filter(({ type }) => type === 'have' || type === 'reject').map(({ type }) => type)
  assert.deepEqual(order.slice(0, 3), ['have', 'have', 'reject'])
  assert.equal(it.peer.all('have')[1]?.kind, HaveKind.UNSET)
})

test('a request that cannot be served says why', async () => {
  await using it = await meet(new SampleServable('s', [1, 2, 3]))
  it.peer.send({ type: 'request', req: 1, sid: 9, runs: [{ start: 0, count: 1 }] })
  it.peer.send({ type: 'request', req: 2, sid: 1, runs: [{ start: 2, count: 2 }] })
  it.peer.send({ type: 'skeleton', req: 3, sid: 1, offset: 100, maxBytes: 1 })
  await until(() => it.peer.all('reject').length === 3)
  assert.deepEqual(
    it.peer.all('reject').map(reject => [reject.req, reject.ordinal, reject.count, reject.code]),
    [
      [1, 0, 1, ExchangeCode.BAD_REQUEST],
      [2, 2, 2, ExchangeCode.BAD_REQUEST],
      [3, 0, 0, ExchangeCode.BAD_REQUEST]
    ]
  )
})

test('who breaks the protocol hears Bye and is gone', async () => {
  const hello: ControlMessage = {
    type: 'hello',
    version: 1,
    features: [],
    maxOutBytes: 0,
    maxRequests: 0,
    agent: '',
    nonce: new Uint8Array(0),
    name: ''
  }
  const crimes: [string, (peer: RawPeer) => void][] = [
    ['a second Hello', peer => peer.send(hello)],
    ['a message of servers', peer => peer.send({ type: 'choke', choke: true, slotsBytes: 0 })],
    ['a sid twice', peer => peer.send({ type: 'open', sid: 1, root: new SampleServable('s', [1]).root.bytes })],
    ['a root that is none', peer => peer.send({ type: 'open', sid: 2, root: Uint8Array.of(1, 2, 3) })],
    ['bytes on a data stream', peer => peer.data.send(Uint8Array.of(1))],
    ['a frame of 4 GiB', peer => peer.control.send(Uint8Array.of(255, 255, 255, 255))],
    ['bits past the last leaf', peer => peer.send({ type: 'have', sid: 1, kind: 2, start: 0, bits: Uint8Array.of(2) })],
    [
      'a req twice',
      peer => {
        peer.send({ type: 'request', req: 7, sid: 1, runs: [{ start: 0, count: 1 }] })
        peer.send({ type: 'request', req: 7, sid: 1, runs: [{ start: 0, count: 1 }] })
      }
    ]
  ]
  for (const [title, commit] of crimes) {
    await using it = await meet(new SampleServable('s', [1]))
    commit(it.peer)
    await until(() => it.peer.ended).catch(() => assert.fail(title))
    assert.equal(it.peer.last('bye')?.code, ExchangeCode.PROTOCOL, title)
    assert.deepEqual(it.server.peers(), [], title)
  }
})

test('a flood of messages ends in LIMIT; who fetches may ask more', async () => {
  const clock = new StepClock()
  const servable = new SampleServable('s', MANY)
  await using it = await meet(servable, { clock })
  for (let i = 0; i < limits.CONTROL_BURST + 2; i++) it.peer.send(cancel({ reqs: [i] }))
  await until(() => it.peer.ended)
  assert.equal(it.peer.last('bye')?.code, ExchangeCode.LIMIT)
  await using other = await meet(servable, { clock })
  other.peer.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 30 }] })
  await until(() => answers(other.peer).size === 30)
  for (let i = 0; i < limits.CONTROL_BURST + 90; i++) other.peer.send(cancel({ reqs: [i] }))
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
  assert.equal(other.peer.ended, false)
})

test('who does not say Hello is hung up on', async () => {
  const clock = new StepClock()
  await using server = openExchangeServer({ servables: new SampleServables(), agent: 's', clock })
  const { duplexPair } = await import('./duplex-pair.ts')
  const [near, far] = duplexPair()
  let ended = false
  near.onBytes(() => {})
  near.onEnd(() => (ended = true))
  server.handleControl(far, {
    peerId: 'p',
    remoteAddr: '',
    isLan: true,
    rttMs: 1,
    open: () => Promise.reject(new Error('no'))
  })
  clock.step(limits.HELLO_TIMEOUT_MS + 1)
  await until(() => ended)
})

test('a data stream belongs to the peer whose nonce it gives', async () => {
  const servable = new SampleServable('s', [1])
  await using it = await meet(servable)
  const nonce = it.peer.last('hello')?.nonce ?? assert.fail()
  const { duplexPair } = await import('./duplex-pair.ts')
  for (const [peerId, bytes] of [
    ['thief', nonce],
    ['raw', new Uint8Array(16)]
  ] as const) {
    const [near, far] = duplexPair()
    let ended = false
    near.onBytes(() => {})
    near.onEnd(() => (ended = true))
    it.server.handleData(far, {
      peerId,
      remoteAddr: '',
      isLan: true,
      rttMs: 1,
      open: () => Promise.reject(new Error('no'))
    })
    near.send(bytes)
    await until(() => ended)
  }
  assert.equal(it.peer.ended, false)
})

test('of many peers from public addresses nine are unchoked, and the turn goes round', async () => {
  const clock = new StepClock()
  const servable = new SampleServable('s', MANY)
  await using server = openExchangeServer({ servables: new SampleServables(servable), agent: 's', clock })
  const peers: RawPeer[] = []
  for (let i = 0; i < 12; i++)
    peers.push(await rawRequester(server, { root: servable.root.bytes, peerId: `wan ${i}`, isLan: false }))
  const lan = await rawRequester(server, { root: servable.root.bytes, peerId: 'lan' })
  const settle = async () => {
    for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve))
  }
  const unchoked = () => peers.flatMap((peer, i) => (peer.last('choke')?.choke === false ? [i] : []))
  await settle()
  assert.equal(unchoked().length, limits.WAN_SLOTS + 1)
  assert.equal(lan.last('choke')?.choke, false)
  peers[11]?.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 2 }] })
  await settle()
  assert.equal(peers[11]?.last('reject')?.code, ExchangeCode.BUSY)
  const served = new Set(unchoked())
  for (let turn = 0; turn < 8; turn++) {
    clock.step(limits.OPTIMISTIC_MS)
    await settle()
    assert.equal(unchoked().length, limits.WAN_SLOTS + 1)
    for (const i of unchoked()) served.add(i)
  }
  assert.equal(served.size, 12, 'everybody had a turn')
  peers[0]?.send({ type: 'have', sid: 1, kind: 0, start: 0, bits: new Uint8Array(0) })
  peers[1]?.send({ type: 'have', sid: 1, kind: 0, start: 0, bits: new Uint8Array(0) })
  peers[2]?.send({ type: 'have', sid: 1, kind: 0, start: 0, bits: new Uint8Array(0) })
  await settle()
  assert.deepEqual(unchoked(), [3, 4, 5, 6, 7, 8, 9, 10, 11], 'who has everything needs no slot')
})

test('choking lets the leaf in progress finish and answers the rest BUSY', async () => {
  const clock = new StepClock()
  const servable = new SampleServable('s', MANY)
  await using server = openExchangeServer({ servables: new SampleServables(servable), agent: 's', clock })
  const peers: RawPeer[] = []
  for (let i = 0; i < 10; i++)
    peers.push(
      await rawRequester(server, { root: servable.root.bytes, peerId: `${i}`, isLan: false, highWater: 64 * KIB })
    )
  const first = peers[0] ?? assert.fail()
  for (const peer of peers.slice(1, 9)) peer.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 1 }] })
  await until(() => peers.slice(1, 9).every(peer => answers(peer).size === 1))
  first.data.hold(true)
  first.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 20 }] })
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
  clock.step(limits.OPTIMISTIC_MS) // it has the turn beside the slots
  for (const peer of peers.slice(1, 9)) peer.send({ type: 'request', req: 2, sid: 1, runs: [{ start: 0, count: 1 }] })
  await until(() => peers.slice(1, 9).every(peer => answers(peer).size === 2))
  clock.step(limits.OPTIMISTIC_MS) // and has it no longer
  await until(() => first.last('choke')?.choke === true)
  first.data.hold(false)
  await until(() => answers(first).size === 20)
  const told = answers(first)
  assert.equal(told.get('1/0'), 'sent')
  assert.equal(told.get('1/19'), String(ExchangeCode.BUSY))
})
