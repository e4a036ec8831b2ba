// What a data stream brings is taken in by little in each turn of the loop, in order, and to its end: also when the peer goes meanwhile.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PIECES_PER_TURN } from '../turns.ts'
import { rawServer } from '../testing/raw-peer.ts'
import { SampleListener } from '../testing/sample-listener.ts'
import { sampleRoot } from '../testing/sample-servable.ts'
import { Flags } from './data-frames.ts'
import { ExchangeCode, type ExchangeError } from './codes.ts'
import { openRequester } from './open-requester.ts'

const LEAVES = 2_000
const PACK = 500
const KIB = 1024

/** Tiny leaves were asked for as request 1, skeleton as request 2. */
async function meet() {
  const stack = new AsyncDisposableStack()
  const { pipe, server } = rawServer(LEAVES)
  const requester = stack.use(await openRequester(pipe, { agent: 't', name: '' }, AbortSignal.timeout(20_000)))
  const listener = new SampleListener()
  const root = requester.openRoot(sampleRoot('r'), listener)
  await listener.until(() => listener.infos.length > 0)
  root.setLayout(() => 1, LEAVES)
  root.request([{ start: 0, count: LEAVES }])
  await turn()
  root.requestSkeleton(0, 1024 * KIB)
  const peer = server()
  while (peer.last('skeleton') == null) await turn()
  /** All leaves in packs that arrive together. */
  const sendPacks = (): void => {
    for (let ordinal = 0; ordinal < LEAVES; ordinal += PACK) {
      const payload = Uint8Array.from({ length: 3 * PACK }, (_, i) => (i % 3 === 1 ? 1 : 0))
      peer.sendFrame({ ordinal, offset: PACK, flags: Flags.PACKED }, payload)
    }
  }
  return { listener, root, peer, sendPacks, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const turn = async (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** The most that `count` grew by in one turn of the loop, until it is `end`. */
async function mostInATurn(count: () => number, end: number): Promise<number> {
  let [last, most] = [count(), 0]
  while (last < end) {
    await turn()
    most = Math.max(most, count() - last)
    last = count()
  }
  return most
}

test('thousands of leaves that come together are handed on a few in a turn, in their order', async () => {
  await using it = await meet()
  it.sendPacks()
  const most = await mostInATurn(() => it.listener.leaves.size, LEAVES)
  assert.ok(most <= PIECES_PER_TURN, `${most} leaves in one turn`)
  assert.deepEqual(
    [...it.listener.leaves.keys()],
    Array.from({ length: LEAVES }, (_, i) => i)
  )
})

test('a skeleton is handed on a frame in a turn', async () => {
  await using it = await meet()
  for (let at = 0; at < 8; at++) {
    const header = { request: 2, offset: at * 64 * KIB, flags: Flags.SKELETON }
    it.peer.sendFrame(header, new Uint8Array(64 * KIB))
  }
  const most = await mostInATurn(() => it.listener.skeleton.length, 8)
  assert.equal(most, 1)
  assert.deepEqual(
    it.listener.skeleton.map(({ offset }) => offset / KIB),
    [0, 64, 128, 192, 256, 320, 384, 448]
  )
})

for (const how of ['says Bye', 'ends its streams', 'resets its streams'] as const) {
  test(`a peer that ${how} takes nothing back of what it sent`, async () => {
    await using it = await meet()
    it.sendPacks()
    while (it.listener.leaves.size === 0) await turn()
    if (how === 'says Bye') it.peer.send({ type: 'bye', code: ExchangeCode.SHUTDOWN })
    for (const stream of [it.peer.control, it.peer.data]) {
      if (how === 'ends its streams') stream.close()
      if (how === 'resets its streams') stream.abort(new Error('reset'))
    }
    let atEnd = 0
    it.listener.after = () => {
      if (it.listener.closed.length > 0) atEnd ||= it.listener.leaves.size
    }
    await it.listener.until(() => it.listener.closed.length > 0)
    assert.equal(atEnd, LEAVES)
    const expected = how === 'says Bye' ? ExchangeCode.SHUTDOWN : ExchangeCode.IO
    assert.equal((it.listener.closed[0] as ExchangeError).code, expected)
  })
}

test('a root that is closed meanwhile hears nothing more, and the session goes on', async () => {
  await using it = await meet()
  it.sendPacks()
  while (it.listener.leaves.size === 0) await turn()
  it.root.close()
  const heard = it.listener.leaves.size
  assert.ok(heard < LEAVES)
  for (let i = 0; i < LEAVES; i++) await turn()
  assert.equal(it.listener.leaves.size, heard)
  assert.equal(it.peer.ended, false)
})

const again: [string, (peer: Awaited<ReturnType<typeof meet>>['peer']) => void][] = [
  ['a pack', peer => peer.sendFrame({ ordinal: LEAVES - 1, offset: 1, flags: Flags.PACKED }, Uint8Array.of(0, 1, 0))],
  ['a frame', peer => peer.sendFrame({ ordinal: LEAVES - 1 }, new Uint8Array(1))],
  ['an unfinished frame', peer => peer.sendFrame({ ordinal: LEAVES - 1, flags: 0 }, new Uint8Array(1))]
]
for (const [what, send] of again) {
  test(`a leaf that waits to be taken in and comes again, in ${what}, ends the session as PROTOCOL`, async () => {
    await using it = await meet()
    it.sendPacks()
    while (it.listener.leaves.size === 0) await turn()
    send(it.peer)
    await it.listener.until(() => it.listener.closed.length > 0)
    assert.equal((it.listener.closed[0] as ExchangeError).code, ExchangeCode.PROTOCOL)
    assert.ok(it.listener.leaves.size <= LEAVES)
  })
}
