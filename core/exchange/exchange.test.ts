import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryPipe, type MemoryPipeOptions } from '../testing/duplex-pair.ts'
import { ExchangeCode, HaveKind } from './codes.ts'
import { openRequester } from './open-requester.ts'
import type { HelloOptions } from './requester.ts'
import { SampleListener } from '../testing/sample-listener.ts'
import { sampleLeaf, SampleServable, SampleServables } from '../testing/sample-servable.ts'
import { openExchangeServer, type ExchangeServerOptions } from './server.ts'

const KIB = 1024
const MIB = 1024 * KIB
const hello: HelloOptions = { agent: 'test', name: 'Calm Otter' }

/** A server over these, and a requester that has the first one open. */
async function meet(
  servables: SampleServable[],
  options: {
    server?: Partial<ExchangeServerOptions>
    pipe?: Partial<MemoryPipeOptions>
    hello?: Partial<HelloOptions>
  } = {}
) {
  const stack = new AsyncDisposableStack()
  const found = new SampleServables(...servables)
  const server = stack.use(
    openExchangeServer({ servables: found, agent: 'server', nameFor: () => 'Kind Mango', ...options.server })
  )
  const pipe = memoryPipe(server, { from: 'getter', to: 'seeder', ...options.pipe })
  const requester = stack.use(await openRequester(pipe, { ...hello, ...options.hello }, AbortSignal.timeout(20_000)))
  const first = servables[0] ?? assert.fail()
  const listener = new SampleListener()
  const root = requester.openRoot(first.root, listener)
  await listener.until(() => listener.infos.length > 0)
  root.setLayout(ordinal => first.leafBytes(ordinal), first.leafCount)
  return { server, found, requester, listener, root, first, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

function assertAll(listener: SampleListener, servable: SampleServable): void {
  assert.equal(listener.leaves.size, servable.leafCount)
  for (const [ordinal, bytes] of listener.leaves)
    assert.deepEqual(
      Buffer.from(bytes),
      Buffer.from(sampleLeaf(ordinal, servable.leafBytes(ordinal))),
      `leaf ${ordinal}`
    )
}

test('Hello, Info and Have say what there is', async () => {
  await using it = await meet([new SampleServable('a', [MIB, 5])])
  assert.equal(it.requester.name, 'Kind Mango')
  assert.equal(it.requester.agent, 'server')
  assert.deepEqual(it.server.peers()[0]?.name, 'Calm Otter')
  const info = it.listener.infos[0]
  assert.equal(info?.code, ExchangeCode.OK)
  assert.deepEqual([info.size, info.leaves, info.skeletonBytes, info.name], [MIB + 5, 2, 100, 'a'])
  assert.deepEqual(it.listener.chokes, [false])
  await it.listener.until(() => it.listener.haves[0]?.kind === HaveKind.FULL)
})

test('a file of big leaves arrives whole', async () => {
  await using it = await meet([new SampleServable('big', [MIB, MIB, 2 * MIB, 300 * KIB, 0, 1, 20 * KIB])])
  it.root.request([{ start: 0, count: it.first.leafCount }])
  await it.listener.until(() => it.listener.leaves.size === it.first.leafCount)
  assertAll(it.listener, it.first)
  assert.equal(it.root.outstandingBytes, 0)
  assert.equal(it.requester.sent.request, 1)
  assert.deepEqual(it.listener.rejects, [])
})

test('10,000 small leaves are few frames and few messages', async () => {
  await using it = await meet([
    new SampleServable(
      'small',
      Array.from({ length: 10_000 }, () => 4 * KIB)
    )
  ])
  let writes = 0
  const { root, listener } = it
  it.listener.after = () => writes++
  root.request([{ start: 0, count: 10_000 }])
  await listener.until(() => listener.leaves.size === 10_000)
  assertAll(listener, it.first)
  assert.ok(it.requester.sent.request < 10, `${it.requester.sent.request} requests`)
  assert.ok(writes >= 10_000)
})

test('requests of one turn travel together, more than a queue holds wait', async () => {
  await using it = await meet([
    new SampleServable(
      'many',
      Array.from({ length: 400 }, () => 1000)
    )
  ])
  for (let i = 0; i < 400; i += 2) it.root.request([{ start: i, count: 1 }])
  await it.listener.until(() => it.listener.leaves.size === 200)
  assert.deepEqual(it.listener.rejects, [])
  assert.ok(it.requester.sent.request <= 40, `${it.requester.sent.request} requests`)
})

test('a skeleton comes in ranges, and goes on at any offset', async () => {
  await using it = await meet([new SampleServable('folder', [1], { skeletonBytes: 2 * MIB + 17 })])
  for (let at = 0; at < it.first.skeletonBytes; at += MIB) it.root.requestSkeleton(at, MIB)
  await it.listener.until(() => it.listener.skeleton.filter(part => part.last).length === 3)
  const bytes = new Uint8Array(it.first.skeletonBytes)
  for (const part of it.listener.skeleton) bytes.set(part.bytes, part.offset)
  assert.deepEqual(Buffer.from(bytes), Buffer.from(it.first.skeleton))
  it.root.requestSkeleton(it.first.skeletonBytes, 1)
  await it.listener.until(() => it.listener.skeletonRejects.length === 1)
  assert.equal(it.listener.skeletonRejects[0]?.code, ExchangeCode.BAD_REQUEST)
})

test('what cannot be read is rejected with its reason, the rest arrives', async () => {
  const sizes = [100, 200, MIB, 300, 400, MIB, 10]
  await using it = await meet([new SampleServable('faulty', sizes)])
  it.first.faults.set(1, 'source-changed').set(2, 'source-changed').set(5, 'unreadable').set(6, 'not-found')
  it.root.request([{ start: 0, count: 7 }])
  await it.listener.until(() => it.listener.leaves.size + it.listener.rejects.length === 7)
  assert.deepEqual([...it.listener.leaves.keys()], [0, 3, 4])
  assert.deepEqual(
    it.listener.rejects.map(({ ordinal, code }) => [ordinal, code]),
    [
      [1, ExchangeCode.CHANGED],
      [2, ExchangeCode.CHANGED],
      [5, ExchangeCode.IO],
      [6, ExchangeCode.IO] // it is advertised: no lie, but trouble
    ]
  )
  assert.equal(it.root.outstandingBytes, 0)
})

test('a cancelled leaf stops, and its credit comes back', async () => {
  const pairs: { hold(held: boolean): void }[] = []
  await using it = await meet(
    [
      new SampleServable(
        'c',
        Array.from({ length: 20 }, () => MIB)
      )
    ],
    {
      pipe: { highWater: 64 * KIB, onPair: (protocol, near) => protocol === 'data' && pairs.push(near) }
    }
  )
  it.root.request([{ start: 0, count: 20 }])
  await it.listener.until(() => it.listener.progressBytes > 0)
  for (const pair of pairs) pair.hold(true)
  const before = it.listener.leaves.size
  it.root.cancel([{ start: 0, count: 20 }])
  for (const pair of pairs) pair.hold(false)
  await until(() => it.root.outstandingBytes === 0)
  assert.equal(it.listener.leaves.size, before, 'nothing is heard of what was cancelled')
  assert.deepEqual(it.listener.rejects, [])
  assert.equal(it.requester.sent.cancel, 1)
  assert.ok(it.requester.received.reject >= 1)
  it.root.request([{ start: 19, count: 1 }])
  await it.listener.until(() => it.listener.leaves.has(19))
})

test('a root nobody knows is not found, until it is', async () => {
  await using it = await meet([new SampleServable('known', [1])])
  const later = new SampleServable('later', [5])
  const listener = new SampleListener()
  const root = it.requester.openRoot(later.root, listener)
  await listener.until(() => listener.infos.length === 1)
  assert.equal(listener.infos[0]?.code, ExchangeCode.NOT_FOUND)
  it.found.byRoot.set(later.root.toString(), 'not-yet')
  const again = new SampleListener()
  it.requester.openRoot(later.root, again)
  await again.until(() => again.infos.length === 1)
  assert.equal(again.infos[0]?.code, ExchangeCode.NOT_HAVE)
  assert.ok(again.infos[0].retryMs > 0)
  it.found.byRoot.set(later.root.toString(), later)
  await it.server.refresh(later.root)
  await listener.until(() => listener.infos.at(-1)?.code === ExchangeCode.OK)
  root.request([{ start: 0, count: 1 }])
  await listener.until(() => listener.leaves.size === 1)
  later.withdraw()
  await listener.until(() => listener.infos.at(-1)?.code === ExchangeCode.NOT_FOUND)
  assert.equal(later.watchers, 0)
})

test('what is asked of a root that goes away is answered, and leaves nothing behind', async () => {
  const ends: { hold(held: boolean): void }[] = []
  const servable = new SampleServable(
    'gone',
    Array.from({ length: 30 }, () => MIB)
  )
  await using it = await meet([servable], {
    pipe: { highWater: 64 * KIB, onPair: (protocol, near) => protocol === 'data' && ends.push(near) }
  })
  for (const end of ends) end.hold(true)
  it.root.request([{ start: 0, count: 30 }])
  await until(() => it.server.peers()[0]?.queued.runs === 1)
  servable.withdraw()
  for (const end of ends) end.hold(false)
  await until(() => it.root.outstandingBytes === 0)
  assert.ok(it.listener.rejects.every(reject => reject.code === ExchangeCode.SHUTDOWN))
  assert.equal(it.listener.rejects.reduce((sum, reject) => sum + reject.count, 0) + it.listener.leaves.size, 30)
  assert.deepEqual(it.server.peers()[0]?.queued, { runs: 0, bytes: 0 })
  assert.equal(servable.watchers, 0)
})

test('what a download gains and a share loses is told, rarely and together', async () => {
  const partial = new SampleServable(
    'p',
    Array.from({ length: 5000 }, () => 10),
    { held: false }
  )
  await using it = await meet([partial])
  await it.listener.until(() => it.listener.haves[0]?.kind === HaveKind.NONE)
  for (let i = 0; i < 4000; i += 3) partial.hold(i, i + 1, true)
  await it.listener.until(() => it.listener.haves.length > 1)
  await until(() => it.listener.haves.reduce((bits, have) => bits + ones(have.bits), 0) >= partial.have.count)
  assert.ok(it.listener.haves.length < 12, `${it.listener.haves.length} messages`)
  partial.hold(0, 5000, true)
  await it.listener.until(() => it.listener.haves.at(-1)?.kind === HaveKind.FULL)
  partial.hold(8, 16, false)
  partial.become('changed')
  await it.listener.until(() => it.listener.haves.at(-1)?.kind === HaveKind.UNSET)
  assert.equal(it.listener.infos.at(-1)?.state, 3)
  assert.deepEqual(it.listener.haves.at(-1), { kind: HaveKind.UNSET, start: 8, bits: Uint8Array.of(0xff) })
})

test('what the requester holds and whom it knows reaches the server', async () => {
  const heard: unknown[] = []
  await using it = await meet([new SampleServable('a', [1, 2])], {
    server: {
      listener: {
        onHave: (peer, _, have) => heard.push([peer, have.kind]),
        onPex: (peer, _, records) => heard.push([peer, records.length])
      }
    }
  })
  it.root.sendHave({ kind: HaveKind.FULL, start: 0, bits: new Uint8Array(0) })
  await until(() => heard.length === 1)
  it.root.sendPex([Uint8Array.of(1)]) // who takes nothing introduces nobody
  it.root.sendHave({ kind: HaveKind.NONE, start: 0, bits: new Uint8Array(0) })
  await until(() => heard.length === 2)
  it.root.request([{ start: 0, count: 1 }])
  await it.listener.until(() => it.listener.leaves.size === 1)
  it.root.sendPex([Uint8Array.of(1), Uint8Array.of(2)])
  it.root.sendHave({ kind: HaveKind.FULL, start: 0, bits: new Uint8Array(0) })
  await until(() => heard.length === 4)
  assert.deepEqual(heard, [
    ['getter', HaveKind.FULL],
    ['getter', HaveKind.NONE],
    ['getter', 2],
    ['getter', HaveKind.FULL]
  ])
  assert.equal(it.server.peers()[0]?.roots[0]?.full, true)
  it.server.sendPex('getter', it.first.root, [Uint8Array.of(9)])
  await it.listener.until(() => it.listener.records.length === 1)
})

test('who only looks is told apart from who takes bytes, and the last word of a root is heard', async () => {
  const heard: number[] = []
  await using it = await meet([new SampleServable('a', [1, 2])], {
    server: { listener: { onHave: (_peer, _root, have) => heard.push(have.kind) } }
  })
  assert.equal(it.server.peers()[0]?.roots[0]?.reads, false)
  it.root.request([{ start: 0, count: 2 }])
  await it.listener.until(() => it.listener.leaves.size === 2)
  assert.equal(it.server.peers()[0]?.roots[0]?.reads, true)
  it.root.sendHave({ kind: HaveKind.FULL, start: 0, bits: new Uint8Array(0) })
  it.root.close()
  await until(() => it.server.peers()[0]?.roots.length === 0)
  assert.deepEqual(heard, [HaveKind.FULL])
})

test('the end is told once, to every root and then to the owner', async () => {
  const it = await meet([new SampleServable('a', [1])])
  const order: string[] = []
  it.requester.onClosed(() => order.push('requester'))
  it.listener.after = () => it.listener.closed.length > 0 && order.push('root')
  await it.server[Symbol.asyncDispose]()
  await until(() => order.length === 2)
  assert.deepEqual(order, ['root', 'requester'])
  assert.equal((it.listener.closed[0] as { code?: number }).code, ExchangeCode.SHUTDOWN)
  await it[Symbol.asyncDispose]()
  assert.equal(it.listener.closed.length, 1)
  assert.equal(it.first.watchers, 0)
})

test('closing a root ends what was asked of it', async () => {
  await using it = await meet([
    new SampleServable(
      'a',
      Array.from({ length: 30 }, () => MIB)
    )
  ])
  it.root.request([{ start: 0, count: 30 }])
  await it.listener.until(() => it.listener.leaves.size > 0)
  const before = it.listener.leaves.size
  it.root.close()
  assert.deepEqual(it.listener.closed, [undefined])
  const again = new SampleListener()
  const root = it.requester.openRoot(it.first.root, again)
  await again.until(() => again.infos.length > 0)
  root.request([{ start: 0, count: 1 }])
  await again.until(() => again.leaves.size === 1)
  assert.equal(it.listener.leaves.size, before)
  assert.equal(it.requester.closed, false)
})

function ones(bits: Uint8Array): number {
  let count = 0
  for (const byte of bits) for (let b = byte; b !== 0; b &= b - 1) count++
  return count
}

/** Polls each turn of the event loop, with a deadline. */
async function until(condition: () => boolean): Promise<void> {
  for (const end = performance.now() + 60_000; !condition();) {
    if (performance.now() > end) throw new Error(`Waited in vain for ${condition.toString()}`)
    await new Promise(resolve => setImmediate(resolve))
  }
}
