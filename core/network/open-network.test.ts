import assert from 'node:assert/strict'
import { createServer, Server } from 'node:net'
import { test } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import { CodedError } from '../errors.ts'
import { BulkLinks } from './bulk-links.ts'
import { watchLiveness } from './liveness.ts'
import { openBareNode, openLoopbackNode, openLoopbackSwarm, until } from '../testing/loopback-swarm.ts'
import type { GoodPeers } from './discovery.ts'
import type { Network } from './network.ts'
import type { ProvideRows } from './provide.ts'
import { PeerLinks } from './peer-links.ts'
import { type Duplex, PROTOCOL_IDS } from '../exchange/duplex.ts'
import { cleanup } from '../testing/cleanup.ts'

const ROOT = CID.parse('bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy')

test('five nodes that know only one of them find a provider through the DHT', { timeout: 90_000 }, async t => {
  await using swarm = await openLoopbackSwarm(5, t.signal)
  const [, seeder, , , stranger] = swarm.nodes
  assert.ok(seeder != null && stranger != null)
  await seeder.provide(ROOT, t.signal)
  for await (const { peerId, addrs } of stranger.findProviders(ROOT, t.signal)) {
    assert.equal(peerId, seeder.peerId)
    assert.ok(
      addrs.length > 0 && addrs.every(addr => /^\/ip(4\/127\.0\.0\.1|6\/::1)\/.*\/p2p\//.test(addr)),
      addrs.join()
    )
    assert.deepEqual(await stranger.dialHints(addrs, t.signal), [seeder.peerId])
    assert.ok(stranger.pipe(peerId)?.isLan)
    return
  }
  assert.fail('no provider found')
})

test('bytes travel on control and data streams, both sides know who the other is', { timeout: 90_000 }, async t => {
  await using server = await openLoopbackNode(t.signal)
  await using client = await openLoopbackNode(t.signal)
  const seen: string[] = []
  const end = Promise.withResolvers<void>()
  server.handle('control', (duplex, peer) => {
    seen.push(peer.peerId)
    duplex.onBytes(bytes => duplex.send(bytes.map(byte => byte + 1)))
    duplex.onEnd(() => end.resolve())
  })
  await client.dial(server.addrs()[0] ?? '', t.signal)
  const pipe = client.pipe(server.peerId)
  assert.ok(pipe != null)
  const duplex = await pipe.open('control')
  const answer = Promise.withResolvers<Uint8Array>()
  duplex.onBytes(bytes => answer.resolve(bytes))
  duplex.send(Uint8Array.of(1, 2, 3))
  assert.deepEqual([...(await answer.promise)], [2, 3, 4])
  assert.deepEqual(seen, [client.peerId])
  duplex.close()
  await end.promise
  await until(() => pipe.rttMs != null, 'a round trip is measured')
})

test('a peer is told of once, whatever the number of connections, and gone once', { timeout: 90_000 }, async t => {
  await using one = await openLoopbackNode(t.signal)
  const events: string[] = []
  one.onPeer((_peer, event) => events.push(event))
  {
    await using two = await openLoopbackNode(t.signal)
    const dials = [one.dial(two.addrs()[0] ?? '', t.signal), two.dial(one.addrs()[0] ?? '', t.signal)]
    await Promise.all(dials) // simultaneous: there may be two connections
    await until(() => events.length > 0 && two.peers()[0]?.isExchanging === true, 'both know each other')
    assert.equal(one.peers().length, 1)
    assert.equal(one.peers()[0]?.direct, true)
  }
  await until(() => one.peers().length === 0, 'the peer is gone')
  await until(() => events.length === 2, 'both events came')
  assert.deepEqual(events, ['connect', 'disconnect'])
})

test('a fifth stream of one protocol from one peer is refused', { timeout: 90_000 }, async t => {
  await using server = await openLoopbackNode(t.signal)
  await using client = await openLoopbackNode(t.signal)
  const held: Duplex[] = []
  server.handle('data', duplex => held.push(duplex))
  await client.dial(server.addrs()[0] ?? '', t.signal)
  const pipe = client.pipe(server.peerId)
  assert.ok(pipe != null)
  for (let i = 0; i < 4; i++) await pipe.open('data')
  await until(() => held.length === 4, 'four streams are served')
  await assert.rejects(async () => {
    const fifth = await pipe.open('data')
    const { promise, reject } = Promise.withResolvers<void>()
    fifth.onEnd(error => reject(error ?? new Error('ended')))
    await promise
  })
  assert.equal(held.length, 4)
})

test('a second connection gives a peer no more streams', { timeout: 90_000 }, async t => {
  await using server = await openLoopbackNode(t.signal)
  const held: Duplex[] = []
  server.handle('data', duplex => held.push(duplex))
  const client = await openBareNode({ connectionGater: {} })
  await using _ = { [Symbol.asyncDispose]: async () => await client.stop() }
  const addr = multiaddr(server.addrs()[0])
  const connections = [await client.dial(addr), await client.dial(addr, { force: true })]
  assert.equal(new Set(connections.map(({ id }) => id)).size, 2)
  for (let i = 0; i < 6; i++) await connections[i % 2]?.newStream(PROTOCOL_IDS.data).catch(() => undefined)
  await until(() => held.length >= 4, 'four streams are served')
  await connections[0]?.newStream('/ipfs/ping/1.0.0') // whatever was sent before it has been judged
  assert.equal(held.length, 4)
})

test(
  'of two connections to one peer the unused one goes; one that carries a stream stays',
  { timeout: 90_000 },
  async t => {
    await using far = await openLoopbackNode(t.signal)
    far.handle('control', () => undefined)
    const node = await openBareNode({ connectionGater: {} }, await below(far.peerId))
    await using _ = { [Symbol.asyncDispose]: async () => await node.stop() }
    using liveness = watchLiveness(
      () => node.getConnections(),
      () => performance.now()
    )
    const privateKey = await generateKeyPair('Ed25519')
    await using bulk = new BulkLinks({ mode: 'loopback', privateKey, hosts: [] })
    await PeerLinks.open(node, liveness, bulk, 200)
    const addr = multiaddr(far.addrs()[0])
    const first = await node.dial(addr)
    const stream = await first.newStream(PROTOCOL_IDS.control)
    await node.dial(addr, { force: true })
    await until(() => node.getConnections().length === 1, 'the second is closed')
    assert.equal(first.status, 'open')
    assert.equal(stream.status, 'open')
  }
)

test('a banned peer is dropped and cannot come back, from either side', { timeout: 90_000 }, async t => {
  await using one = await openLoopbackNode(t.signal)
  await using two = await openLoopbackNode(t.signal)
  await one.dial(two.addrs()[0] ?? '', t.signal)
  one.ban(two.peerId)
  await until(() => one.peers().length === 0 && two.peers().length === 0, 'the connection is closed')
  await assert.rejects(
    one.dial(two.addrs()[0] ?? '', t.signal),
    error => error instanceof CodedError && error.code === 'forbidden'
  )
  await two.dial(one.addrs()[0] ?? '', t.signal).catch(() => undefined) // the dialler may believe in it for a moment
  await until(() => two.peers().length === 0, 'the door stays shut')
  assert.equal(one.peers().length, 0)
})

test('a tagged peer that comes back is dialled again', { timeout: 90_000 }, async t => {
  const privateKey = await generateKeyPair('Ed25519')
  await using one = await openLoopbackNode(t.signal)
  const events: string[] = []
  one.onPeer((_peer, event) => events.push(event))
  const first = await openLoopbackNode(t.signal, { privateKey })
  const port = first.port ?? 0
  await one.dial(first.addrs()[0] ?? '', t.signal)
  await until(() => events.length === 1, 'connected')
  one.tag(first.peerId, true)
  await first[Symbol.asyncDispose]()
  await until(() => events.length === 2, 'lost')
  await using second = await openLoopbackNode(t.signal, { privateKey, port })
  await until(() => events.length === 3, 'connected again')
  assert.deepEqual(events, ['connect', 'disconnect', 'connect'])
  assert.equal(second.peers()[0]?.via, 'inbound')
})

test(
  'a taken port gives way to a free one; the port asked for is used when it is free',
  { timeout: 90_000 },
  async t => {
    await using first = await openLoopbackNode(t.signal)
    assert.ok(first.port != null)
    await using second = await openLoopbackNode(t.signal, { port: first.port })
    assert.notEqual(second.port, first.port)
    const port = first.port
    await first[Symbol.asyncDispose]()
    await using third = await openLoopbackNode(t.signal, { port })
    assert.equal(third.port, port)
  }
)

test('a port that is taken between its choice and listening on it gives way to another', async t => {
  const thief = createServer()
  cleanup(t).defer(() => void thief.close())
  const listen = Server.prototype.listen
  t.mock.method(Server.prototype, 'listen', function (this: Server, ...args: [{ host: string; port: number }]) {
    const [{ host, port }] = args
    const isOfLibp2p = host === '127.0.0.1' && port !== 0 // whoever chooses asks for any
    if (!isOfLibp2p || thief.listening) return Reflect.apply(listen, this, args)
    Reflect.apply(listen, thief, [{ host, port }, () => Reflect.apply(listen, this, args)])
    return this
  })
  await using node = await openLoopbackNode(t.signal)
  const address = thief.address()
  assert.ok(typeof address === 'object' && address != null, 'the port was taken')
  assert.notEqual(node.port, address.port)
  assert.ok(node.addrs().length > 0)
})

test('a peer named at the start is dialled until it is there', { timeout: 90_000 }, async t => {
  const privateKey = await generateKeyPair('Ed25519')
  const early = await openLoopbackNode(t.signal, { privateKey })
  const [addr = ''] = early.addrs()
  const port = early.port ?? 0
  await early[Symbol.asyncDispose]()
  await using node = await openLoopbackNode(t.signal, { peers: [addr] })
  assert.equal(node.peers().length, 0)
  await using late = await openLoopbackNode(t.signal, { privateKey, port })
  await until(() => node.pipe(late.peerId) != null, 'it is found')
  assert.equal(node.peers()[0]?.via, 'peer')
})

test('peers that were reached are remembered, and dialled by the next run', { timeout: 90_000 }, async t => {
  const saved = new Map<string, readonly string[]>()
  const goodPeers: GoodPeers = {
    load: () => [...saved].map(([peerId, addrs]) => ({ peerId, addrs })),
    save: (peerId, addrs) => saved.set(peerId, addrs)
  }
  await using friend = await openLoopbackNode(t.signal)
  {
    await using first = await openLoopbackNode(t.signal, { goodPeers })
    await first.dial(friend.addrs()[0] ?? '', t.signal)
    await until(() => saved.size === 1, 'remembered')
    assert.deepEqual([...saved.keys()], [friend.peerId])
  }
  await until(() => friend.peers().length === 0, 'the first run is over')
  await using second = await openLoopbackNode(t.signal, { goodPeers })
  await until(() => second.pipe(friend.peerId) != null, 'found without being told')
  assert.equal(saved.size, 1)
})

test('what was shared in an earlier run is provided in the next one', { timeout: 90_000 }, async t => {
  const saved: string[] = []
  const provides: ProvideRows = {
    load: () => [{ root: ROOT.toString(), at: undefined }],
    save: root => saved.push(root)
  }
  await using first = await openLoopbackNode(t.signal)
  await using seeder = await openLoopbackNode(t.signal, { provides })
  assert.deepEqual(saved, [])
  await first.dial(seeder.addrs()[0] ?? '', t.signal)
  await until(() => saved.length === 1, 'provided as soon as there is a DHT peer', 5000)
  // who is told of a provider answers nothing (kad-dht spec, ADD_PROVIDER): that it was taken in shows when it is asked for
  const found: string[] = []
  while (found.length === 0 && !t.signal.aborted)
    for await (const { peerId } of first.findProviders(ROOT, t.signal)) found.push(peerId)
  assert.deepEqual([...new Set(found)], [seeder.peerId])
})

test(
  'hints of a link lead to the peers that answer, and only the first 16 are looked at',
  { timeout: 90_000 },
  async t => {
    await using node = await openLoopbackNode(t.signal)
    await using friend = await openLoopbackNode(t.signal)
    const nobody = peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString()
    const noise = ['not an address', '/ip4/10.0.0.1/tcp/1', `/ip4/127.0.0.1/tcp/1/p2p/${nobody}`, ...node.addrs()]
    assert.deepEqual(await node.dialHints([...noise, ...friend.addrs()], t.signal), [friend.peerId])
    const many = Array.from({ length: 16 }, () => `/ip4/127.0.0.1/tcp/1/p2p/${nobody}`)
    assert.deepEqual(await node.dialHints([...many, ...friend.addrs()], t.signal), [])
  }
)

test(
  'a closed node leaves nothing behind that keeps the process alive or the port taken',
  { timeout: 90_000 },
  async t => {
    const node = await openLoopbackNode(t.signal)
    const { port = 0 } = node
    await node[Symbol.asyncDispose]()
    await using again = await openLoopbackNode(t.signal, { port })
    assert.equal(again.port, port)
    const aborted = AbortSignal.abort(new Error('too late'))
    await assert.rejects(openLoopbackNode(aborted, { port: 0 }))
  }
)

test('whoever listens late hears of the peers that are there', { timeout: 90_000 }, async t => {
  await using one = await openLoopbackNode(t.signal)
  await using two = await openLoopbackNode(t.signal)
  await one.dial(two.addrs()[0] ?? '', t.signal)
  await until(() => one.peers()[0]?.isExchanging === true, 'identified')
  const events: string[] = []
  const stop = one.onPeer((peerId, event) => events.push(`${event} ${peerId}`))
  assert.deepEqual(events, [])
  await until(() => events.length > 0, 'told')
  assert.deepEqual(events, [`connect ${two.peerId}`])
  stop()
})

/** A key whose peer ID sorts before the given one, which half of all do. */
async function below(peerId: string): Promise<Ed25519PrivateKey> {
  while (true) {
    const key = await generateKeyPair('Ed25519')
    if (peerIdFromPrivateKey(key).toString() < peerId) return key
  }
}

test(
  'more than the connections that are allowed are refused, and the number may change',
  { timeout: 90_000 },
  async t => {
    await using hub = await openLoopbackNode(t.signal, { maxConnections: 2 })
    await using stack = new AsyncDisposableStack()
    const dial = async (): Promise<Network> => {
      const node = stack.use(await openLoopbackNode(t.signal))
      await node.dial(hub.addrs()[0] ?? '', t.signal).catch(() => undefined) // it may be refused after it was open
      return node
    }
    const isIn = (node: Network) => () => hub.peers().some(({ peerId }) => peerId === node.peerId)
    await until(isIn(await dial()), 'the first')
    await until(isIn(await dial()), 'the second')
    const third = await dial()
    await until(() => third.peers().length === 0, 'the third is turned away')
    assert.ok(!isIn(third)())

    hub.setMaxConnections(3)
    await until(isIn(await dial()), 'now there is room for one more')
    const fifth = await dial()
    await until(() => fifth.peers().length === 0, 'and for no other')
    assert.ok(!isIn(fifth)())
  }
)
