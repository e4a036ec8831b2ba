import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ExchangeCode, HaveKind } from './codes.ts'
import { ControlReader } from './control-frames.ts'
import type { ControlMessage } from './messages.ts'
import * as limits from './limits.ts'
import { rawRequester, until, type RawPeer } from '../testing/raw-peer.ts'
import { SampleServable, SampleServables } from '../testing/sample-servable.ts'
import { answers, cancel, KIB, MANY, meet } from '../testing/served-peer.ts'
import { openExchangeServer } from './server.ts'
import { SteppedClock } from '../testing/stepped-clock.ts'

test('a want-list is not held: over 64 runs or 32 MiB it is LIMIT', async () => {
  await using it = await meet(new SampleServable('s', MANY))
  it.peer.data.hold(true)
  it.peer.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 32 }] })
  it.peer.send({ type: 'request', req: 2, sid: 1, runs: [{ start: 32, count: 10 }] })
  await until(() => it.peer.last('reject') != null)
  assert.deepEqual(it.peer.last('reject'), {
    type: 'reject',
    req: 2,
    ordinal: 32,
    count: 10,
    code: ExchangeCode.LIMIT,
    retryMs: 0
  })
  await using small = await meet(
    new SampleServable(
      't',
      Array.from({ length: 300 }, () => 1)
    )
  )
  const runs = Array.from({ length: 64 }, (_, i) => ({ start: 2 * i, count: 1 }))
  small.peer.data.hold(true)
  small.peer.send({ type: 'request', req: 1, sid: 1, runs })
  small.peer.send({ type: 'request', req: 2, sid: 1, runs: runs.map(run => ({ ...run, start: run.start + 128 })) })
  await until(() => small.peer.all('reject').length > 0)
  assert.ok(small.peer.all('reject').every(reject => reject.req === 2 && reject.code === ExchangeCode.LIMIT))
})

test('leaves are withdrawn before they are refused: whoever was told of them has not been lied to', async () => {
  const servable = new SampleServable('s', [KIB, KIB, KIB])
  await using it = await meet(servable, { clock: new SteppedClock() })
  servable.beforeRead = async ordinal => {
    if (servable.have.has(ordinal)) servable.hold(0, 3, false)
  }
  it.peer.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 3 }] })
  await until(() => it.peer.all('reject').length > 0)
  const order = it.peer.messages.filter(({ type }) => type === 'have' || type === 'reject').map(({ type }) => type)
  assert.deepEqual(order.slice(0, 3), ['have', 'have', 'reject'])
  assert.equal(it.peer.all('have')[1]?.kind, HaveKind.UNSET)
})

test('a request that cannot be served says why', async () => {
  await using it = await meet(new SampleServable('s', [1, 2, 3]))
  it.peer.send({ type: 'request', req: 1, sid: 9, runs: [{ start: 0, count: 1 }] })
  it.peer.send({ type: 'request', req: 2, sid: 1, runs: [{ start: 2, count: 2 }] })
  it.peer.send({ type: 'skeleton', req: 3, sid: 1, offset: 100, maxBytes: 1 })
  await until(() => it.peer.all('reject').length === 3)
  assert.deepEqual(
    it.peer.all('reject').map(reject => [reject.req, reject.ordinal, reject.count, reject.code]),
    [
      [1, 0, 1, ExchangeCode.BAD_REQUEST],
      [2, 2, 2, ExchangeCode.BAD_REQUEST],
      [3, 0, 0, ExchangeCode.BAD_REQUEST]
    ]
  )
})

