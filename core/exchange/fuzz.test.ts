// Strangers' bytes against whole sessions: whatever comes, a session lives or ends with a verdict, and nothing else happens.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { controlFrame } from './control-frames.ts'
import { KNOWN_CONTROL } from '../testing/known-frames.ts'
import { ExchangeError } from './codes.ts'
import { rawRequester, rawServer } from '../testing/raw-peer.ts'
import { openRequester } from './open-requester.ts'
import { SampleListener } from '../testing/sample-listener.ts'
import { sampleRoot, SampleServable, SampleServables } from '../testing/sample-servable.ts'
import { openExchangeServer } from './server.ts'

/** Not a TypeError or RangeError of ours: an end with a code, perhaps the one of the peer's own Bye. */
function assertVerdict(error: Error | undefined): void {
  assert.ok(error == null || error instanceof ExchangeError, `${error?.name}: ${error?.message}`)
}

const small = fc.constantFrom(0, 1, 2, 3, 7, 8, 63, 64, 65_535, 65_536, 65_537, 0x7fffffff, 0x80000000, 0xffffffff)
const known = fc.constantFrom(...KNOWN_CONTROL).map(it => controlFrame(it.message))
const damaged = fc.tuple(known, fc.nat(), fc.nat(255)).map(([frame, at, value]) => {
  const bytes = new Uint8Array(frame)
  bytes[at % bytes.length] = value
  return bytes
})
const control = fc.array(fc.oneof({ weight: 3, arbitrary: known }, damaged, fc.uint8Array({ maxLength: 40 })), {
  maxLength: 12
})

async function turns(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise(resolve => setImmediate(resolve))
}

test('a server outlives any requester', { timeout: 120_000 }, async () => {
  const servable = new SampleServable(
    's',
    Array.from({ length: 400 }, () => 100)
  )
  let ends: (Error | undefined)[] = []
  const listener = { onClosed: (_: string, error?: Error) => void ends.push(error) }
  await using server = openExchangeServer({ servables: new SampleServables(servable), agent: 's', listener })
  await fc.assert(
    fc.asyncProperty(control, async frames => {
      ends = []
      const peer = await rawRequester(server, { root: servable.root.bytes })
      for (const frame of frames) peer.control.send(frame)
      await turns()
      for (const error of ends) assertVerdict(error)
      const good = await rawRequester(server, { root: servable.root.bytes, peerId: 'good' })
      good.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 400 }] })
      await turns()
      assert.ok(good.frames.reduce((sum, it) => sum + it.header.offset, 0) === 400, 'others are served as ever')
      for (const it of [peer, good]) it.control.abort(new Error('over'))
      await turns()
      assert.deepEqual(server.peers(), [])
      assert.equal(servable.watchers, 0)
    }),
    { numRuns: 40 }
  )
})

test('a requester outlives any server', { timeout: 120_000 }, async () => {
  const frame = fc.record({
    request: small,
    ordinal: small,
    offset: small,
    length: small,
    flags: fc.constantFrom(0, 1, 2, 4, 5, 6, 8)
  })
  const data = fc.array(fc.tuple(frame, fc.uint8Array({ maxLength: 70 })), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(control, data, fc.boolean(), async (frames, data, dataFirst) => {
      const { pipe, server } = rawServer(70)
      const requester = await openRequester(pipe, { agent: 't', name: '' }, new AbortController().signal)
      const listener = new SampleListener()
      const root = requester.openRoot(sampleRoot('r'), listener)
      await listener.until(() => listener.infos.length > 0)
      root.setLayout(() => 60, 70)
      root.request([{ start: 0, count: 70 }])
      root.requestSkeleton(0, 100)
      await turns()
      if (dataFirst) for (const [header, payload] of data) server().sendFrame(header, payload)
      for (const bytes of frames) server().control.send(bytes)
      await turns()
      if (!dataFirst) for (const [header, payload] of data) server().sendFrame(header, payload)
      await turns()
      for (const leaf of listener.leaves.values()) assert.ok(leaf.length <= 60)
      if (requester.closed) assertVerdict(listener.closed[0])
      await requester[Symbol.asyncDispose]()
      assert.equal(listener.closed.length, 1)
    }),
    { numRuns: 150 }
  )
})
