// Links over real sockets and real threads, between two nodes' worth of them in one process.
import assert from 'node:assert/strict'
import { createHash, hash, randomBytes, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { test, type TestContext } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { generateCertificate } from '@libp2p/tls/utils'
import { multiaddr } from '@multiformats/multiaddr'
import type { BulkAddress, BulkLink, BulkPort } from '../exchange/bulk-link.ts'
import { openRequester } from '../exchange/open-requester.ts'
import { openExchangeServer } from '../exchange/server.ts'
import { cleanup } from '../testing/cleanup.ts'
import { memoryPipe } from '../testing/duplex-pair.ts'
import { SampleListener } from '../testing/sample-listener.ts'
import { sampleLeaf, SampleServable, SampleServables } from '../testing/sample-servable.ts'
import { BulkLinks, hostsOf } from './bulk-links.ts'

const MIB = 1024 * 1024
const limit = { timeout: 60_000 }

async function openLinks(t: TestContext): Promise<BulkLinks> {
  const privateKey = await generateKeyPair('Ed25519')
  return cleanup(t).use(new BulkLinks({ mode: 'loopback', privateKey, hosts: ['127.0.0.1', '::1'] }))
}

/** The way to somebody on this machine. */
function portOf(its: BulkLinks, host = '/ip4/127.0.0.1'): BulkPort {
  return its.portFor(multiaddr(`${host}/tcp/4001`)) ?? assert.fail('no way there')
}

async function offer(t: TestContext, server: BulkPort, client: BulkPort) {
  const made = await server.accept(await client.certificate(), t.signal)
  made.link.catch(() => {})
  return made
}

async function pair(t: TestContext, host?: string): Promise<{ sending: BulkLink; receiving: BulkLink }> {
  const [server, client] = [portOf(await openLinks(t), host), portOf(await openLinks(t), host)]
  const { address, link } = await offer(t, server, client)
  const receiving = await client.dial(address, t.signal)
  return { sending: await link, receiving }
}

interface Arrived {
  readonly request: number
  readonly ordinal: number
  readonly digest: string
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Resolves when so many leaves have arrived. */
async function leavesOf(link: BulkLink, count: number): Promise<Arrived[]> {
  const arrived: Arrived[] = []
  await new Promise<void>((resolve, reject) => {
    link.onEnd(error => reject(error ?? new Error('closed')))
    link.receive({
      onLeaf: (request, ordinal, bytes) => {
        arrived.push({ request, ordinal, digest: digestOf(bytes) })
        if (arrived.length === count) resolve()
      },
      onBytes: () => {}
    })
  })
  return arrived
}

const ended = async (link: BulkLink): Promise<Error | undefined> => new Promise(resolve => link.onEnd(resolve))

for (const host of ['/ip4/127.0.0.1', '/ip6/::1']) {
  test(`leaves arrive whole, in order, and their memory is given away (${host})`, limit, async t => {
    const { sending, receiving } = await pair(t, host)
    const leaves = [MIB, 65_537, 2 * MIB, 1, MIB, 300_000].map(length => Buffer.from(randomBytes(length)))
    const expected = leaves.map((leaf, i) => ({ request: 7 + i, ordinal: 1000 * i, digest: digestOf(leaf) }))
    const arrived = leavesOf(receiving, leaves.length)
    for (const [i, leaf] of leaves.entries()) sending.send(7 + i, 1000 * i, leaf)
    assert.ok(sending.unsentBytes > 0)
    assert.deepEqual(await arrived, expected)
    while (sending.unsentBytes > 0) await sending.progress()
    const over = ended(receiving)
    sending.close()
    assert.match(String(await over), /closed/)
  })
}

test('a reader that takes nothing holds the sender up, and loses nothing', limit, async t => {
  const { sending, receiving } = await pair(t)
  const count = 64
  for (let i = 0; i < count; i++) sending.send(1, i, Buffer.alloc(MIB, i))
  while (sending.unsentBytes > 58 * MIB) await sending.progress() // some lie in the system and ahead of the session
  const arrived = await leavesOf(receiving, count)
  assert.deepEqual(
    arrived.map(it => it.ordinal),
    Array.from({ length: count }, (_, i) => i)
  )
})

test(
  'whoever is not expected comes to nothing: a wrong token, another certificate, a token used before',
  limit,
  async t => {
    const [server, client, stranger] = [
      portOf(await openLinks(t)),
      portOf(await openLinks(t)),
      portOf(await openLinks(t))
    ]
    const { address, link } = await offer(t, server, client)
    const wrongToken: BulkAddress = { ...address, token: new Uint8Array(16) }
    const refused = async (port: BulkPort, to: BulkAddress): Promise<void> => {
      const dialled = await port.dial(to, t.signal).catch(() => undefined)
      if (dialled != null) await ended(dialled)
    }
    await refused(client, wrongToken)
    await refused(stranger, address)
    await assert.rejects(client.dial({ ...address, certificate: new Uint8Array(32) }, t.signal), /Another certificate/)
    const dialled = await client.dial(address, t.signal)
    const sending = await link
    await refused(client, address)
    const arrived = leavesOf(dialled, 1)
    sending.send(1, 2, Buffer.from('still there'))
    assert.equal((await arrived)[0]?.digest, digestOf(Buffer.from('still there')))
  }
)

test(
  'junk, silence and a crowd at the door harm nobody, and the door is shut behind who was expected',
  limit,
  async t => {
    const [server, client] = [portOf(await openLinks(t)), portOf(await openLinks(t))]
    const { address, link } = await offer(t, server, client)
    const sockets = Array.from({ length: 40 }, (_, i) => {
      const socket = net.connect({ host: '127.0.0.1', port: address.port })
      socket.on('error', () => {})
      socket.resume() // some junk is answered by an alert
      const junk = randomBytes(2000)
      if (i === 0) junk.set([0x16, 3, 1, 0xff, 0xff]) // as this is: a record that is too long
      if (i % 2 === 0) socket.write(junk)
      return socket
    })
    const stack = cleanup(t)
    for (const socket of sockets) stack.defer(() => void socket.destroy())
    const isClosed = async (socket: net.Socket): Promise<void> =>
      new Promise(resolve => (socket.destroyed ? resolve() : socket.once('close', () => resolve())))
    await Promise.all(sockets.filter((_, i) => i % 2 === 0).map(isClosed)) // no handshake
    await Promise.race(sockets.map(isClosed))
    const dialled = await client.dial(address, t.signal)
    const sending = await link
    const arrived = leavesOf(dialled, 1)
    sending.send(1, 1, Buffer.alloc(70_000))
    await arrived
    const late = net.connect({ host: '127.0.0.1', port: address.port })
    stack.defer(() => void late.destroy())
    const error = await new Promise<NodeJS.ErrnoException>(resolve => late.once('error', resolve))
    assert.equal(error.code, 'ECONNREFUSED')
  }
)

test(
  'a frame that no peer sends ends its link, whatever comes behind it, and no thread is lost over it',
  limit,
  async t => {
    const { cert, key } = await generateCertificate(await generateKeyPair('Ed25519'))
    const head = Buffer.alloc(16)
    const liar = tls.createServer({ cert, key, requestCert: true, rejectUnauthorized: false }, socket => {
      socket.on('error', () => {})
      socket.once('data', () => socket.write(Buffer.concat([head, randomBytes(500)]))) // in one record
    })
    cleanup(t).defer(() => void liar.close())
    await once(liar.listen(0, '127.0.0.1'), 'listening')
    const { port } = liar.address() as net.AddressInfo
    const address = {
      port,
      certificate: hash('sha256', new X509Certificate(cert).raw, 'buffer'),
      token: randomBytes(16)
    }
    const client = portOf(await openLinks(t))
    for (const length of [0, 2 * MIB + 1, 0xffffffff]) {
      head.writeUInt32BE(length, 8)
      const link = await client.dial(address, t.signal)
      assert.match(String(await ended(link)), new RegExp(`A leaf of ${length} bytes`))
    }
  }
)

test('a crowd at the door from one address leaves room for who is expected from another', limit, async t => {
  const ours = await openLinks(t)
  const client = portOf(await openLinks(t))
  const crowd = portOf(ours, '/ip4/127.0.0.2')
  const [{ address }] = [await offer(t, portOf(ours), client), await offer(t, crowd, client)]
  const stack = cleanup(t)
  const sockets = Array.from({ length: 12 }, () => {
    const socket = net.connect({ host: '127.0.0.1', port: address.port, localAddress: '127.0.0.2' })
    stack.defer(() => void socket.destroy())
    return socket.on('error', () => {})
  })
  await Promise.race(sockets.map(async socket => await once(socket, 'close'))) // no more are let in
  const link = await client.dial(address, t.signal)
  link.close()
})

test('a dial to nobody is refused, one that is given up ends, and so does whoever waits', limit, async t => {
  const [server, client] = [portOf(await openLinks(t)), portOf(await openLinks(t))]
  const free = net.createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => free.once('listening', resolve))
  const { port } = free.address() as net.AddressInfo
  await new Promise(resolve => free.close(resolve))
  const nobody = { port, certificate: new Uint8Array(32), token: new Uint8Array(16) }
  await assert.rejects(client.dial(nobody, t.signal), /ECONNREFUSED/)
  const givenUp = new AbortController()
  const made = await server.accept(await client.certificate(), givenUp.signal)
  givenUp.abort(new Error('enough'))
  await assert.rejects(made.link, /given up/)
  await assert.rejects(client.dial(made.address, t.signal))
})

test('with its node a link ends, on both sides', limit, async t => {
  const [ours, theirs] = [await openLinks(t), await openLinks(t)]
  const [server, client] = [portOf(ours), portOf(theirs)]
  const { address, link } = await offer(t, server, client)
  const dialled = await client.dial(address, t.signal)
  const over = [ended(await link), ended(dialled)]
  await ours[Symbol.asyncDispose]()
  for (const error of await Promise.all(over)) assert.ok(error instanceof Error)
})

test('once its node is being ended nothing comes over a link: its thread is stopped wherever it is', limit, async t => {
  const [ours, theirs] = [await openLinks(t), await openLinks(t)]
  const { address, link } = await offer(t, portOf(ours), portOf(theirs))
  const receiving = await portOf(theirs).dial(address, t.signal)
  const sending = await link
  let [arrived, late] = [0, 0]
  let ending: Promise<void> | undefined
  const over = ended(receiving)
  const half = Promise.withResolvers<void>()
  receiving.receive({
    onLeaf: () => {
      if (ending != null) late++
      if (++arrived === 200) half.resolve()
      if (arrived === 200) ending = theirs[Symbol.asyncDispose]()
    },
    onBytes: () => {}
  })
  for (let i = 0; i < 4000; i++) sending.send(1, i, Buffer.alloc(1000, i))
  await half.promise
  await ending
  assert.ok((await over) instanceof Error)
  assert.equal(late, 0)
})

test('links are listened for at the IP addresses the node listens on, whatever else stands in their multiaddrs', () => {
  const listen = ['/ip4/0.0.0.0/tcp/4001', '/ip6/::/tcp/4001', '/ip6zone/eth0/ip6/fe80::1/tcp/4001']
  assert.deepEqual(hostsOf(listen), ['0.0.0.0', '::', 'fe80::1%eth0'])
})

test('there is a way to near peers only, straight, in the mode and over a family that is listened on', async t => {
  const privateKey = await generateKeyPair('Ed25519')
  const lan = cleanup(t).use(new BulkLinks({ mode: 'lan', privateKey, hosts: ['0.0.0.0'] }))
  const ways = (text: string): boolean => lan.portFor(multiaddr(text)) != null
  assert.equal(ways('/ip4/192.168.1.2/tcp/4001'), true)
  assert.equal(ways('/ip4/8.8.8.8/tcp/4001'), false)
  assert.equal(ways('/ip6/fe80::1/tcp/4001'), false)
  const peer = '12D3KooWGRUfW5dtT1pBrwEvD1tVwTKYxuvLfVXk1kkKJ9RqvJt9'
  assert.equal(ways(`/ip4/192.168.1.2/tcp/4001/p2p/${peer}/p2p-circuit`), false)
  assert.equal((await openLinks(t)).portFor(multiaddr('/ip4/192.168.1.2/tcp/4001')), undefined)
})

test(
  'a session whose link dies with leaves on it goes on over the streams, and gets every leaf once',
  limit,
  async t => {
    const [ours, theirs] = [await openLinks(t), await openLinks(t)]
    const sizes = Array.from({ length: 100 }, () => MIB)
    const servable = new SampleServable('s', sizes)
    const stack = cleanup(t)
    const server = stack.use(openExchangeServer({ servables: new SampleServables(servable), agent: 's' }))
    const bulk = { server: portOf(ours), requester: portOf(theirs) }
    const pipe = memoryPipe(server, { from: 'r', to: 's', bulk })
    const requester = stack.use(await openRequester(pipe, { agent: 'r', name: '' }, t.signal))
    const listener = new SampleListener()
    const root = requester.openRoot(servable.root, listener)
    await listener.until(() => listener.infos.length > 0)
    root.setLayout(() => MIB, sizes.length)
    let next = 0
    let refused = 0
    listener.after = () => {
      for (const { ordinal, count } of listener.rejects.slice(refused)) root.request([{ start: ordinal, count }])
      refused = listener.rejects.length
      for (; next < sizes.length && root.outstandingBytes < 16 * MIB; next++) root.request([{ start: next, count: 1 }])
    }
    listener.after()
    const sent = (): number => server.peers()[0]?.bulkBytesSent ?? 0
    await listener.until(() => sent() >= 10 * MIB || listener.leaves.size === sizes.length)
    assert.ok(listener.leaves.size < sizes.length, 'it came about in time')
    await ours[Symbol.asyncDispose]()
    await listener.until(() => listener.leaves.size === sizes.length)
    assert.equal(requester.closed, false)
    assert.ok(requester.sent.bulkLost > 0)
    for (const [ordinal, bytes] of listener.leaves) assert.ok(Buffer.from(sampleLeaf(ordinal, MIB)).equals(bytes))
  }
)
