import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Bitmap } from './bitset.ts'

const change = fc.oneof(
  fc.record({ type: fc.constant('set' as const), at: fc.nat(99) }),
  fc.record({ type: fc.constant('clear' as const), at: fc.nat(99) }),
  fc.record({ type: fc.constant('range' as const), at: fc.nat(99), end: fc.nat(100) })
)

test('a bitmap behaves as a set of ordinals', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.array(change, { maxLength: 30 }), (size, changes) => {
      const bitmap = new Bitmap(size)
      const model = new Set<number>()
      for (const it of changes) {
        const at = it.at % size
        if (it.type === 'set') assert.equal(bitmap.set(at), !model.has(at))
        if (it.type === 'clear') assert.equal(bitmap.clear(at), model.delete(at))
        if (it.type === 'set') model.add(at)
        if (it.type !== 'range') continue
        const end = Math.min(it.end, size)
        bitmap.setRange(at, end)
        for (let i = at; i < end; i++) model.add(i)
      }
      const all = Array.from({ length: size }, (_, i) => i)
      assert.equal(bitmap.count, model.size)
      assert.equal(bitmap.isFull, model.size === size)
      for (let i = 0; i < size; i++) {
        assert.equal(bitmap.has(i), model.has(i))
        assert.equal(bitmap.nextSet(i), all.find(at => at >= i && model.has(at)) ?? size)
        assert.equal(bitmap.nextClear(i), all.find(at => at >= i && !model.has(at)) ?? size)
      }
      const copy = new Bitmap(size, bitmap.bytes)
      assert.equal(copy.count, bitmap.count)
      assert.deepEqual(copy.bytes, bitmap.bytes)
    }),
    { numRuns: 300 }
  )
})

test('the bit order is least significant first, and bits past the end are dropped', () => {
  const bitmap = new Bitmap(11)
  bitmap.set(0)
  bitmap.set(10)
  assert.deepEqual([...bitmap.bytes], [1, 4])
  assert.equal(new Bitmap(11, Uint8Array.of(0xff, 0xff)).count, 11)
  assert.throws(() => new Bitmap(11, new Uint8Array(1)), RangeError)
  assert.throws(() => bitmap.set(11), RangeError)
  assert.equal(bitmap.has(11), false)
  assert.equal(new Bitmap(0).isFull, true)
})
