import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Bitset } from '../bitset.ts'
import { ChangedBytes, changedHave, checkHave, wholeHave } from './have-bits.ts'
import { MAX_HAVE_BYTES } from './limits.ts'
import { ExchangeCode, HaveKind } from './codes.ts'
import type { HaveMessage } from './messages.ts'

/** What a listener makes of Have messages. */
function apply(known: Set<number>, have: HaveMessage, leaves: number): void {
  if (have.kind === HaveKind.NONE) known.clear()
  if (have.kind === HaveKind.FULL) for (let i = 0; i < leaves; i++) known.add(i)
  for (let i = 0; i < have.bits.length * 8; i++) {
    const bit = ((have.bits[i >>> 3] ?? 0) & (1 << (i & 7))) !== 0
    if (have.kind === HaveKind.UNSET ? bit : have.kind === HaveKind.BITS && !bit) known.delete(have.start + i)
    else if (bit) known.add(have.start + i)
  }
}

function held(bits: Bitset): Set<number> {
  return new Set(Array.from({ length: bits.size }, (_, i) => i).filter(i => bits.has(i)))
}

test('whoever hears everything said of a bitmap knows it, and nothing said is refused', () => {
  const change = fc.record({
    start: fc.nat(900),
    count: fc.integer({ min: 1, max: 200 }),
    on: fc.boolean(),
    tell: fc.boolean()
  })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.array(change, { maxLength: 40 }), (leaves, changes) => {
      const bits = new Bitset(leaves)
      const known = new Set<number>()
      const [set, unset] = [new ChangedBytes(), new ChangedBytes()]
      const hear = (have: HaveMessage) => {
        checkHave(have, leaves)
        apply(known, have, leaves)
      }
      for (const have of wholeHave(bits)) hear(have)
      for (const { start, count, on, tell } of [...changes, { start: 0, count: 0, on: true, tell: true }]) {
        const end = Math.min(leaves, start + count)
        for (let i = start; i < end; i++)
          if (on) bits.add(i)
          else bits.delete(i)
        const changed = on ? set : unset
        changed.add(Math.min(start, leaves), end)
        if (!tell) continue
        for (let it = unset.take(); it != null; it = unset.take()) hear(changedHave(bits, HaveKind.UNSET, ...it))
        for (let it = set.take(); it != null; it = set.take()) hear(changedHave(bits, HaveKind.SET, ...it))
        assert.deepEqual(known, held(bits))
      }
      const fresh = new Set<number>()
      for (const have of wholeHave(bits)) apply(fresh, have, leaves)
      assert.deepEqual(fresh, held(bits))
    }),
    { numRuns: 150 }
  )
})

test('scattered changes stay few segments', () => {
  const changed = new ChangedBytes()
  for (let i = 0; i < 4_000_000; i += 40_007) changed.add(i, i + 1)
  let segments = 0
  for (let it = changed.take(); it != null; it = changed.take()) {
    assert.ok(it[1] - it[0] <= MAX_HAVE_BYTES)
    segments++
  }
  assert.ok(segments <= 8 + 4, `${segments}`)
})

test('a big bitmap is told in pieces; a full or an empty one in one word', () => {
  const bits = new Bitset(3_000_000)
  assert.deepEqual(
    wholeHave(bits).map(have => have.kind),
    [HaveKind.NONE]
  )
  bits.add(2_999_999)
  assert.deepEqual(
    wholeHave(bits).map(have => [have.kind, have.start, have.bits.length]),
    [
      [HaveKind.BITS, 0, MAX_HAVE_BYTES],
      [HaveKind.BITS, MAX_HAVE_BYTES * 8, MAX_HAVE_BYTES],
      [HaveKind.BITS, MAX_HAVE_BYTES * 16, 375_000 - 2 * MAX_HAVE_BYTES]
    ]
  )
  bits.addRange(0, 3_000_000)
  assert.deepEqual(
    wholeHave(bits).map(have => have.kind),
    [HaveKind.FULL]
  )
})

test('bits past the last leaf are refused', () => {
  const have = (start: number, ...bits: number[]): HaveMessage => ({
    kind: HaveKind.BITS,
    start,
    bits: Uint8Array.from(bits)
  })
  for (const good of [have(0, 0xff, 3), have(8, 3), have(8), have(16), have(0, 255)]) checkHave(good, 10)
  for (const bad of [have(0, 0, 4), have(8, 0x80), have(16, 0), have(0, 0, 0, 0)])
    assert.throws(() => checkHave(bad, 10), { code: ExchangeCode.PROTOCOL })
})