test('who breaks the protocol hears Bye and is gone', async () => {
  const hello: ControlMessage = {
    type: 'hello',
    version: 1,
    features: [],
    maxOutBytes: 0,
    maxRequests: 0,
    agent: '',
    nonce: new Uint8Array(0),
    name: ''
  }
  const crimes: [string, (peer: RawPeer) => void][] = [
    ['a second Hello', peer => peer.send(hello)],
    ['a message of servers', peer => peer.send({ type: 'choke', choke: true, slotsBytes: 0 })],
    ['a sid twice', peer => peer.send({ type: 'open', sid: 1, root: new SampleServable('s', [1]).root.bytes })],
    ['a root that is none', peer => peer.send({ type: 'open', sid: 2, root: Uint8Array.of(1, 2, 3) })],
    ['bytes on a data stream', peer => peer.data.send(Uint8Array.of(1))],
    ['a frame of 4 GiB', peer => peer.control.send(Uint8Array.of(255, 255, 255, 255))],
    ['bits past the last leaf', peer => peer.send({ type: 'have', sid: 1, kind: 2, start: 0, bits: Uint8Array.of(2) })],
    [
      'a req twice',
      peer => {
        peer.send({ type: 'request', req: 7, sid: 1, runs: [{ start: 0, count: 1 }] })
        peer.send({ type: 'request', req: 7, sid: 1, runs: [{ start: 0, count: 1 }] })
      }
    ]
  ]
  for (const [title, commit] of crimes) {
    await using it = await meet(new SampleServable('s', [1]))
    commit(it.peer)
    await until(() => it.peer.ended).catch(() => assert.fail(title))
    assert.equal(it.peer.last('bye')?.code, ExchangeCode.PROTOCOL, title)
    assert.deepEqual(it.server.peers(), [], title)
  }
})

test('a flood of messages ends in LIMIT; who fetches may ask more', async () => {
  const clock = new SteppedClock()
  const servable = new SampleServable('s', MANY)
  await using it = await meet(servable, { clock })
  for (let i = 0; i < limits.CONTROL_BURST + 2; i++) it.peer.send(cancel({ reqs: [i] }))
  await until(() => it.peer.ended)
  assert.equal(it.peer.last('bye')?.code, ExchangeCode.LIMIT)
  await using other = await meet(servable, { clock })
  other.peer.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 30 }] })
  await until(() => answers(other.peer).size === 30)
  for (let i = 0; i < limits.CONTROL_BURST + 90; i++) other.peer.send(cancel({ reqs: [i] }))
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
  assert.equal(other.peer.ended, false)
})

test('who does not say Hello is hung up on, and not as if it broke the protocol: its link may be slow', async () => {
  const clock = new SteppedClock()
  await using server = openExchangeServer({ servables: new SampleServables(), agent: 's', clock })
  const { duplexPair } = await import('../testing/duplex-pair.ts')
  const [near, far] = duplexPair()
  const said: (ControlMessage | undefined)[] = []
  let ended = false
  const reader = new ControlReader(message => said.push(message))
  near.onBytes(bytes => reader.push(bytes))
  near.onEnd(() => (ended = true))
  server.handleControl(far, {
    peerId: 'p',
    remoteAddr: '',
    isLan: true,
    rttMs: 1,
    open: () => Promise.reject(new Error('no'))
  })
  clock.step(limits.HELLO_TIMEOUT_MS + 1)
  await until(() => ended)
  assert.deepEqual(said, [{ type: 'bye', code: ExchangeCode.IO }])
})

test('a data stream belongs to the peer whose nonce it gives', async () => {
  const servable = new SampleServable('s', [1])
  await using it = await meet(servable)
  const nonce = it.peer.last('hello')?.nonce ?? assert.fail()
  const { duplexPair } = await import('../testing/duplex-pair.ts')
  for (const [peerId, bytes] of [
    ['thief', nonce],
    ['raw', new Uint8Array(16)]
  ] as const) {
    const [near, far] = duplexPair()
    let ended = false
    near.onBytes(() => {})
    near.onEnd(() => (ended = true))
    it.server.handleData(far, {
      peerId,
      remoteAddr: '',
      isLan: true,
      rttMs: 1,
      open: () => Promise.reject(new Error('no'))
    })
    near.send(bytes)
    await until(() => ended)
  }
  assert.equal(it.peer.ended, false)
})

