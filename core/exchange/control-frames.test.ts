import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ControlReader, controlFrame } from './control-frames.ts'
import { KNOWN_CONTROL } from '../testing/known-frames.ts'
import type { Kind } from './control-fields.ts'
import { MESSAGES } from './control-messages.ts'
import { ExchangeCode, ExchangeError, HaveKind, type Run } from './codes.ts'
import type { ControlMessage, ControlType } from './messages.ts'
import * as limits from './limits.ts'

const atLeast1 = fc.integer({ min: 1, max: 0xffffffff })
const bytesUpTo = (maxLength: number) => fc.uint8Array({ maxLength }).map(bytes => bytes.slice())
const runs = (minLength: number, maxLength: number) =>
  fc.array(fc.tuple(fc.integer({ min: 1, max: 60_000 }), fc.nat(5)), { minLength, maxLength }).map(parts => {
    let at = 0
    return parts.map(([count, gap]): Run => ({ start: (at += count + gap) - count, count }))
  })

const VALUES: Record<Kind<unknown>['is'], (max: number) => fc.Arbitrary<unknown>> = {
  number: max => fc.integer({ min: 0, max }),
  bool: () => fc.boolean(),
  text: () => fc.string({ unit: 'binary', maxLength: 20 }),
  bytes: max => bytesUpTo(Math.min(max, 300)),
  numbers: maxLength => fc.array(fc.nat(0xffffffff), { maxLength }),
  runs: max => runs(0, max),
  'many bytes': maxLength => fc.array(bytesUpTo(200), { maxLength })
}

/** Fields that must not be just anything: what else `wrong` would refuse. */
const CHOSEN: { readonly [T in ControlType]?: Readonly<Record<string, fc.Arbitrary<unknown>>> } = {
  hello: { version: atLeast1, nonce: fc.constantFrom(new Uint8Array(0), new Uint8Array(16).fill(7)) },
  open: { sid: atLeast1 },
  skeleton: { maxBytes: fc.integer({ min: 1, max: limits.MAX_SKELETON_RANGE }) },
  have: { kind: fc.constantFrom(HaveKind.BITS, HaveKind.SET, HaveKind.UNSET), start: fc.nat(1000).map(n => n * 8) },
  request: { runs: runs(1, limits.MAX_MESSAGE_RUNS) },
  bulkAsk: { id: atLeast1, certificate: fc.constant(new Uint8Array(32).fill(7)) },
  bulkOffer: {
    port: fc.integer({ min: 1, max: 65_535 }),
    certificate: fc.constant(new Uint8Array(32).fill(7)),
    token: fc.constant(new Uint8Array(16).fill(7))
  }
}

function messageOf([type, { fields }]: (typeof TYPES)[number]): fc.Arbitrary<ControlMessage> {
  const values = Object.entries<Kind<unknown>>(fields).map(([name, { is, max }]) => [name, VALUES[is](max)] as const)
  const record = fc.record({ type: fc.constant(type), ...Object.fromEntries(values), ...CHOSEN[type] })
  return record.map(it => ({ ...it }) as unknown as ControlMessage) // with an ordinary prototype, and the fields that the table gives it
}

const TYPES = Object.entries(MESSAGES) as [ControlType, (typeof MESSAGES)[ControlType]][] // its keys are the types
const message = fc.oneof(...TYPES.map(messageOf))

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
