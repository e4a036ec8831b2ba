// The receiving end by itself: what a socket would give it, one piece at a time.
import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { MAX_BLOCK_BYTES } from '../exchange/limits.ts'
import { BulkReceiving } from './bulk-receiving.ts'
import { BULK_HEADER_BYTES } from './bulk-sending.ts'

function header(length: number): Buffer {
  const head = Buffer.alloc(BULK_HEADER_BYTES)
  head.writeUInt32BE(length, 8)
  return head
}

/** As TLSWrap does it: into the target, as often as it takes. */
function feed(receiving: BulkReceiving, bytes: Uint8Array): boolean {
  let goesOn = true
  for (let at = 0; at < bytes.length;) {
    const target = receiving.target()
    const part = bytes.subarray(at, at + target.length)
    target.set(part)
    at += part.length
    goesOn = receiving.advance(part.length)
  }
  return goesOn
}

test('there is always room for what comes next: a socket that is offered none spins, and its thread with it', () => {
  for (const length of [0, MAX_BLOCK_BYTES + 1, 0xffffffff]) {
    const receiving = new BulkReceiving(1, () => {})
    assert.ok(receiving.target().length > 0)
    assert.throws(() => feed(receiving, header(length)), /A leaf of \d+ bytes/)
    assert.ok(receiving.target().length > 0, `after a leaf of ${length} bytes`)
  }
  const receiving = new BulkReceiving(1, () => {})
  feed(receiving, header(1))
  assert.equal(receiving.target().length, 1)
  feed(receiving, Buffer.alloc(1))
  assert.ok(receiving.target().length > 0)
})

test('leaves that are hardly any bytes are held up too: each is a message to the session', () => {
  let told = 0
  const receiving = new BulkReceiving(1, () => told++)
  const frame = Buffer.concat([header(1), Buffer.alloc(1)])
  while (told < 10_000 && feed(receiving, frame)) continue
  assert.equal(told, 128)
  const socket = new PassThrough()
  for (; told > 0; told--) receiving.taken(1, socket)
  assert.equal(feed(receiving, frame), true)
})
