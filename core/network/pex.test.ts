import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { openLoopbackNode, until } from '../testing/loopback-swarm.ts'
import { MAX_PEX_RECORDS, mayTell, openRecords, sealRecord } from './pex.ts'

const idOf = (key: PrivateKey): string => peerIdFromPrivateKey(key).toString()
const own = idOf(await generateKeyPair('Ed25519'))
const key = await generateKeyPair('Ed25519')
const addrs = ['/ip4/127.0.0.1/tcp/1', '/ip4/10.0.0.1/tcp/1', '/ip4/203.0.113.1/tcp/1', '/dns4/example.com/tcp/1'].map(
  text => multiaddr(text)
)
const good = await sealRecord(key, addrs)

test('a record arrives with the addresses that the mode and the sender justify', async () => {
  const open = async (mode: 'loopback' | 'lan' | 'internet', isSenderNear: boolean) =>
    (await openRecords([good], { mode, isSenderNear, ownPeerId: own })).flatMap(({ peerId, addrs }) => {
      assert.equal(peerId, idOf(key))
      return addrs.map(addr => addr.toString().replace(`/p2p/${peerId}`, ''))
    })
  assert.deepEqual(await open('loopback', false), ['/ip4/127.0.0.1/tcp/1'])
  assert.deepEqual(await open('lan', false), ['/ip4/10.0.0.1/tcp/1'])
  assert.deepEqual(await open('lan', true), ['/ip4/127.0.0.1/tcp/1', '/ip4/10.0.0.1/tcp/1'])
  assert.deepEqual(await open('internet', false), ['/ip4/203.0.113.1/tcp/1', '/dns4/example.com/tcp/1'])
  assert.equal((await open('internet', true)).length, 4)
})

test('forged, foreign, damaged, own, huge and surplus records are dropped', async () => {
  const options = { mode: 'internet', isSenderNear: true, ownPeerId: own } as const
  const other = await generateKeyPair('Ed25519')
  const inAnothersName = new PeerRecord({ peerId: peerIdFromPrivateKey(other), multiaddrs: addrs })
  const forged = (await RecordEnvelope.seal(inAnothersName, key)).marshal()
  const flipped = Uint8Array.from(good, (byte, i) => (i === good.length - 1 ? byte ^ 1 : byte))
  const huge = await sealRecord(key, [multiaddr(`/dns4/${'a'.repeat(4096)}.com/tcp/1`)])
  for (const bad of [forged, flipped, huge, new Uint8Array(0)]) assert.deepEqual(await openRecords([bad], options), [])
  assert.deepEqual(await openRecords([good], { ...options, ownPeerId: idOf(key) }), [])
  const surplus = await openRecords([...Array.from({ length: MAX_PEX_RECORDS }, () => flipped), good], options)
  assert.deepEqual(surplus, [])
})

test('no bytes but signed ones make a peer, and none an exception', async () => {
  const options = { mode: 'internet', isSenderNear: true, ownPeerId: own } as const
  const texts = (found: Awaited<ReturnType<typeof openRecords>>) =>
    found.map(it => [it.peerId, ...it.addrs.map(addr => addr.toString())])
  const untouched = await openRecords([good], options)
  const mutated = fc
    .tuple(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 255 }))
    .map(([at, by]) => Uint8Array.from(good, (byte, i) => (i === at ? byte ^ by : byte)))
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), async bytes => {
      // protobuf has several spellings of one message; whatever is accepted says what was signed
      const opened = await openRecords([bytes], options)
      if (opened.length > 0) assert.deepEqual(texts(opened), texts(untouched))
      mayTell(bytes, 'internet', true)
    }),
    { numRuns: 100 }
  )
})

test('a record is told only to somebody who could use it', async () => {
  const privateOnly = await sealRecord(key, addrs.slice(1, 2))
  assert.equal(mayTell(privateOnly, 'internet', true), true)
  assert.equal(mayTell(privateOnly, 'internet', false), false)
  assert.equal(mayTell(privateOnly, 'loopback', true), false)
  assert.equal(mayTell(good, 'internet', false), true)
})

test('two peers that know only a third one meet through it', { timeout: 90_000 }, async t => {
  await using middle = await openLoopbackNode(t.signal)
  await using left = await openLoopbackNode(t.signal)
  await using right = await openLoopbackNode(t.signal)
  for (const node of [left, right]) await node.dial(middle.addrs()[0] ?? '', t.signal)
  await until(() => middle.peers().filter(({ isExchanging }) => isExchanging).length === 2, 'both are known')
  const records = await middle.pexRecords(left.peerId, [left.peerId, right.peerId])
  assert.equal(records.length, 2, 'the middle one and the right one')
  assert.deepEqual(await left.acceptPex(middle.peerId, records), [right.peerId])
  await until(() => left.pipe(right.peerId) != null, 'left dialled right')
  assert.equal(left.peers().find(({ peerId }) => peerId === right.peerId)?.via, 'pex')
})
