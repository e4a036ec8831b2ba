import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { encode } from 'uint8-varint'
import { CappedDatastore } from './capped-datastore.ts'

type Store = CappedDatastore
type Key = Parameters<Store['get']>[0]

/** The datastore asks a key only for its text. */
const key = (text: string): Key => ({ toString: () => text }) as Key
const some = Uint8Array.of(1)
const peer = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
const peerKey = key(`/peers/${peer.toCID().toString()}`)
const textsOf = (store: Store, prefix: string): string[] => {
  const found: string[] = []
  for (const it of store.queryKeys({ prefix })) found.push(it.toString())
  return found
}

test('peers beyond the cap leave, the least recently used first; pinned ones stay', () => {
  const store = new CappedDatastore({ isPinned: id => id === peer.toString(), now: () => 0 })
  store.put(peerKey, some)
  store.put(key('/peers/used'), some)
  for (let i = 0; i < 5000; i++) {
    store.put(key(`/peers/flood ${i}`), some)
    store.get(key('/peers/used'))
  }
  assert.equal(textsOf(store, '/peers/').length, 4096)
  assert.ok(store.has(peerKey))
  assert.ok(store.has(key('/peers/used')))
  assert.ok(!store.has(key('/peers/flood 0')))
})

test('a value of unreasonable size is forgotten, the one before stays', () => {
  const store = new CappedDatastore({ isPinned: () => false, now: () => 0 })
  store.put(peerKey, some)
  store.put(peerKey, new Uint8Array(1024 * 1024))
  assert.deepEqual(store.get(peerKey), some)
})

test('provider records are answered only while they are valid and the peer is known', () => {
  let now = 1e12
  const store = new CappedDatastore({ isPinned: () => false, now: () => now })
  const folder = '/dht/provider/bafy'
  store.put(key(`${folder}/${peer.toString()}`), encode(now))
  assert.deepEqual(textsOf(store, folder), [], 'nobody could be sent there')
  store.put(peerKey, some)
  assert.equal(textsOf(store, folder).length, 1)
  now += 48 * 60 * 60 * 1000
  assert.deepEqual(textsOf(store, folder), [], 'expired')
})

test('a flood of provider records is bounded, for one CID and for all', () => {
  const store = new CappedDatastore({ isPinned: () => false, now: () => 0 })
  for (let i = 0; i < 1000; i++) store.put(key(`/dht/provider/one/${i}`), some)
  assert.equal(textsOf(store, '/dht/provider/one/').length, 256)
  for (let i = 0; i < 17_000; i++) store.put(key(`/dht/provider/${i}/x`), some)
  const all = textsOf(store, '/dht/provider/')
  assert.ok(all.length <= 16_384 && all.length > 16_000, `${all.length}`)
  for (const text of all) store.delete(key(text))
  assert.deepEqual(textsOf(store, ''), [])
})

test('what is not there is libp2p’s NotFoundError', () => {
  const store = new CappedDatastore({ isPinned: () => false, now: () => 0 })
  assert.throws(() => store.get(peerKey), { name: 'NotFoundError' })
})
