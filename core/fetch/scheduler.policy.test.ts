// What the scheduler is for: speed, order and patience, over simulated lines.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakePlan, sampleScheduler } from '../testing/fake-plan.ts'
import type { Run } from '../exchange/codes.ts'
import type { Effect, Input } from './inputs-and-effects.ts'
import { MAX_PEER_LEAVES } from './limits.ts'
import { createRandom } from './random.ts'
import { SampleLine } from '../testing/simulated-link.ts'

const MIB = 1_048_576
const MB = 1_000_000
const leaves = (count: number, bytes = MIB): number[] => Array.from({ length: count }, () => bytes)
const bytesOf = (runs: readonly Run[], sizes: readonly number[]): number =>
  runs.reduce((sum, run) => sum + sizes.slice(run.start, run.start + run.count).reduce((a, b) => a + b, 0), 0)
const countOf = (runs: readonly Run[]): number => runs.reduce((sum, run) => sum + run.count, 0)
const all = { has: () => true }
const none = { has: () => false }

/** A scheduler of single-leaf extents and what it asks for. */
function still(sizes: readonly number[], seed = 1) {
  const plan = fakePlan(
    sizes.map((_, i) => `${i}`),
    sizes
  )
  const scheduler = sampleScheduler({ plan, have: none, wanted: all, random: createRandom(seed) })
  const feed = (input: Input, now = 0): Effect[] => scheduler.apply(input, now)
  const ask = (input: Input, now = 0): Run[] =>
    feed(input, now).flatMap(effect => (effect.type === 'request' ? effect.runs : []))
  return { scheduler, feed, ask }
}

test('of tiny leaves a bounded number is outstanding, and they are asked for many at a time', () => {
  const { feed, ask } = still(leaves(3 * MAX_PEER_LEAVES, 10))
  feed({ type: 'peer-opened', peer: 'a', rttMs: 1 })
  feed({ type: 'choke-changed', peer: 'a', choked: false, slotsBytes: 0 })
  const asked = ask({ type: 'have-received', peer: 'a', change: { kind: 'full' } })
  let outstanding = countOf(asked)
  assert.equal(outstanding, MAX_PEER_LEAVES)
  const order = asked.flatMap(({ start, count }) => Array.from({ length: count }, (_, i) => start + i))
  const later: number[] = []
  for (const ordinal of order) {
    const more = countOf(ask({ type: 'leaf-received', peer: 'a', ordinal }))
    outstanding += more - 1
    assert.ok(outstanding <= MAX_PEER_LEAVES)
    if (more > 0) later.push(more)
  }
  assert.ok(later.length > 0)
  for (const more of later) assert.ok(more >= MAX_PEER_LEAVES / 4, `${more} leaves`)
})

test('three peers at 8 MB/s: 24 MB/s together, duplicates at most 2 %', () => {
  const line = new SampleLine(leaves(96))
  for (const peer of ['a', 'b', 'c']) line.join(peer, { ratePerSecond: 8 * MB })
  line.run()
  const rate = (line.writtenBytes * 1000) / line.now
  assert.ok(rate > 21 * MB, `${rate}`)
  assert.ok(line.wastedBytes <= 0.02 * line.writtenBytes, `${line.wastedBytes} wasted`)
})

test('a slow peer beside a fast one does not hold up the end', () => {
  const line = new SampleLine(leaves(60))
  line.join('fast', { ratePerSecond: 20 * MB, rttMs: 20 })
  line.join('slow', { ratePerSecond: 100_000, rttMs: 50 })
  line.run(60_000)
  assert.ok(line.scheduler.isDone)
  assert.ok(line.now < 1.5 * ((60 * MIB) / (20 * MB)) * 1000, `${line.now} ms`)
  assert.ok(line.wastedBytes <= 2 * MIB)
})

test('one extent until the rate is known, then requests of at least a quarter of the window, in long runs', () => {
  const line = new SampleLine(leaves(400))
  line.join('a', { ratePerSecond: 200 * MB, rttMs: 40 })
  line.run()
  assert.equal(bytesOf(line.requests[0]!.runs, line.sizes), MIB)
  const later = line.requests.filter(it => it.at > 100 && it.at < 1_000)
  assert.ok(later.length > 10)
  for (const { runs } of later) assert.ok(bytesOf(runs, line.sizes) >= 4 * MIB)
  const runs = line.requests.flatMap(it => it.runs)
  const jumps = runs.filter((run, i) => i > 0 && run.start !== runs[i - 1]!.start + runs[i - 1]!.count)
  assert.ok(jumps.length <= 20, `${jumps.length} jumps`)
  const rate = (line.writtenBytes * 1000) / line.now
  assert.ok(rate > 150 * MB, `${rate}: a long line is filled`)
})

