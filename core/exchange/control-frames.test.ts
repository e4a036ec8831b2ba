import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ControlReader, controlFrame } from './control-frames.ts'
import { KNOWN_CONTROL } from '../testing/known-frames.ts'
import { ExchangeCode, ExchangeError, HaveKind, type ControlMessage, type RootState, type Run } from './messages.ts'
import * as limits from './limits.ts'

const u32 = fc.nat(0xffffffff)
const sid = fc.integer({ min: 1, max: 0xffffffff })
const bytesUpTo = (maxLength: number) => fc.uint8Array({ maxLength }).map(bytes => bytes.slice())
const shortText = fc.string({ unit: 'binary', maxLength: 20 })
const code = fc.constantFrom(...Object.values(ExchangeCode))
const retryMs = fc.nat(limits.MAX_RETRY_MS)
const runs = (minLength: number) =>
  fc
    .array(fc.tuple(fc.integer({ min: 1, max: 60_000 }), fc.nat(5)), { minLength, maxLength: limits.MAX_MESSAGE_RUNS })
    .map(parts => {
      let at = 0
      return parts.map(([count, gap]): Run => ({ start: (at += count + gap) - count, count }))
    })

const message: fc.Arbitrary<ControlMessage> = fc
  .oneof(
    fc.record({
      type: fc.constant('hello' as const),
      version: sid,
      features: fc.array(u32, { maxLength: limits.MAX_FEATURES }),
      maxOutBytes: u32,
      maxRequests: u32,
      agent: shortText,
      nonce: fc.constantFrom(new Uint8Array(0), new Uint8Array(16).fill(7)),
      name: shortText
    }),
    fc.record({ type: fc.constant('open' as const), sid, root: bytesUpTo(limits.MAX_ROOT_BYTES) }),
    fc.record({
      type: fc.constant('info' as const),
      sid,
      code,
      state: fc.constantFrom<RootState>(0, 1, 2, 3),
      root: bytesUpTo(limits.MAX_ROOT_BYTES),
      size: fc.maxSafeNat(),
      leaves: fc.nat(limits.MAX_LEAVES),
      skeletonBytes: fc.nat(limits.MAX_SKELETON_BYTES),
      retryMs,
      name: shortText
    }),
    fc.record({
      type: fc.constant('skeleton' as const),
      req: u32,
      sid,
      offset: fc.nat(limits.MAX_SKELETON_BYTES),
      maxBytes: fc.integer({ min: 1, max: limits.MAX_SKELETON_RANGE })
    }),
    fc.record({
      type: fc.constant('have' as const),
      sid,
      kind: fc.constantFrom<HaveKind>(2, 3, 4),
      start: fc.nat(1000).map(n => n * 8),
      bits: bytesUpTo(300)
    }),
    fc.record({ type: fc.constant('choke' as const), choke: fc.boolean(), slotsBytes: u32 }),
    fc.record({ type: fc.constant('request' as const), req: u32, sid, runs: runs(1) }),
    fc.record({
      type: fc.constant('cancel' as const),
      reqs: fc.array(u32, { maxLength: limits.MAX_MESSAGE_RUNS }),
      runs: runs(0),
      sid,
      all: fc.boolean()
    }),
    fc.record({
      type: fc.constant('reject' as const),
      req: u32,
      ordinal: fc.nat(limits.MAX_LEAVES),
      count: fc.nat(limits.MAX_LEAVES),
      code,
      retryMs
    }),
    fc.record({
      type: fc.constant('pex' as const),
      sid,
      records: fc.array(bytesUpTo(200), { maxLength: limits.MAX_PEX_RECORDS })
    }),
    fc.record({ type: fc.constant('bye' as const), code }),
    fc.record({ type: fc.constant('close' as const), sid })
  )
  .map(it => ({ ...it })) // an ordinary prototype

/** All messages of a byte stream cut at the given sizes, over and over. */
function read(stream: Uint8Array, sizes: readonly number[]): (ControlMessage | undefined)[] {
  const got: (ControlMessage | undefined)[] = []
  const reader = new ControlReader(it => got.push(it))
  for (let at = 0, i = 0; at < stream.length; i++) {
    const end = at + (sizes[i % sizes.length] ?? 1)
    reader.push(stream.subarray(at, end))
    at = end
  }
  assert.equal(reader.midFrame, false)
  return got
}

test('messages survive any chunking', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), sizes, (messages, sizes) => {
      assert.deepEqual(read(Buffer.concat(messages.map(controlFrame)), sizes), messages)
    }),
    { numRuns: 300 }
  )
})

