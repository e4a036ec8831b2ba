import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import net from 'node:net'
import { describe, test } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { MultiaddrConnection } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { CodedError } from '../errors.ts'
import { Gater, type GaterOptions, MAX_PER_IP } from './gater.ts'
import { openBareNode, openLoopbackNode } from '../testing/loopback-swarm.ts'
import { openNetwork } from './open-network.ts'

const ELSEWHERE = [
  '/ip4/10.0.0.1/tcp/4801',
  '/ip4/192.0.2.1/tcp/4801',
  '/ip4/192.168.1.1/tcp/80',
  '/ip4/169.254.169.254/tcp/80',
  '/ip6/2001:db8::1/tcp/4801',
  '/ip6/fe80::1/tcp/4801',
  '/ip6/::ffff:8.8.8.8/tcp/4801',
  '/ip6/::ffff:10.0.0.1/tcp/4801',
  '/dns4/example.com/tcp/4801',
  '/dns/localhost/tcp/4801',
  '/dnsaddr/example.com'
]

test('a loopback node dials nothing else: no socket is opened, no name looked up', { timeout: 90_000 }, async t => {
  await using node = await openLoopbackNode(t.signal)
  const connect = t.mock.method(net.Socket.prototype, 'connect')
  const send = t.mock.method(dgram.Socket.prototype, 'send')
  const stranger = peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString()
  for (const text of ELSEWHERE) {
    for (const target of [text, `${text}/p2p/${stranger}`]) {
      await assert.rejects(node.dial(target, t.signal), isForbidden, target)
    }
  }
  assert.deepEqual(
    await node.dialHints(
      ELSEWHERE.map(text => `${text}/p2p/${stranger}`),
      t.signal
    ),
    []
  )
  assert.equal(connect.mock.callCount() + send.mock.callCount(), 0)
})

test(
  'libp2p itself refuses them too, whoever asks it: the gater stands behind our own check',
  { timeout: 90_000 },
  async t => {
    const node = await openBareNode(gaterIn('loopback'))
    const connect = t.mock.method(net.Socket.prototype, 'connect')
    await using _ = { [Symbol.asyncDispose]: async () => await node.stop() }
    const stranger = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    for (const text of ELSEWHERE) {
      await assert.rejects(
        async () => await node.dial(multiaddr(`${text}/p2p/${stranger.toString()}`), { signal: t.signal })
      )
      await assert.rejects(async () => await node.dial(multiaddr(text), { signal: t.signal }))
      await node.peerStore.merge(stranger, { multiaddrs: [multiaddr(text)] })
    }
    assert.deepEqual((await node.peerStore.get(stranger)).addresses, [], 'such addresses are not even remembered')
    assert.equal(connect.mock.callCount(), 0)
  }
)

test('addresses given by the user that the mode excludes are refused at the start', { timeout: 90_000 }, async t => {
  const privateKey = await generateKeyPair('Ed25519')
  const base = { mode: 'loopback', privateKey, version: '0' } as const
  await assert.rejects(openNetwork({ ...base, peers: ['/ip4/10.0.0.1/tcp/1'] }, t.signal), isForbidden)
  await assert.rejects(openNetwork({ ...base, bootstrap: ['/dns4/example.com/tcp/1'] }, t.signal), isForbidden)
  await assert.rejects(openNetwork({ ...base, listen: ['/ip4/0.0.0.0/tcp/0'] }, t.signal), isForbidden)
})

describe('inbound connections', () => {
  test('only from where the mode allows', () => {
    const gater = gaterIn('lan')
    assert.equal(gater.connectionGater.denyInboundConnection?.(connectionFrom('/ip4/203.0.113.7/tcp/1')), true)
    assert.equal(gater.connectionGater.denyInboundConnection?.(connectionFrom('/ip4/192.168.0.7/tcp/1')), false)
    assert.equal(gater.connectionGater.denyInboundConnection?.(connectionFrom('/ip6/::ffff:203.0.113.7/tcp/1')), true)
  })

  test('at most 8 from one address of the internet, until one closes; near ones are not counted', () => {
    const gater = gaterIn('internet')
    const open = (from: string): MultiaddrConnection & EventTarget => {
      const connection = connectionFrom(from)
      assert.equal(gater.connectionGater.denyInboundConnection?.(connection), false)
      return connection
    }
    const held = Array.from({ length: MAX_PER_IP }, (_, i) => open(`/ip4/203.0.113.7/tcp/${i + 1}`))
    assert.equal(gater.connectionGater.denyInboundConnection?.(connectionFrom('/ip4/203.0.113.7/tcp/99')), true)
    open('/ip4/203.0.113.8/tcp/1')
    held[0]?.dispatchEvent(new Event('close'))
    open('/ip4/203.0.113.7/tcp/100')
    assert.equal(gater.connectionGater.denyInboundConnection?.(connectionFrom('/ip4/203.0.113.7/tcp/101')), true)
    for (let i = 1; i <= 3 * MAX_PER_IP; i++) open(`/ip4/192.168.0.7/tcp/${i}`)
  })
})

test('a ban ends after 24 hours', async () => {
  let now = 0
  const gater = gaterIn('lan', { now: () => now })
  const peer = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
  gater.ban(peer.toString())
  assert.equal(gater.connectionGater.denyDialPeer?.(peer), true)
  assert.equal(
    gater.connectionGater.denyInboundEncryptedConnection?.(peer, connectionFrom('/ip4/10.0.0.1/tcp/1')),
    true
  )
  now = 24 * 60 * 60 * 1000
  assert.equal(gater.isBanned(peer.toString()), false)
})

const isForbidden = (error: unknown): boolean => error instanceof CodedError && error.code === 'forbidden'

const gaterIn = (mode: GaterOptions['mode'], options: Partial<GaterOptions> = {}): Gater =>
  new Gater({ isNearPeer: () => false, now: () => 0, ...options, mode })

/** As much of a connection as the gater looks at. */
function connectionFrom(text: string): MultiaddrConnection & EventTarget {
  return Object.assign(new EventTarget(), { remoteAddr: multiaddr(text) }) as unknown as MultiaddrConnection &
    EventTarget
}
