import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CodedError } from '../errors.ts'
import { bytes, number, varint } from '../testing/crafted-dag.ts'
import { Cursor } from './cursor.ts'

function malformed(read: (cursor: Cursor) => unknown, message: Buffer): void {
  const around = Buffer.concat([message, Buffer.alloc(20, 1)]) // what follows a message is not part of it
  assert.throws(
    () => read(new Cursor(around, 0, message.length)),
    error => error instanceof CodedError && error.code === 'bad-content'
  )
}

const value = fc.oneof(fc.maxSafeNat(), fc.nat(300), fc.constantFrom(0, 127, 128, 2 ** 32, 2 ** 53 - 1))

test('numbers and bytes come back, others are stepped over', () => {
  fc.assert(
    fc.property(value, fc.uint8Array(), value, (first, content, second) => {
      const message = Buffer.concat([number(1, first), bytes(2, content), bytes(3, content), number(17, second)])
      const cursor = new Cursor(message, 0, message.length)
      const step = (): number => (cursor.next() ? cursor.field : -1)
      assert.equal(step(), 1)
      assert.equal(cursor.number(), first)
      assert.equal(step(), 2)
      const start = cursor.span()
      assert.deepEqual([...message.subarray(start, cursor.at)], [...content])
      assert.equal(step(), 3)
      cursor.skip()
      assert.equal(step(), 17)
      assert.equal(cursor.number(), second)
      assert.equal(step(), -1)
    })
  )
})

test('nothing beyond the message is read', () => {
  malformed(cursor => cursor.varint(), Buffer.of(0x80))
  malformed(cursor => cursor.next(), Buffer.of(0x80))
  malformed(cursor => cursor.next() && cursor.span(), Buffer.of(0x0a, 2, 1))
  malformed(cursor => cursor.next() && cursor.skip(), Buffer.of(0x08, 0x80))
  malformed(cursor => cursor.next() && cursor.skip(), Buffer.concat([Buffer.of(0x09), Buffer.alloc(7)]))
  malformed(cursor => cursor.next() && cursor.skip(), Buffer.concat([Buffer.of(0x0d), Buffer.alloc(3)]))
})

test('wrong types and numbers that are too big', () => {
  malformed(cursor => cursor.next() && cursor.number(), bytes(1, ''))
  malformed(cursor => cursor.next() && cursor.span(), number(1, 0))
  malformed(cursor => cursor.next() && cursor.skip(), Buffer.of(0x0b))
  malformed(cursor => cursor.varint(), varint(2 ** 53))
  malformed(cursor => cursor.varint(), Buffer.concat([Buffer.alloc(10, 0x80), Buffer.of(0)]))
})