test('64 kbit/s is slow, not silent', () => {
  const line = new SampleLine(leaves(2))
  line.join('a', { ratePerSecond: 8_000, rttMs: 300 })
  line.run(400_000)
  assert.ok(line.scheduler.isDone)
  assert.equal(line.requests.length, 2)
  assert.equal(line.wastedBytes, 0)
})

test('the only source is never stolen from', () => {
  const line = new SampleLine(leaves(8))
  line.join('slow', { ratePerSecond: 200_000 })
  line.join('empty', { ratePerSecond: 20 * MB, isEmpty: true })
  const before = line.other.length
  line.run()
  assert.ok(line.requests.every(it => it.peer === 'slow'))
  assert.deepEqual(line.other.slice(before), [{ type: 'done' }])
})

test('the rarest extents first, then on from there', () => {
  const count = 64
  const { feed, ask } = still(leaves(count))
  const common = new Uint8Array(count / 8).fill(0xff)
  common.fill(0, 5, 7) // ordinals 40 to 55 are rare
  feed({ type: 'peer-opened', peer: 'common', rttMs: 1 })
  feed({ type: 'choke-changed', peer: 'common', choked: true, slotsBytes: 0 })
  feed({ type: 'have-received', peer: 'common', change: { kind: 'bits', start: 0, bits: common } })
  feed({ type: 'peer-opened', peer: 'seed', rttMs: 1 })
  const asked: number[] = []
  let runs = ask({ type: 'have-received', peer: 'seed', change: { kind: 'full' } })
  for (let now = 1; asked.length < 16 && now < 100; now++) {
    const ordinals = runs.flatMap(run => Array.from({ length: run.count }, (_, i) => run.start + i))
    asked.push(...ordinals)
    runs = ordinals.flatMap(ordinal => ask({ type: 'leaf-received', peer: 'seed', ordinal }, now))
  }
  const rare = asked.slice(4, 16).filter(ordinal => ordinal >= 40 && ordinal < 56) // the first four are random
  assert.ok(rare.length >= 11, `${asked.join(' ')}`)
})

test('getters that start together ask for different extents first', () => {
  const firsts = new Set<number>()
  for (let seed = 1; seed <= 8; seed++) {
    const { feed, ask } = still(leaves(1000), seed)
    feed({ type: 'peer-opened', peer: 'p', rttMs: 1 })
    firsts.add(ask({ type: 'have-received', peer: 'p', change: { kind: 'full' } })[0]!.start)
  }
  assert.ok(firsts.size >= 7)
})

test('a silent peer loses its leaves after ten seconds, rests after a minute, twice as long each time', () => {
  const { scheduler, feed, ask } = still(leaves(4))
  feed({ type: 'peer-opened', peer: 'a', rttMs: 1 })
  let now = 0
  assert.equal(ask({ type: 'have-received', peer: 'a', change: { kind: 'full' } }, now).length, 1)
  const stateAt = (ms: number): string => {
    now = ms
    feed({ type: 'time-passed' }, now)
    return scheduler.peers(now)[0]!.state
  }
  assert.equal(stateAt(9_999), 'active')
  assert.equal(stateAt(10_000), 'snubbed')
  assert.ok(scheduler.starved)
  assert.equal(stateAt(59_999), 'snubbed')
  let rest = 30_000
  for (let turn = 0; turn < 8; turn++) {
    const began = now - (now % 1) // asked again at the end of the last rest
    assert.equal(stateAt(turn === 0 ? 60_000 : began + 60_000), 'backoff')
    assert.equal(stateAt(now + rest - 1), 'backoff')
    assert.equal(stateAt(now + 1), 'active')
    rest = Math.min(2 * rest, 15 * 60_000)
  }
})

