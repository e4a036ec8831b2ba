import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { openLoopbackNode, until } from '../testing/loopback-swarm.ts'
import { ALL_RECORDS, Introductions, MAX_INTRODUCED_DIALS, SENDER_RECORDS } from './introductions.ts'
import { sealRecord } from './pex.ts'
import { cleanup } from '../testing/cleanup.ts'

test('what one sender introduces has a budget, and what all of them do', () => {
  const introductions = new Introductions<string>(0)
  assert.equal(introductions.allow('a', 600, 0), SENDER_RECORDS)
  assert.equal(introductions.allow('a', 16, 0), 0)
  assert.equal(introductions.allow('a', 16, 60_000), 15, 'one every four seconds')
  let allowed = 0
  for (let i = 0; i < 100; i++) allowed += introductions.allow(`stranger ${i}`, 16, 60_000)
  assert.ok(allowed <= ALL_RECORDS, `${allowed} records of a hundred senders`)
  assert.equal(introductions.allow('one more', 16, 60_000), 0)
})

test('few are dialled at a time, those that wait are few, and the next one follows', () => {
  const introductions = new Introductions<number>(0)
  for (let i = 0; i < 600; i++) introductions.add(i)
  const dialled = Array.from({ length: 600 }, () => introductions.next()).filter(it => it != null)
  assert.equal(dialled.length, MAX_INTRODUCED_DIALS)
  let given = dialled.length
  for (let i = 0; i < 600; i++) {
    introductions.over()
    if (introductions.next() == null) break
    given++
  }
  assert.equal(given, 32, 'the others are forgotten')
})

test(
  'six hundred records knock at few doors, and what the user dials goes before them',
  { timeout: 60_000 },
  async t => {
    const knocks = new Set<Socket>()
    const silent = createServer(socket => {
      knocks.add(socket) // and says nothing: the dial goes on for long
      socket.on('error', () => undefined)
    })
    cleanup(t).defer(() => {
      for (const socket of knocks) socket.destroy()
      silent.close()
    })
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address()
    assert.ok(typeof address === 'object' && address != null)
    const addrs = [multiaddr(`/ip4/127.0.0.1/tcp/${address.port}`)]
    const records = await Promise.all(
      Array.from({ length: 600 }, async () => sealRecord(await generateKeyPair('Ed25519'), addrs))
    )
    await using node = await openLoopbackNode(t.signal)
    await using stranger = await openLoopbackNode(t.signal)
    await using friend = await openLoopbackNode(t.signal)
    for (let at = 0; at < records.length; at += 16) await node.acceptPex(stranger.peerId, records.slice(at, at + 16))
    await until(() => knocks.size > 0, 'the first one is dialled')
    await node.dial(friend.addrs()[0] ?? '', t.signal)
    assert.ok(knocks.size <= MAX_INTRODUCED_DIALS, `${knocks.size} connections because of one stranger`)
  }
)
