import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Bitset } from './bitset.ts'

const change = fc.oneof(
  fc.record({ type: fc.constant('set' as const), at: fc.nat(99) }),
  fc.record({ type: fc.constant('clear' as const), at: fc.nat(99) }),
  fc.record({ type: fc.constant('range' as const), at: fc.nat(99), end: fc.nat(100) })
)

test('a bitset behaves as a set of ordinals', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.array(change, { maxLength: 30 }), (size, changes) => {
      const bitset = new Bitset(size)
      const model = new Set<number>()
      for (const it of changes) {
        const at = it.at % size
        if (it.type === 'set') assert.equal(bitset.add(at), !model.has(at))
        if (it.type === 'clear') assert.equal(bitset.delete(at), model.delete(at))
        if (it.type === 'set') model.add(at)
        if (it.type !== 'range') continue
        const end = Math.min(it.end, size)
        bitset.addRange(at, end)
        for (let i = at; i < end; i++) model.add(i)
      }
      const all = Array.from({ length: size }, (_, i) => i)
      assert.equal(bitset.count, model.size)
      assert.equal(bitset.isFull, model.size === size)
      for (let i = 0; i < size; i++) {
        assert.equal(bitset.has(i), model.has(i))
        assert.equal(bitset.nextSet(i), all.find(at => at >= i && model.has(at)) ?? size)
        assert.equal(bitset.nextClear(i), all.find(at => at >= i && !model.has(at)) ?? size)
      }
      const copy = new Bitset(size, bitset.bytes)
      assert.equal(copy.count, bitset.count)
      assert.deepEqual(copy.bytes, bitset.bytes)
    }),
    { numRuns: 300 }
  )
})

test('the bit order is least significant first, and bits past the end are dropped', () => {
  const bitset = new Bitset(11)
  bitset.add(0)
  bitset.add(10)
  assert.deepEqual([...bitset.bytes], [1, 4])
  assert.equal(new Bitset(11, Uint8Array.of(0xff, 0xff)).count, 11)
  assert.throws(() => new Bitset(11, new Uint8Array(1)), RangeError)
  assert.throws(() => bitset.add(11), RangeError)
  assert.equal(bitset.has(11), false)
  assert.equal(new Bitset(0).isFull, true)
})
