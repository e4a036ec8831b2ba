import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CODES, CodedError } from '../../core/errors.ts'
import { fromWire, toWire } from './wire-error.ts'

test('every code survives the trip as two strings', () => {
  for (const code of CODES) {
    const back = fromWire(JSON.parse(JSON.stringify(toWire(new CodedError(code, `about ${code}`)))) as never)
    assert.deepEqual([back.code, back.message], [code, `about ${code}`])
  }
})

test('what nobody foresaw says nothing of itself', () => {
  const wire = toWire(new Error('ENOENT: /home/somebody/secret', { cause: 'x' }))
  assert.equal(wire.code, 'internal')
  assert.ok(!JSON.stringify(wire).includes('secret'))
  assert.deepEqual(Object.keys(wire), ['code', 'message'])
})

test('an abort is cancelled; a code from another version is internal', () => {
  assert.equal(toWire(AbortSignal.abort().reason).code, 'cancelled')
  assert.equal(fromWire({ code: 'toString', message: 'x' }).code, 'internal')
  assert.equal(fromWire({ code: 'not-found', message: 5 }).code, 'internal')
})
