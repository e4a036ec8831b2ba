// Frames with the bytes they must have. PROTOCOL.md shows the same ones; its test compares the two.
import type { ControlMessage } from '../exchange/messages.ts'

const nonce = Uint8Array.from({ length: 16 }, (_, i) => i)
/** CIDv1, raw, sha2-256 of the empty leaf. */
const root = Buffer.from('01551220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'hex')

export const KNOWN_CONTROL: readonly { title: string; message: ControlMessage; hex: string }[] = [
  {
    title: 'Hello from a server',
    message: {
      type: 'hello',
      version: 1,
      features: [],
      maxOutBytes: 33_554_432,
      maxRequests: 64,
      agent: 'shoal/0.1.0',
      nonce,
      name: 'Kind Mango'
    },
    hex: '00000035 01 0801 1880808010 2040 2a0b73686f616c2f302e312e30 3210000102030405060708090a0b0c0d0e0f 3a0a4b696e64204d616e676f'
  },
  {
    title: 'Open',
    message: { type: 'open', sid: 1, root: new Uint8Array(root) },
    hex: '00000029 02 0801 122401551220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  },
  {
    title: 'Info: ready, 5,000,000 bytes in 5 leaves, skeleton of 262 bytes',
    message: {
      type: 'info',
      sid: 1,
      code: 0,
      state: 0,
      root: new Uint8Array(0),
      size: 5_000_000,
      leaves: 5,
      skeletonBytes: 262,
      retryMs: 0,
      name: 'a.bin'
    },
    hex: '00000014 03 0801 28c096b102 3005 388602 4a05612e62696e'
  },
  {
    title: 'Info: not found',
    message: {
      type: 'info',
      sid: 2,
      code: 3,
      state: 0,
      root: new Uint8Array(0),
      size: 0,
      leaves: 0,
      skeletonBytes: 0,
      retryMs: 0,
      name: ''
    },
    hex: '00000005 03 0802 1003'
  },
  {
    title: 'Skeleton: the first 1 MiB',
    message: { type: 'skeleton', req: 1, sid: 1, offset: 0, maxBytes: 1_048_576 },
    hex: '00000009 04 0801 1001 20808040'
  },
  {
    title: 'Have: everything',
    message: { type: 'have', sid: 1, kind: 0, start: 0, bits: new Uint8Array(0) },
    hex: '00000003 05 0801'
  },
  {
    title: 'Have: ordinals 8, 9 and 15 were added',
    message: { type: 'have', sid: 1, kind: 3, start: 8, bits: Uint8Array.of(0x83) },
    hex: '0000000a 05 0801 1003 1808 220183'
  },
  {
    title: 'Choke: no longer, up to 32 MiB may be queued',
    message: { type: 'choke', choke: false, slotsBytes: 33_554_432 },
    hex: '00000006 06 1080808010'
  },
  {
    title: 'Request: leaves 0 to 3 and leaf 300',
    message: {
      type: 'request',
      req: 2,
      sid: 1,
      runs: [
        { start: 0, count: 4 },
        { start: 300, count: 1 }
      ]
    },
    hex: '00000010 07 0802 1001 1a021004 1a0508ac021001'
  },
  {
    title: 'Cancel: request 2',
    message: { type: 'cancel', reqs: [2], runs: [], sid: 0, all: false },
    hex: '00000004 08 0a0102'
  },
  {
    title: 'Cancel: leaves 2 and 3 of sid 1, in whatever request',
    message: { type: 'cancel', reqs: [], runs: [{ start: 2, count: 2 }], sid: 1, all: false },
    hex: '00000009 08 120408021002 1801'
  },
  {
    title: 'Reject: leaves 2 and 3 of request 2 were cancelled',
    message: { type: 'reject', req: 2, ordinal: 2, count: 2, code: 8, retryMs: 0 },
    hex: '00000009 09 0802 1002 1802 2008'
  },
  {
    title: 'Pex',
    message: { type: 'pex', sid: 1, records: [Uint8Array.of(1, 2, 3)] },
    hex: '00000008 0a 0801 1203010203'
  },
  { title: 'Bye: shutting down', message: { type: 'bye', code: 10 }, hex: '00000003 0b 080a' },
  { title: 'Close', message: { type: 'close', sid: 1 }, hex: '00000003 0c 0801' },
  {
    title: 'BulkAsk',
    message: { type: 'bulkAsk', id: 1, certificate: new Uint8Array(32).fill(0x11) },
    hex: `00000025 0d 0801 1220${'11'.repeat(32)}`
  },
  {
    title: 'BulkOffer: on port 4002',
    message: {
      type: 'bulkOffer',
      id: 1,
      code: 0,
      port: 4002,
      certificate: new Uint8Array(32).fill(0x22),
      token: new Uint8Array(16).fill(0x33)
    },
    hex: `0000003a 0e 0801 18a21f 2220${'22'.repeat(32)} 2a10${'33'.repeat(16)}`
  },
  {
    title: 'BulkLost: five leaves had arrived',
    message: { type: 'bulkLost', id: 1, leaves: 5 },
    hex: '00000005 0f 0801 1005'
  }
]

/** Data frames: header fields, payload, bytes. */
export const KNOWN_DATA = [
  {
    title: 'Leaf 300, 5 bytes, whole',
    header: { request: 2, ordinal: 300, offset: 0, length: 5, flags: 4 },
    payload: '68656c6c6f',
    hex: '00000002 0000012c 00000000 00000005 0004 0000 68656c6c6f'
  },
  {
    title: 'Leaves 0 to 2 packed: "a", the empty leaf, "bc"',
    header: { request: 2, ordinal: 0, offset: 3, length: 9, flags: 2 },
    payload: '0001 61 0000 0002 6263',
    hex: '00000002 00000000 00000003 00000009 0002 0000 0001 61 0000 0002 6263'
  },
  {
    title: 'The end of a skeleton range: 2 bytes at 260',
    header: { request: 1, ordinal: 0, offset: 260, length: 2, flags: 5 },
    payload: 'cafe',
    hex: '00000001 00000000 00000104 00000002 0005 0000 cafe'
  }
] as const
