// Bitsets, duplicate leaves, availability and haves against the simplest thing that could be right.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HaveKind } from '../exchange/codes.ts'
import { Bitset, nextIn } from '../bitset.ts'
import { fakePlan, sampleTable } from '../testing/fake-plan.ts'
import { MISSING, WRITTEN } from './leaf-table.ts'
import { PeerHave } from './peer-have.ts'
import { changeOf, PendingHave } from './pending-have.ts'
import { createRandom } from './random.ts'

const SIZE = 75

test('the next common bit is the next common bit', () => {
  const ordinals = fc.uniqueArray(fc.nat(SIZE - 1))
  fc.assert(
    fc.property(ordinals, fc.option(ordinals), fc.nat(SIZE), fc.nat(SIZE), (a, b, from, to) => {
      const bits = (list: number[]): Bitset => {
        const made = new Bitset(SIZE)
        for (const i of list) assert.ok(made.add(i))
        return made
      }
      const common = a.filter(i => i >= from && i < to && (b == null || b.includes(i)))
      assert.equal(nextIn(bits(a), b == null ? undefined : bits(b), from, to), Math.min(to, ...common))
    }),
    { numRuns: 300 }
  )
})

test('a full set ends where it ends', () => {
  for (const size of [0, 1, 31, 32, 33, SIZE]) {
    const bits = new Bitset(size)
    bits.fill()
    const count = [...bits.bytes].reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
    assert.equal(count, size)
  }
})

const message = fc.oneof(
  fc.constantFrom(
    { kind: HaveKind.FULL, start: 0, bits: new Uint8Array(0) },
    { kind: HaveKind.NONE, start: 0, bits: new Uint8Array(0) }
  ),
  fc.record({
    kind: fc.constantFrom(HaveKind.BITS, HaveKind.SET, HaveKind.UNSET),
    start: fc.nat(8).map(n => n * 8),
    bits: fc.uint8Array({ minLength: 1, maxLength: 4 })
  })
)
const names = fc.array(fc.constantFrom(...'abcdefghijklmnop'.split('')), { minLength: 1, maxLength: SIZE, size: 'max' })

/** What a peer has after these messages, said the simple way. */
function after(messages: readonly { kind: HaveKind; start: number; bits: Uint8Array }[], size: number): Set<number> {
  let has = new Set<number>()
  for (const it of messages) {
    if (it.kind === HaveKind.FULL) has = new Set(Array.from({ length: size }, (_, i) => i))
    if (it.kind === HaveKind.NONE) has = new Set()
    for (let i = 0; i < it.bits.length * 8 && it.start + i < size; i++) {
      const bit = ((it.bits[i >> 3]! >> (i & 7)) & 1) === 1
      if (it.kind === HaveKind.SET ? bit : it.kind === HaveKind.BITS && bit) has.add(it.start + i)
      if (it.kind === HaveKind.UNSET ? bit : it.kind === HaveKind.BITS && !bit) has.delete(it.start + i)
    }
  }
  return has
}

test('haves, refusals and rarity agree with sets', () => {
  fc.assert(
    fc.property(
      names,
      fc.array(message, { maxLength: 8 }),
      fc.array(message, { maxLength: 8 }),
      fc.nat(),
      fc.constantFrom(0, Infinity),
      (names, one, two, n, maxWork) => {
        const sizes = names.map(name => (name < 'h' ? 1_000 : 700_000))
        const plan = fakePlan(names, sizes)
        const table = sampleTable({
          plan,
          have: { has: () => false },
          wanted: { has: () => true },
          random: createRandom(1)
        })
        const refused = n % names.length
        const peers = [one, two].map((messages, who) => {
          const have = new PeerHave(table, new Set(), maxWork)
          if (who === 1) have.refuse(table.duplicates.first(refused))
          for (const it of messages) have.say(changeOf(it))
          assert.equal(have.isBehind, maxWork === 0 && messages.length > 0)
          have.settle()
          const expected = after(messages, names.length)
          if (who === 1) for (const [i, name] of names.entries()) if (name === names[refused]) expected.delete(i)
          for (let i = 0; i < names.length; i++) assert.equal(have.has(i), expected.has(i), `ordinal ${i}`)
          return { have, expected }
        })
        const extents = plan.extents.length - 1
        const copies = (x: number): number =>
          peers.filter(({ expected }) => [...expected].some(i => i >= plan.extents[x]! && i < plan.extents[x + 1]!))
            .length
        for (let x = 1; x < extents; x++) {
          assert.equal(
            table.availability.copies(x) - table.availability.copies(0),
            copies(x) - copies(0),
            `extent ${x}`
          )
        }
        for (const { have } of peers) have.forget()
        for (let x = 0; x < extents; x++) assert.equal(table.availability.copies(x), 0)
      }
    ),
    { numRuns: 300 }
  )
})

test('what is said before there is a layout is what would have been heard after', () => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 8 }), messages => {
      const pending = new PendingHave()
      for (const it of messages) pending.apply(changeOf(it), SIZE)
      const plan = fakePlan(
        Array.from({ length: SIZE }, (_, i) => `${i}`),
        Array.from({ length: SIZE }, () => 10)
      )
      const table = sampleTable({
        plan,
        have: { has: () => false },
        wanted: { has: () => true },
        random: createRandom(1)
      })
      const have = new PeerHave(table, new Set())
      have.apply(pending.take()!)
      const expected = after(messages, SIZE)
      for (let i = 0; i < SIZE; i++) assert.equal(have.has(i), expected.has(i), `ordinal ${i}`)
      assert.equal(pending.take(), undefined)
    }),
    { numRuns: 200 }
  )
})

test('twins share a state; open extents are those with something missing, rarest first', () => {
  fc.assert(
    fc.property(names, fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 40 }), (names, changes) => {
      const sizes = names.map(() => 400_000)
      const plan = fakePlan(names, sizes)
      const table = sampleTable({
        plan,
        have: { has: () => false },
        wanted: { has: () => true },
        random: createRandom(2)
      })
      const missing = new Set(names)
      for (const [n, open] of changes) {
        const ordinal = n % names.length
        table.set(table.duplicates.first(ordinal), open ? MISSING : WRITTEN)
        if (open) missing.add(names[ordinal]!)
        else missing.delete(names[ordinal]!)
        if (n % 3 === 0) table.availability.add(table.extentOf(ordinal), open ? 1 : -1)
        assert.equal(table.availability.lowest, [...table.availability.rarestFirst()][0]?.copies ?? Infinity)
      }
      for (const [i, name] of names.entries()) {
        assert.equal(table.missing.has(i), missing.has(name))
        assert.deepEqual(
          table.duplicates.positions(i),
          [...names.keys()].filter(at => names[at] === name)
        )
      }
      assert.equal(table.left, missing.size)
      const open = [...table.availability.rarestFirst()]
      const expected = [...names.keys()].filter(i => missing.has(names[i]!)).map(i => table.extentOf(i))
      assert.deepEqual(new Set(open.flatMap(it => it.extents)), new Set(expected))
      assert.equal(table.availability.openCount, new Set(expected).size)
      assert.deepEqual(
        open.map(it => it.copies),
        open.map(it => it.copies).sort((a, b) => a - b)
      )
      assert.equal(table.availability.lowest, open[0]?.copies ?? Infinity)
      for (const { copies, extents } of open)
        for (const x of extents) assert.equal(table.availability.copies(x), copies)
    }),
    { numRuns: 200 }
  )
})
