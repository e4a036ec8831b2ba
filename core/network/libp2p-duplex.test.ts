import assert from 'node:assert/strict'
import { test } from 'node:test'
import { streamPair } from '@libp2p/utils'
import { until } from '../testing/loopback-swarm.ts'
import { duplexOf } from './libp2p-duplex.ts'

const endOf = async (duplex: ReturnType<typeof duplexOf>): Promise<Error | undefined> =>
  await new Promise(resolve => duplex.onEnd(resolve))

test('bytes that came before anybody listened are not lost, and the end comes after them', async () => {
  const [one, two] = await streamPair()
  const near = duplexOf(one)
  near.send(Uint8Array.of(1, 2))
  near.close()
  await until(() => two.readBufferLength > 0 || two.remoteWriteStatus === 'closed', 'they are there')
  let signs = 0
  const far = duplexOf(two, () => signs++)
  const seen: (number | 'end')[] = []
  const end = endOf(far).then(() => seen.push('end'))
  far.onBytes(bytes => seen.push(...bytes))
  await end
  assert.deepEqual(seen, [1, 2, 'end'])
  assert.equal(signs, 1)
})

test('a stream that was reset before it was taken over has ended, with an error', async () => {
  const [one, two] = await streamPair()
  one.abort(new Error('no'))
  await until(() => two.status !== 'open', 'the reset has arrived')
  const far = duplexOf(two)
  assert.ok((await endOf(far)) instanceof Error)
  assert.equal(far.send(Uint8Array.of(1)), false)
  await assert.rejects(far.drained(new AbortController().signal))
})

test('drained() waits as long as the stream is full: nothing piles up', { timeout: 120_000 }, async t => {
  const [one, two] = await streamPair({ capacity: 65_536, delay: 1 })
  const near = duplexOf(one)
  let arrived = 0
  duplexOf(two).onBytes(bytes => (arrived += bytes.byteLength))
  const chunk = new Uint8Array(16_384)
  let mostUnsent = 0
  for (let i = 0; i < 200; i++) {
    if (!near.send(chunk)) await near.drained(t.signal)
    mostUnsent = Math.max(mostUnsent, near.unsentBytes)
  }
  await until(() => arrived === 200 * chunk.byteLength, 'all arrived')
  assert.ok(mostUnsent <= 4 * chunk.byteLength, `${mostUnsent} bytes waited at once`)
})

test('a wait for drained() ends with the signal, and with the stream', async () => {
  for (const how of ['signal', 'stream'] as const) {
    const [one] = await streamPair({ capacity: 1, delay: 50 })
    const near = duplexOf(one)
    while (near.send(new Uint8Array(1024)));
    const abort = new AbortController()
    const wait = assert.rejects(near.drained(abort.signal))
    if (how === 'signal') abort.abort(new Error('enough'))
    else near.abort(new Error('enough'))
    await wait
    near.abort(new Error('over'))
  }
})
