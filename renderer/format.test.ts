import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatsFor, spanOf } from './format.ts'

/** With ordinary spaces, to be read here. */
const spaced = (locale: string) => {
  const formats = formatsFor(locale)
  const plain = (text: string): string => text.replaceAll('\u00a0', ' ')
  return {
    bytes: (bytes: number) => plain(formats.bytes(bytes)),
    bytesOf: (bytes: number, total: number, word: string) => plain(formats.bytesOf(bytes, total, word)),
    rate: (rate: number) => plain(formats.rate(rate)),
    percent: (part: number) => plain(formats.percent(part))
  }
}
const en = spaced('en')

test('sizes are decimal, short, and never 1000 of a unit', () => {
  const cases: [number, string][] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1500, '1.5 kB'],
    [99_960, '100 kB'],
    [999_500, '1 MB'],
    [12_400_000_000, '12.4 GB'],
    [40_000_000_000, '40 GB'],
    [2 ** 53, '9 PB']
  ]
  for (const [bytes, text] of cases) assert.equal(en.bytes(bytes), text)
  assert.equal(spaced('de').bytes(1500), '1,5 kB')
  fc.assert(fc.property(fc.maxSafeNat(), bytes => /^[\d.,]{1,5} ([kMGTP]?B)$/.test(en.bytes(bytes))))
  fc.assert(fc.property(fc.integer({ min: 1000, max: 2 ** 50 }), bytes => !en.bytes(bytes).startsWith('1,000')))
})

test('a part is said in the unit of the whole', () => {
  assert.equal(en.bytesOf(12_400_000_000, 40_000_000_000, 'of'), '12.4 of 40 GB')
  assert.equal(en.bytesOf(5_000_000, 40_000_000_000, 'of'), '0.0 of 40 GB')
  assert.equal(en.bytesOf(13_000_000_000, 40_000_000_000, 'of'), '13.0 of 40 GB', 'as wide as a moment before')
  assert.equal(en.bytesOf(50, 40, 'of'), '40 of 40 B')
})

test('rates have one unit', () => {
  assert.deepEqual(
    [92_400_000, 9_960_000, 1_250_000, 20_000].map(rate => en.rate(rate)),
    ['92 MB/s', '10.0 MB/s', '1.3 MB/s', '< 0.1 MB/s']
  )
})

test('100 % is only said of the whole', () => {
  assert.deepEqual([0, 0.5, 0.999, 1].map(en.percent), ['0%', '50%', '99%', '100%'])
})

test('times left get coarser as they get longer', () => {
  assert.deepEqual([0, 7, 54, 56, 300, 7200, 200_000].map(spanOf), [
    { unit: 'seconds', n: 5 },
    { unit: 'seconds', n: 10 },
    { unit: 'seconds', n: 55 },
    { unit: 'minutes', n: 1 },
    { unit: 'minutes', n: 5 },
    { unit: 'hours', n: 2 },
    { unit: 'days', n: 2 }
  ])
})