test('known messages have the bytes of PROTOCOL.md', () => {
  for (const { title, message, hex } of KNOWN_CONTROL) {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    assert.equal(Buffer.from(controlFrame(message)).toString('hex'), bytes.toString('hex'), title)
    assert.deepEqual(read(bytes, [bytes.length]), [message], title)
  }
})

test('random and damaged bytes end in a PROTOCOL violation and nothing else', () => {
  const damaged = fc.tuple(
    fc.array(message, { minLength: 1, maxLength: 3 }),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1 })
  )
  const stream = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    damaged.map(([messages, hits]) => {
      const bytes = Buffer.concat(messages.map(controlFrame))
      for (const [at, value] of hits) bytes[at % bytes.length] = value
      return bytes
    }),
    // a plausible frame around random protobuf: gets past the length every time
    fc.tuple(fc.integer({ min: 1, max: 12 }), fc.uint8Array({ maxLength: 80 })).map(([type, body]) => {
      return Uint8Array.of(0, 0, 0, body.length + 1, type, ...body)
    })
  )
  let refused = 0
  fc.assert(
    fc.property(stream, bytes => {
      try {
        new ControlReader(() => {}).push(bytes)
      } catch (error) {
        assert.ok(error instanceof ExchangeError && error.code === ExchangeCode.PROTOCOL, String(error))
        refused++
      }
    }),
    { numRuns: 1500 }
  )
  assert.ok(refused > 100)
})

test('a length over the limit is refused before anything is held', () => {
  for (const length of [0, limits.MAX_CONTROL_BYTES + 1, 0x7fffffff, 0x80000000, 0xffffffff]) {
    const reader = new ControlReader(() => assert.fail('no message'))
    const head = Buffer.alloc(4)
    head.writeUInt32BE(length)
    assert.throws(() => reader.push(head), { name: 'ExchangeError', code: ExchangeCode.PROTOCOL })
  }
})

test('values over their limits are refused', () => {
  const refused: ControlMessage[] = [
    { type: 'skeleton', req: 1, sid: 1, offset: 0, maxBytes: limits.MAX_SKELETON_RANGE + 1 },
    { type: 'skeleton', req: 1, sid: 1, offset: limits.MAX_SKELETON_BYTES + 1, maxBytes: 1 },
    { type: 'have', sid: 1, kind: HaveKind.SET, start: 4, bits: Uint8Array.of(1) },
    { type: 'have', sid: 1, kind: HaveKind.FULL, start: 0, bits: Uint8Array.of(1) },
    { type: 'have', sid: 1, kind: HaveKind.BITS, start: 0, bits: new Uint8Array(limits.MAX_HAVE_BYTES + 1) },
    { type: 'request', req: 1, sid: 1, runs: [] },
    { type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 0 }] },
    { type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: limits.MAX_RUN_LEAVES + 1 }] },
    { type: 'request', req: 1, sid: 1, runs: Array.from({ length: 65 }, (_, i) => ({ start: i * 2, count: 1 })) },
    {
      type: 'request',
      req: 1,
      sid: 1,
      runs: [
        { start: 5, count: 2 },
        { start: 0, count: 6 }
      ]
    },
    { type: 'pex', sid: 1, records: Array.from({ length: 17 }, () => Uint8Array.of(1)) },
    { type: 'pex', sid: 1, records: [new Uint8Array(limits.MAX_PEX_RECORD_BYTES + 1)] },
    { type: 'open', sid: 0, root: new Uint8Array(36) },
    { type: 'open', sid: 1, root: new Uint8Array(limits.MAX_ROOT_BYTES + 1) },
    {
      type: 'hello',
      version: 1,
      features: [],
      maxOutBytes: 0,
      maxRequests: 0,
      agent: '',
      nonce: Uint8Array.of(1),
      name: ''
    },
    {
      type: 'hello',
      version: 1,
      features: [],
      maxOutBytes: 0,
      maxRequests: 0,
      agent: '',
      nonce: new Uint8Array(0),
      name: 'n'.repeat(256)
    }
  ]
  for (const message of refused) {
    const reader = new ControlReader(() => assert.fail(`accepted ${JSON.stringify(message)}`))
    assert.throws(() => reader.push(controlFrame(message)), { code: ExchangeCode.PROTOCOL }, message.type)
  }
})

test('what a later version adds is read over', () => {
  const later = Buffer.from('000000040cb006010000000301080100000003630801', 'hex') // Close with field 102, Hello, type 99
  const got: unknown[] = []
  new ControlReader(it => got.push(it?.type)).push(later)
  assert.deepEqual(got, ['close', 'hello', undefined])
})
