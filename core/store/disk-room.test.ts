import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Claim, DiskRoom } from './disk-room.ts'

const MIB = 1024 * 1024

/** Disks by the first letter of a folder, a clock that is moved by hand, and how often was looked. */
function bench(free: Record<string, number>) {
  const it = { free, now: 0, looks: 0 }
  const room = new DiskRoom({
    now: () => it.now,
    look: directory => {
      it.looks++
      const dev = directory.slice(0, 2)
      const freeBytes = it.free[dev]
      return freeBytes == null ? undefined : { dev: BigInt(dev.charCodeAt(1)), freeBytes }
    }
  })
  const download = (directory: string, bytes: number) => {
    const left = { bytes }
    const claim = room.claim(directory, () => left.bytes)
    return {
      claim,
      left,
      write(count: number): boolean {
        if (!claim.mayWrite(count)) return false
        left.bytes -= count
        it.free[directory.slice(0, 2)]! -= count
        return true
      }
    }
  }
  return { it, room, download }
}

test('two that fit alone do not fit together; on another disk each does', () => {
  const { room, download } = bench({ '/a': 100, '/b': 100 })
  const one = download('/a/x', 60)
  assert.ok(one.claim.take(10))
  assert.equal(download('/a/y', 60).claim.take(10), false)
  assert.ok(download('/b/y', 60).claim.take(10))
  assert.equal(room.fits('/a/z', 31, 10), false)
  assert.ok(room.fits('/a/z', 30, 10))
  one.write(30)
  assert.equal(room.fits('/a/z', 31, 10), false, 'what is written is not free, and not promised any more')
  assert.ok(room.fits('/a/z', 30, 10))
  one.claim.give()
  assert.ok(room.fits('/a/z', 60, 10))
})

test('nothing missing needs no room; a disk that nobody can find has none', () => {
  const { room, download } = bench({ '/a': 0 })
  assert.ok(download('/a', 0).claim.take(10))
  assert.ok(room.fits('/a', 0, 10))
  assert.equal(download('/c', 1).claim.take(0), false)
})

test('while it writes, the disk is looked at once a second or 64 MiB, and what is to stay free stays free', () => {
  const { it, download } = bench({ '/a': 1000 * MIB })
  const one = download('/a', 500 * MIB)
  assert.ok(one.claim.take(100 * MIB))
  it.looks = 0
  for (let i = 0; i < 63; i++) assert.ok(one.write(MIB))
  assert.equal(it.looks, 0)
  for (let i = 0; i < 64; i++) assert.ok(one.write(MIB))
  assert.equal(it.looks, 1)
  it.now += 1_000
  assert.ok(one.write(MIB))
  assert.equal(it.looks, 2)
  it.free['/a'] = 100 * MIB // somebody else
  assert.ok(one.write(MIB), 'not seen yet')
  it.now += 1_000
  assert.equal(one.write(MIB), false)
})

test('one that had to wait goes on with some room to spare, and only beside those that did not', () => {
  const { it, download } = bench({ '/a': 1000 })
  const [one, two] = [download('/a/x', 400), download('/a/y', 400)]
  assert.ok(one.claim.take(80))
  assert.ok(two.claim.take(80))
  it.free['/a'] = 79
  it.now += 1_000
  assert.equal(one.write(1), false)
  one.claim.give()
  assert.equal(two.write(1), false)
  two.claim.give()
  it.free['/a'] = 489
  assert.equal(one.claim.take(80), false, 'just enough: it would wait again at once')
  it.free['/a'] = 490
  assert.ok(one.claim.take(80))
  assert.equal(two.claim.take(80), false)
  assert.ok(one.write(400))
  one.claim.give()
  it.free['/a'] = 490
  assert.ok(two.claim.take(80), 'those who waited wait for nobody who is done')
})

test('downloads that begin and write as they are let never take what is to stay free', () => {
  const step = fc.record({
    who: fc.nat(3),
    do: fc.constantFrom('take', 'write', 'give', 'second'),
    bytes: fc.integer({ min: 1, max: 50 })
  })
  const sizes = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 4, maxLength: 4 })
  fc.assert(
    fc.property(sizes, fc.integer({ min: 0, max: 100 }), fc.array(step, { maxLength: 200 }), (all, reserve, steps) => {
      const { it, download } = bench({ '/a': 600 })
      const downloads = all.map(bytes => download('/a', bytes))
      const taken = new Set<Claim>()
      for (const { who, do: what, bytes } of steps) {
        const one = downloads[who]!
        if (what === 'second') it.now += 1_000
        else if (what === 'give') one.claim.give()
        else if (what === 'take' && one.claim.take(reserve)) taken.add(one.claim)
        else if (what === 'write' && taken.has(one.claim)) {
          const count = Math.min(bytes, one.left.bytes)
          if (count > 0 && !one.write(count)) one.claim.give()
        }
        if (what === 'give') taken.delete(one.claim)
        assert.ok(it.free['/a']! >= reserve || taken.size === 0, `${it.free['/a']} free of ${reserve}`)
      }
    })
  )
})
