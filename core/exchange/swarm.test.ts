// Two real libp2p nodes over TCP on loopback.
import { yamux } from '@libp2p/yamux'
import { tcp } from '@libp2p/tcp'
import { noise } from '@chainsafe/libp2p-noise'
import { createLibp2p, type Libp2p } from 'libp2p'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection } from '@libp2p/interface'
import { PROTOCOL_IDS, type PeerPipe } from './duplex.ts'
import { duplexOf } from '../network/libp2p-duplex.ts'
import { ExchangeCode } from './codes.ts'
import { openRequester } from './open-requester.ts'
import { SampleListener } from '../testing/sample-listener.ts'
import { sampleLeaf, SampleServable, SampleServables } from '../testing/sample-servable.ts'
import { openExchangeServer } from './server.ts'

const KIB = 1024
const MIB = 1024 * KIB

function node(listen: string[]): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false }
  })
}

function pipeOf(connection: Connection): PeerPipe {
  return {
    peerId: connection.remotePeer.toString(),
    remoteAddr: connection.remoteAddr.toString(),
    isLan: true,
    rttMs: 1,
    open: async protocol => duplexOf(await connection.newStream(PROTOCOL_IDS[protocol]))
  }
}

/** A server over this, on one node; a requester on another, the root open. */
async function meet(servable: SampleServable) {
  const stack = new AsyncDisposableStack()
  const seeder = stack.adopt(await node(['/ip4/127.0.0.1/tcp/0']), it => it.stop())
  const getter = stack.adopt(await node([]), it => it.stop())
  const server = stack.use(openExchangeServer({ servables: new SampleServables(servable), agent: 'server' }))
  await seeder.handle(PROTOCOL_IDS.control, (stream, connection) =>
    server.handleControl(duplexOf(stream), pipeOf(connection))
  )
  await seeder.handle(PROTOCOL_IDS.data, (stream, connection) =>
    server.handleData(duplexOf(stream), pipeOf(connection))
  )
  const connection = await getter.dial(seeder.getMultiaddrs())
  const requester = stack.use(
    await openRequester(pipeOf(connection), { agent: 'test', name: 'n' }, AbortSignal.timeout(20_000))
  )
  const listener = new SampleListener()
  const root = requester.openRoot(servable.root, listener)
  await listener.until(() => listener.infos.length > 0)
  root.setLayout(ordinal => servable.leafBytes(ordinal), servable.leafCount)
  return { server, requester, listener, root, connection, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

test('everything arrives over libp2p: big leaves, small leaves, the skeleton', { timeout: 120_000 }, async () => {
  const sizes = [...Array.from({ length: 24 }, () => MIB), 700 * KIB, ...Array.from({ length: 1000 }, () => 4 * KIB), 0]
  const servable = new SampleServable('all', sizes, { skeletonBytes: MIB })
  await using it = await meet(servable)
  it.root.requestSkeleton(0, MIB)
  it.root.request([{ start: 0, count: sizes.length }])
  await it.listener.until(() => it.listener.leaves.size === sizes.length && it.listener.skeleton.at(-1)?.last === true)
  for (const [ordinal, bytes] of it.listener.leaves)
    assert.ok(Buffer.from(bytes).equals(sampleLeaf(ordinal, servable.leafBytes(ordinal))), `leaf ${ordinal}`)
  assert.equal(it.root.outstandingBytes, 0)
  assert.deepEqual(it.listener.rejects, [])
})

test('a cancelled request stops soon', { timeout: 120_000 }, async () => {
  const servable = new SampleServable(
    'cancel',
    Array.from({ length: 32 }, () => MIB)
  )
  await using it = await meet(servable)
  it.root.request([{ start: 0, count: 32 }])
  await it.listener.until(() => it.listener.leaves.size === 2)
  it.root.cancel([{ start: 0, count: 32 }])
  const again = new SampleListener()
  const second = it.requester.openRoot(servable.root, again)
  await again.until(() => again.infos.length > 0)
  second.setLayout(() => MIB, 32)
  second.request([{ start: 31, count: 1 }])
  await again.until(() => again.leaves.size === 1)
  assert.equal(it.root.outstandingBytes, 0)
  assert.ok(servable.reads < 20, `${servable.reads} leaves were read`)
})

test('a lost connection ends the session on both sides', { timeout: 120_000 }, async () => {
  const servable = new SampleServable(
    'lost',
    Array.from({ length: 32 }, () => MIB)
  )
  await using it = await meet(servable)
  it.root.request([{ start: 0, count: 32 }])
  await it.listener.until(() => it.listener.leaves.size === 1)
  it.connection.abort(new Error('pulled the plug'))
  await it.listener.until(() => it.listener.closed.length === 1)
  assert.equal((it.listener.closed[0] as { code?: number } | undefined)?.code, ExchangeCode.IO)
  for (const end = performance.now() + 60_000; it.server.peers().length > 0;) {
    assert.ok(performance.now() < end, 'the server noticed')
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.equal(servable.watchers, 0)
})