test('what a late peer sends is kept, and the other is told to stop', () => {
  const { feed } = still([MIB])
  feed({ type: 'peer-opened', peer: 'late', rttMs: 1 })
  feed({ type: 'have-received', peer: 'late', change: { kind: 'full' } })
  feed({ type: 'time-passed' }, 11_000)
  feed({ type: 'peer-opened', peer: 'other', rttMs: 1 }, 11_000)
  feed({ type: 'have-received', peer: 'other', change: { kind: 'full' } }, 11_000)
  assert.deepEqual(
    feed({ type: 'leaf-received', peer: 'late', ordinal: 0 }, 11_500).map(
      effect => `${effect.type} ${'peer' in effect ? effect.peer : ''}`
    ),
    ['cancel other', 'accept late']
  )
})

test('a reconnecting liar is still a liar', () => {
  const { feed } = still(leaves(8))
  for (let turn = 0; turn < 3; turn++) {
    feed({ type: 'peer-opened', peer: 'liar', rttMs: 1 })
    const [request] = feed({ type: 'have-received', peer: 'liar', change: { kind: 'full' } })
    assert.ok(request?.type === 'request')
    const ordinal = request.runs[0]!.start
    feed({ type: 'leaf-received', peer: 'liar', ordinal })
    const effects = feed({ type: 'leaf-refuted', peer: 'liar', ordinal })
    assert.equal(
      effects.some(effect => effect.type === 'ban'),
      turn === 2
    )
    feed({ type: 'peer-left', peer: 'liar' })
  }
  assert.deepEqual(feed({ type: 'peer-opened', peer: 'liar', rttMs: 1 })[0], {
    type: 'ban',
    peer: 'liar',
    reason: 'wrong-bytes'
  })
  feed({ type: 'peer-forgiven', peer: 'liar' })
  feed({ type: 'peer-opened', peer: 'liar', rttMs: 1 })
  const [request] = feed({ type: 'have-received', peer: 'liar', change: { kind: 'full' } })
  assert.equal(request?.type, 'request', 'the user has allowed it again')
})

test('a leaf that came with wrong bytes is asked of somebody else, and nothing is done before it has come', () => {
  const { feed } = still(leaves(1))
  feed({ type: 'peer-opened', peer: 'liar', rttMs: 1 })
  feed({ type: 'have-received', peer: 'liar', change: { kind: 'full' } })
  feed({ type: 'leaf-received', peer: 'liar', ordinal: 0 })
  const typesOf = (effects: ReturnType<typeof feed>): string[] => effects.map(effect => effect.type)
  assert.ok(!typesOf(feed({ type: 'leaf-refuted', peer: 'liar', ordinal: 0 })).includes('done'))
  feed({ type: 'peer-opened', peer: 'honest', rttMs: 1 })
  const [request] = feed({ type: 'have-received', peer: 'honest', change: { kind: 'full' } })
  assert.ok(request?.type === 'request' && request.peer === 'honest' && request.runs[0]?.start === 0)
})

test('a request that is refused is one strike, whatever the number of leaves', () => {
  const { feed } = still(leaves(400, 100_000))
  feed({ type: 'peer-opened', peer: 'odd', rttMs: 1 })
  const waiting = feed({ type: 'have-received', peer: 'odd', change: { kind: 'full' } })
  let refused = 0
  let requests = 0
  for (let next = waiting.shift(); next != null; next = waiting.shift()) {
    if (next.type !== 'request') continue
    requests++
    for (const { start, count } of next.runs) {
      refused += count
      waiting.push(...feed({ type: 'reject-received', peer: 'odd', start, count, reason: 'not-have', retryMs: 0 }))
    }
    const ban = waiting.find(effect => effect.type === 'ban')
    assert.deepEqual(ban, requests < 12 ? undefined : { type: 'ban', peer: 'odd', reason: 'refused' }, `${requests}`)
    if (ban != null) break
  }
  assert.equal(requests, 12)
  assert.ok(refused > 24, `${refused} leaves in ${requests} requests`)
})

test('a rate limit is kept over time', () => {
  const line = new SampleLine(leaves(40, 200_000))
  line.feed({ type: 'limit-changed', bytesPerSecond: 1 * MB })
  line.join('a', { ratePerSecond: 50 * MB })
  line.run()
  const rate = (line.writtenBytes * 1000) / line.now
  assert.ok(rate > 0.85 * MB && rate < 1.5 * MB, `${rate}`)
})
