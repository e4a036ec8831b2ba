import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { codeOf } from '../errors.ts'
import { createRandom } from './random.ts'
import { sampleBytes, sampleContent } from '../testing/sample-swarm.ts'
import { SkeletonFetch } from './skeleton-fetch.ts'

// names long enough for a skeleton of several ranges
const files = Object.fromEntries(
  Array.from({ length: 3_000 }, (_, i) => [
    `${'n'.repeat(100)}${i % 30}/${'m'.repeat(150)}${i}`,
    sampleBytes(4, `${i}`)
  ])
)
const content = sampleContent(files)
const { skeleton } = content
const { root } = content.built
const LARGEST_BLOCK = 16_384 // of this sample: one may have begun in an earlier piece

interface Asked {
  peer: string
  offset: number
  end: number
}

/** Peers answer in any order and any pieces; `say` is what a peer sends at an offset. */
class Bench {
  readonly asked: Asked[] = []
  readonly blamed: string[] = []
  stored = Buffer.alloc(0)
  now = 0
  readonly fetch: SkeletonFetch
  /** Steps it took. */
  readonly restored: number
  /** The most that was taken in by one call. */
  mostAtOnce = 0
  readonly #random: () => number

  constructor(seed: number, before = Buffer.alloc(0)) {
    this.#random = createRandom(seed)
    this.stored = before
    const append = (offset: number, bytes: Uint8Array): void => {
      assert.equal(offset, this.stored.length)
      this.stored = Buffer.concat([this.stored, bytes])
    }
    const ports = { append, blame: (id: string) => this.blamed.push(id) }
    this.fetch = new SkeletonFetch(root, ports)
    this.restored = [...this.fetch.restore(before.length > 0 ? [before] : [])].length
  }

  join(id: string, hintBytes = skeleton.length): void {
    const requestSkeleton = (offset: number, maxBytes: number): void => {
      assert.ok(maxBytes >= 1 && maxBytes <= 1_048_576)
      assert.ok(this.asked.filter(it => it.peer === id).length < 2, 'two ranges a peer')
      this.asked.push({ peer: id, offset, end: offset + maxBytes })
    }
    this.fetch.addPeer({ id, rttMs: 1, hintBytes, choked: false, requestSkeleton }, this.now)
  }

  leave(id: string): void {
    for (const it of this.asked.filter(it => it.peer === id)) this.asked.splice(this.asked.indexOf(it), 1)
    this.fetch.removePeer(id, this.now)
  }

  /** One piece from somebody. False when nobody was asked for anything. */
  step(say: (peer: string, offset: number, bytes: Buffer) => Uint8Array): boolean {
    const it = this.asked[Math.floor(this.#random() * this.asked.length)]
    if (it == null) return false
    const size = Math.min(it.end - it.offset, skeleton.length - it.offset, 1 + Math.floor(this.#random() * 65_536))
    const bytes = say(it.peer, it.offset, Buffer.from(skeleton.subarray(it.offset, it.offset + Math.max(0, size))))
    const { offset } = it
    it.offset += bytes.length
    const last = it.offset === it.end || it.offset >= skeleton.length
    if (last) this.asked.splice(this.asked.indexOf(it), 1)
    this.#watched(() => this.fetch.onBytes(it.peer, offset, bytes, last, this.now))
    while (this.fetch.isBehind) this.#watched(() => this.fetch.goOn(this.now))
    return true
  }

  #watched(act: () => void): void {
    const before = this.fetch.verifiedBytes
    act()
    this.mostAtOnce = Math.max(this.mostAtOnce, this.fetch.verifiedBytes - before)
  }

  run(say: (peer: string, offset: number, bytes: Buffer) => Uint8Array = (_, __, bytes) => bytes): void {
    for (let i = 0; i < 5_000 && !this.fetch.complete; i++) {
      if (this.step(say)) continue
      this.now += 1_000
      this.fetch.tick(this.now)
    }
  }
}

test('the sample is worth it', () => assert.ok(skeleton.length > 600_000))

test('honest peers: whole, stored in order, nobody blamed, several ranges in flight', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 4 }), (seed, peers) => {
      const bench = new Bench(seed)
      for (let i = 0; i < peers; i++) bench.join(`p${i}`)
      assert.equal(new Set(bench.asked.map(it => it.peer)).size, Math.min(peers, 2))
      bench.run()
      assert.ok(bench.fetch.complete)
      assert.deepEqual(bench.stored, skeleton)
      assert.deepEqual(bench.blamed, [])
      assert.equal(bench.fetch.layout().leafCount, content.built.layout.leafCount)
      assert.ok(bench.mostAtOnce <= 65_536 + LARGEST_BLOCK, `${bench.mostAtOnce} bytes at once`)
    }),
    { numRuns: 12 }
  )
})

