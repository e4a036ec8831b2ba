import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MachineIsOff } from '../../core/simulation/machine.ts'
import { isOff } from './off.ts'

test('what a machine that is off threw is known in whatever it was wrapped', () => {
  const off = new MachineIsOff('off')
  const other = new Error('something else')
  assert.ok(isOff(new Error('wrapped', { cause: off })))
  assert.ok(isOff(new SuppressedError(off, other)))
  assert.ok(isOff(new Error('wrapped', { cause: new SuppressedError(other, off) })))
  assert.ok(!isOff(new SuppressedError(other, other)))
  assert.ok(!isOff('off'))
})
