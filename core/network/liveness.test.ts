import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { watchLiveness } from './liveness.ts'
import { openBareNode, openLoopbackNode, until } from '../testing/loopback-swarm.ts'

/** A cable that can be pulled: nothing passes any more, and no end is told. */
async function openCable(toPort: number): Promise<{ port: number; pull(): void } & AsyncDisposable> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer(near => {
    const far = net.connect(toPort, '127.0.0.1')
    for (const [from, to] of [[near, far] as const, [far, near] as const]) {
      sockets.add(from)
      from.on('error', () => undefined).pipe(to)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: address != null && typeof address === 'object' ? address.port : 0,
    pull: () => sockets.forEach(socket => socket.unpipe().pause()),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}

test('a dead connection is dropped, one on which something still moves is not', { timeout: 90_000 }, async t => {
  await using far = await openLoopbackNode(t.signal)
  await using cable = await openCable(far.port ?? 0)
  const node = await openBareNode({ connectionGater: {} })
  await using _ = { [Symbol.asyncDispose]: async () => await node.stop() }
  const connection = await node.dial(multiaddr(`/ip4/127.0.0.1/tcp/${cable.port}/p2p/${far.peerId}`))
  using liveness = watchLiveness(
    () => node.getConnections(),
    () => performance.now(),
    { intervalMs: 20, deadAfterMs: 1500 } // a busy machine answers within that
  )
  await until(() => liveness.rttMs(connection) != null, 'a round trip is measured')
  assert.equal(connection.status, 'open')

  cable.pull()
  const pulledAt = performance.now()
  await until(() => {
    liveness.touch(connection) // as if bytes came: pings go unanswered all the same
    return performance.now() > pulledAt + 3000
  }, 'three seconds with signs of life')
  assert.equal(connection.status, 'open')
  await until(() => connection.status !== 'open', 'dropped for want of a sign', 20_000)
})