test('slots go to peers: whoever opens four sessions has no more than one', async () => {
  const clock = new SteppedClock()
  const servable = new SampleServable('a', [1])
  await using server = openExchangeServer({ servables: new SampleServables(servable), agent: 's', clock })
  const open = (peerId: string) => rawRequester(server, { root: servable.root.bytes, peerId, isLan: false })
  const greedy: RawPeer[] = []
  for (let i = 0; i < 12; i++) greedy.push(await open(`greedy ${i % 3}`))
  const others: RawPeer[] = []
  for (let i = 0; i < limits.WAN_SLOTS - 2; i++) others.push(await open(`other ${i}`))
  const isUnchoked = (peer: RawPeer) => peer.last('choke')?.choke === false
  for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(others.map(isUnchoked), Array<boolean>(others.length).fill(true))
  assert.deepEqual(
    greedy.map(isUnchoked),
    Array<boolean>(greedy.length).fill(true),
    'all sessions of a peer with a slot'
  )
  const late = await open('late')
  for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve))
  assert.equal(isUnchoked(late), false)
  assert.equal(
    new Set(
      server
        .peers()
        .filter(it => !it.choked)
        .map(it => it.peerId)
    ).size,
    limits.WAN_SLOTS + 1
  )
})

test('of many peers from public addresses nine are unchoked, and the turn goes round', async () => {
  const clock = new SteppedClock()
  const servable = new SampleServable('s', MANY)
  await using server = openExchangeServer({ servables: new SampleServables(servable), agent: 's', clock })
  const peers: RawPeer[] = []
  for (let i = 0; i < 12; i++)
    peers.push(await rawRequester(server, { root: servable.root.bytes, peerId: `wan ${i}`, isLan: false }))
  const lan = await rawRequester(server, { root: servable.root.bytes, peerId: 'lan' })
  const settle = async () => {
    for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve))
  }
  const unchoked = () => peers.flatMap((peer, i) => (peer.last('choke')?.choke === false ? [i] : []))
  await settle()
  assert.equal(unchoked().length, limits.WAN_SLOTS + 1)
  assert.equal(lan.last('choke')?.choke, false)
  peers[11]?.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 2 }] })
  await settle()
  assert.equal(peers[11]?.last('reject')?.code, ExchangeCode.BUSY)
  const served = new Set(unchoked())
  for (let turn = 0; turn < 8; turn++) {
    clock.step(limits.OPTIMISTIC_MS)
    await settle()
    assert.equal(unchoked().length, limits.WAN_SLOTS + 1)
    for (const i of unchoked()) served.add(i)
  }
  assert.equal(served.size, 12, 'everybody had a turn')
  peers[0]?.send({ type: 'have', sid: 1, kind: 0, start: 0, bits: new Uint8Array(0) })
  peers[1]?.send({ type: 'have', sid: 1, kind: 0, start: 0, bits: new Uint8Array(0) })
  peers[2]?.send({ type: 'have', sid: 1, kind: 0, start: 0, bits: new Uint8Array(0) })
  await settle()
  assert.deepEqual(unchoked(), [3, 4, 5, 6, 7, 8, 9, 10, 11], 'who has everything needs no slot')
})

test('choking lets the leaf in progress finish and answers the rest BUSY', async () => {
  const clock = new SteppedClock()
  const servable = new SampleServable('s', MANY)
  await using server = openExchangeServer({ servables: new SampleServables(servable), agent: 's', clock })
  const peers: RawPeer[] = []
  for (let i = 0; i < 10; i++)
    peers.push(
      await rawRequester(server, { root: servable.root.bytes, peerId: `${i}`, isLan: false, highWater: 64 * KIB })
    )
  const first = peers[0] ?? assert.fail()
  for (const peer of peers.slice(1, 9)) peer.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 1 }] })
  await until(() => peers.slice(1, 9).every(peer => answers(peer).size === 1))
  first.data.hold(true)
  first.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 20 }] })
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
  clock.step(limits.OPTIMISTIC_MS) // it has the turn beside the slots
  for (const peer of peers.slice(1, 9)) peer.send({ type: 'request', req: 2, sid: 1, runs: [{ start: 0, count: 1 }] })
  await until(() => peers.slice(1, 9).every(peer => answers(peer).size === 2))
  clock.step(limits.OPTIMISTIC_MS) // and has it no longer
  await until(() => first.last('choke')?.choke === true)
  first.data.hold(false)
  await until(() => answers(first).size === 20)
  const told = answers(first)
  assert.equal(told.get('1/0'), 'sent')
  assert.equal(told.get('1/19'), String(ExchangeCode.BUSY))
})
