import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { openBareNode, openLoopbackNode, until } from '../testing/loopback-swarm.ts'
import { surplusOthers } from './connection-room.ts'
import { Gater } from './gater.ts'

const connection = (id: number, open: number, direction: 'inbound' | 'outbound' = 'inbound') => ({
  id,
  direction,
  timeline: { open }
})

test('others hold two thirds; those that came go first, the oldest before the newer, and nobody who just came', () => {
  const ids = (others: ReturnType<typeof connection>[], max: number) =>
    surplusOthers(others, max, 60_000).map(({ id }) => id)
  const others = [
    connection(1, 20_000),
    connection(2, 10_000, 'outbound'),
    connection(3, 30_000),
    connection(4, 55_000),
    connection(5, 0)
  ]
  assert.deepEqual(ids(others, 9), [])
  assert.deepEqual(ids(others, 6), [5])
  assert.deepEqual(ids(others, 3), [5, 1, 3])
  assert.deepEqual(ids(others, 1), [5, 1, 3, 2], 'the new one stays: it may still say that it speaks the exchange')
})

test('a node that strangers filled lets a peer of the exchange in', { timeout: 60_000 }, async t => {
  await using hub = await openLoopbackNode(t.signal, { maxConnections: 3 })
  const [addr] = hub.addrs()
  assert.ok(addr != null)
  await using stack = new AsyncDisposableStack()
  for (let i = 0; i < 3; i++) {
    const gater = new Gater({ mode: 'loopback', now: performance.now.bind(performance), isNearPeer: () => true })
    const stranger = stack.adopt(await openBareNode(gater), async node => await node.stop())
    await stranger.dial(multiaddr(addr), { signal: t.signal })
  }
  await until(() => hub.peers().length === 3, 'strangers hold all there is')
  await using getter = await openLoopbackNode(t.signal)
  await until(() => hub.peers().length < 3, 'a stranger was let go')
  await getter.dial(addr, t.signal)
  await until(() => hub.peers().some(it => it.peerId === getter.peerId && it.isExchanging), 'the peer is in')
})