// most of them where ranges of two peers meet in one block
const byte = fc.oneof(
  fc.nat(skeleton.length - 1),
  fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: -9_000, max: 9_000 })).map(([k, by]) => k * 262_144 + by)
)

test('a liar among honest peers is blamed, and nobody else; the skeleton is whole', () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(byte, { minLength: 1, maxLength: 4 }), (seed, flips) => {
      const bench = new Bench(seed)
      let lied = false
      for (const id of seed % 2 === 0 ? ['p1', 'liar', 'p2'] : ['liar', 'p1', 'p2']) bench.join(id)
      bench.run((peer, offset, bytes) => {
        if (peer !== 'liar') return bytes
        for (const at of flips) {
          if (at < offset || at >= offset + bytes.length) continue
          bytes[at - offset]! ^= 0x55
          lied = true
        }
        return bytes
      })
      assert.ok(bench.fetch.complete)
      assert.deepEqual(bench.stored, skeleton)
      assert.ok(bench.blamed.every(id => id === 'liar'))
      assert.equal(bench.blamed.length > 0, lied)
    }),
    { numRuns: 40 }
  )
})

test('peers come and go; one that hangs is not waited for', () => {
  fc.assert(
    fc.property(fc.nat(), seed => {
      const bench = new Bench(seed)
      const random = createRandom(seed)
      for (const id of ['a', 'b', 'hangs']) bench.join(id)
      for (let i = 0; i < 3_000 && !bench.fetch.complete; i++) {
        for (const it of bench.asked.filter(it => it.peer === 'hangs')) bench.asked.splice(bench.asked.indexOf(it), 1)
        if (random() < 0.05) bench.leave('a')
        if (random() < 0.05) bench.join('a')
        if (bench.step((_, __, bytes) => bytes)) continue
        bench.now += 2_000
        bench.fetch.tick(bench.now)
      }
      assert.deepEqual(bench.stored, skeleton)
      assert.deepEqual(bench.blamed, [])
    }),
    { numRuns: 12 }
  )
})

test('it goes on where an earlier run ended, and refuses what was damaged since', () => {
  const whole = new Bench(1)
  whole.join('a')
  whole.step((_, __, bytes) => bytes)
  for (let i = 0; i < 4; i++) whole.step((_, __, bytes) => bytes)
  const { verifiedBytes } = whole.fetch
  assert.ok(verifiedBytes > 0 && verifiedBytes < skeleton.length)
  const before = Buffer.from(skeleton.subarray(0, verifiedBytes))
  const again = new Bench(2, before)
  assert.ok(again.restored >= verifiedBytes / 65_536, `${again.restored} steps`)
  again.join('b')
  assert.equal(again.asked[0]!.offset, verifiedBytes)
  again.run()
  assert.deepEqual(again.stored, skeleton)
  before[verifiedBytes - 1]! ^= 1
  assert.throws(
    () => new Bench(3, before),
    (error: unknown) => codeOf(error) === 'data-damaged'
  )
})

test('hints that lie about the length only cost time', () => {
  for (const hint of [0, 10, skeleton.length * 50]) {
    const bench = new Bench(4)
    bench.join('a', hint)
    bench.run()
    assert.deepEqual(bench.stored, skeleton)
  }
})

test('a reject rests the peer for as long as it says', () => {
  const bench = new Bench(5)
  bench.join('a')
  const [{ offset }] = bench.asked as [Asked]
  bench.asked.length = 0
  bench.fetch.onReject('a', offset, 7_000, bench.now)
  assert.equal(bench.asked.length, 0)
  assert.equal(bench.fetch.isServed(bench.now), false)
  bench.now = 7_000
  bench.fetch.tick(bench.now)
  assert.equal(bench.asked.length, 1)
})
