import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BatchWriter, DataReader, Flags, packedLeaves, type FrameHeader } from './data-frames.ts'
import { KNOWN_DATA } from '../testing/known-frames.ts'
import { DATA_HEADER_BYTES, MAX_FRAME_BYTES } from './limits.ts'
import { ExchangeCode, ExchangeError } from './codes.ts'

interface Got {
  header: FrameHeader
  payload: Uint8Array
}

/** Reads everything, keeping every payload; `allocated` is what was set aside for payload. */
function collect(): { reader: DataReader; got: Got[]; allocated: () => number } {
  const got: Got[] = []
  let allocated = 0
  const reader = new DataReader({
    begin: header => {
      allocated += header.length
      return new Uint8Array(header.length)
    },
    end: (header, payload) => got.push({ header: { ...header }, payload: payload ?? assert.fail() })
  })
  return { reader, got, allocated: () => allocated }
}

const frame = fc
  .record({
    request: fc.nat(0xffffffff),
    ordinal: fc.nat(0xffffffff),
    offset: fc.nat(0xffffffff),
    payload: fc.uint8Array({ maxLength: 300 })
  })
  .chain(it => fc.constantFrom(Flags.LAST, 0, Flags.SKELETON, Flags.PACKED).map(flags => ({ ...it, flags })))
  .map(({ payload, flags, ...it }): Got => {
    return {
      header: { ...it, length: payload.length, flags: payload.length === 0 ? Flags.LAST : flags },
      payload: payload.slice()
    }
  })

test('frames survive batches and any chunking', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 12 }), sizes, (frames, sizes) => {
      const batch = new BatchWriter()
      for (const { header, payload } of frames) batch.add(header, 0).set(payload)
      const stream = batch.take() ?? new Uint8Array(0)
      const { reader, got } = collect()
      for (let at = 0, i = 0; at < stream.length; i++) {
        const end = at + (sizes[i % sizes.length] ?? 1)
        reader.push(stream.subarray(at, end))
        at = end
      }
      assert.deepEqual(got, frames)
      assert.equal(reader.midFrame, false)
    }),
    { numRuns: 300 }
  )
})

test('known frames have the bytes of PROTOCOL.md', () => {
  for (const { title, header, payload, hex } of KNOWN_DATA) {
    const bytes = Buffer.from(payload.replaceAll(' ', ''), 'hex')
    const batch = new BatchWriter()
    batch.add(header, 0).set(bytes)
    const written = batch.take() ?? assert.fail()
    assert.equal(Buffer.from(written).toString('hex'), hex.replaceAll(' ', ''), title)
    const { reader, got } = collect()
    reader.push(written)
    assert.deepEqual(got, [{ header, payload: new Uint8Array(bytes) }], title)
  }
})

test('random bytes end in a PROTOCOL violation, and nothing over the limit is set aside', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 20, maxLength: 200 }), bytes => {
      const { reader, allocated } = collect()
      try {
        for (let i = 0; i < 20; i++) reader.push(bytes)
      } catch (error) {
        assert.ok(error instanceof ExchangeError && error.code === ExchangeCode.PROTOCOL)
      }
      assert.ok(allocated() <= 20 * bytes.length + MAX_FRAME_BYTES)
    }),
    { numRuns: 500 }
  )
})

test('lengths and flags no sender writes are refused with the header', () => {
  const header = { request: 1, ordinal: 0, offset: 0, length: 1, flags: Flags.LAST as number }
  const bad = [
    { ...header, length: MAX_FRAME_BYTES + 1 },
    { ...header, length: 0xffffffff },
    { ...header, length: 0x80000000 },
    { ...header, flags: 8 },
    { ...header, flags: 0x8004 },
    { ...header, flags: Flags.PACKED | Flags.LAST },
    { ...header, flags: 0, length: 0 }
  ]
  for (const it of bad) {
    const head = Buffer.alloc(DATA_HEADER_BYTES)
    head.writeUInt32BE(it.request, 0)
    head.writeUInt32BE(it.length, 12)
    head.writeUInt16BE(it.flags, 16)
    const { reader, allocated } = collect()
    assert.throws(() => reader.push(head), { code: ExchangeCode.PROTOCOL }, JSON.stringify(it))
    assert.equal(allocated(), 0)
  }
})

test('a packed frame is cut exactly or refused', () => {
  const payload = Buffer.from('000161000000026263', 'hex')
  assert.deepEqual(
    [...packedLeaves(payload, 3)].map(it => Buffer.from(it).toString()),
    ['a', '', 'bc']
  )
  for (const [bytes, count] of [
    [payload, 2],
    [payload, 4],
    [payload.subarray(0, 8), 3],
    [payload.subarray(0, 6), 3],
    [Buffer.from('ffff', 'hex'), 1]
  ] as const)
    assert.throws(() => [...packedLeaves(bytes, count)], { code: ExchangeCode.PROTOCOL })
})

test('four full frames make one write', () => {
  const batch = new BatchWriter()
  const header = { request: 1, ordinal: 0, offset: 0, length: MAX_FRAME_BYTES, flags: 0 }
  let frames = 0
  for (; batch.fits(MAX_FRAME_BYTES); frames++) batch.add(header, 4 * MAX_FRAME_BYTES)
  assert.equal(frames, 4)
  assert.equal(batch.take()?.length, BatchWriter.capacity)
  assert.equal(batch.take(), undefined)
})
