import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { SteppedClock } from '../testing/stepped-clock.ts'
import { watchOwnAddresses } from './own-addresses.ts'
import { openBareNode, openLoopbackNode } from '../testing/loopback-swarm.ts'

test('who is connected hears of other addresses by itself', { timeout: 30_000 }, async t => {
  const node = await openBareNode({ connectionGater: {} })
  await using _ = { [Symbol.asyncDispose]: async () => await node.stop() }
  await using other = await openLoopbackNode(t.signal)
  await other.dial(node.getMultiaddrs()[0]?.toString() ?? '', t.signal)
  const clock = new SteppedClock()
  let addrs: Multiaddr[] = node.getMultiaddrs()
  const seen = { peerId: node.peerId, peerStore: node.peerStore, getMultiaddrs: () => addrs }
  using _watch = watchOwnAddresses(seen, clock)
  const own = async () =>
    (await node.peerStore.get(node.peerId)).addresses.map(({ multiaddr: addr }) => addr.toString())
  const before = await own()
  clock.step(20_000)
  assert.deepEqual(await own(), before, 'nothing is written while nothing changes')
  addrs = [multiaddr(`/ip4/127.0.0.9/tcp/9/p2p/${node.peerId.toString()}`)]
  const answer = seen.getMultiaddrs
  seen.getMultiaddrs = () => assert.fail('no descriptor is free')
  clock.step(5_000)
  assert.deepEqual(await own(), before, 'it looks again, and harms nothing')
  seen.getMultiaddrs = answer
  const updated = new Promise(resolve => node.addEventListener('self:peer:update', resolve, { once: true }))
  clock.step(5_000)
  await updated // and identify sends it to everybody who is connected
  assert.deepEqual(await own(), ['/ip4/127.0.0.9/tcp/9'])
})
