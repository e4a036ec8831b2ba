import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { ConnectionEncrypter, MessageStream, MultiaddrConnection } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tls } from '@libp2p/tls'
import { openSocketPair, testEncrypter } from './encrypters.ts'
import { handleTls } from './handle-tls.ts'
import { cleanup } from '../testing/cleanup.ts'

const key = await generateKeyPair('Ed25519')
const own = peerIdFromPrivateKey(key)
type Components = Parameters<ReturnType<typeof tls>>[0]
const silentLog = (): never => Object.assign(() => undefined, { error() {}, trace() {}, enabled: false, newScope: silentLog }) as never // prettier-ignore
const components = {
  privateKey: key,
  logger: { forComponent: silentLog },
  upgrader: { getStreamMuxers: () => new Map() }
} as unknown as Components // what the encrypters use

/** Both ends, secured; how each is done is said. */
async function openSecured(
  t: TestContext,
  ways: { outbound?: ConnectionEncrypter; inbound?: ConnectionEncrypter } = {}
) {
  const ours = handleTls()(components)
  const pair = await openSocketPair(t.signal)
  cleanup(t).defer(async () => await pair[Symbol.asyncDispose]())
  const { outbound, inbound } = pair
  const options = { signal: t.signal, remotePeer: own }
  const [client, server] = await Promise.all([
    (ways.outbound ?? ours).secureOutbound(outbound, options),
    (ways.inbound ?? ours).secureInbound(inbound, options)
  ])
  return {
    outbound,
    inbound,
    client: client.connection,
    server: server.connection,
    peers: [client.remotePeer, server.remotePeer]
  }
}

/** Sends so much, waiting where it is told to; resolves when all of it has arrived at the other end. */
async function pump(from: MessageStream, to: MessageStream, bytes: number): Promise<void> {
  let missing = bytes
  const arrived = Promise.withResolvers<void>()
  to.addEventListener('message', event => {
    missing -= event.data.byteLength
    if (missing <= 0) arrived.resolve()
  })
  const piece = new Uint8Array(1024 * 1024)
  for (let sent = 0; sent < bytes; sent += piece.length) {
    if (!from.send(piece)) await new Promise(resolve => from.addEventListener('drain', resolve, { once: true }))
  }
  await arrived.promise
  assert.equal(missing, 0)
}

const ended = async (connection: MultiaddrConnection): Promise<void> => {
  if (connection.status === 'open' || connection.status === 'closing') await new Promise(resolve => connection.addEventListener('close', resolve, { once: true })) // prettier-ignore
}

test('it passes the self-test, over a socket and over what is none', async () => {
  await testEncrypter(handleTls(), key, { openPair: openSocketPair })
  await testEncrypter(handleTls(), key)
})

test('it speaks with the package in both directions, many megabytes each way', { timeout: 60_000 }, async t => {
  const packaged = tls()(components)
  for (const ways of [{ outbound: packaged }, { inbound: packaged }, {}]) {
    const { client, server, peers, outbound, inbound } = await openSecured(t, ways)
    assert.ok(peers.every(peer => peer.equals(own)))
    await Promise.all([pump(client, server, 32 * 1024 * 1024), pump(server, client, 32 * 1024 * 1024)])
    await client.close()
    await Promise.all([ended(outbound), ended(inbound)])
  }
})

test('whoever is not who was dialled is refused, and nothing is left open', { timeout: 30_000 }, async t => {
  await using pair = await openSocketPair(t.signal)
  const { outbound, inbound } = pair
  const stranger = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
  const ours = handleTls()(components)
  const accepting = ours.secureInbound(inbound, { signal: t.signal }).catch(() => undefined)
  await assert.rejects(ours.secureOutbound(outbound, { signal: t.signal, remotePeer: stranger }), { name: 'UnexpectedPeerError' }) // prettier-ignore
  await accepting
  await Promise.all([ended(outbound), ended(inbound)])
})

test('a handshake that is late, cut off or nonsense ends, and the process goes on', { timeout: 30_000 }, async t => {
  const ours = handleTls()(components)
  {
    await using pair = await openSocketPair(t.signal)
    const { outbound, inbound } = pair
    await assert.rejects(ours.secureInbound(inbound, { signal: AbortSignal.timeout(50) }), { name: 'TimeoutError' })
    await Promise.all([ended(inbound), ended(outbound)])
  }
  {
    await using pair = await openSocketPair(t.signal)
    const { outbound, inbound } = pair
    const accepting = ours.secureInbound(inbound, { signal: t.signal })
    outbound.send(new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n'))
    await assert.rejects(accepting)
    await ended(outbound)
  }
  {
    await using pair = await openSocketPair(t.signal)
    const { outbound, inbound } = pair
    const accepting = ours.secureInbound(inbound, { signal: t.signal })
    outbound.abort(new Error('gone'))
    await assert.rejects(accepting)
    await ended(inbound)
  }
})

test('aborted on either side, at either level, both ends hear of it', { timeout: 30_000 }, async t => {
  for (const abort of ['client', 'server', 'outbound', 'inbound'] as const) {
    const it = await openSecured(t)
    it[abort].abort(new Error('enough'))
    await Promise.all([ended(it.outbound), ended(it.inbound)])
    assert.ok(it.client.status !== 'open' && it.server.status !== 'open', abort)
  }
})
