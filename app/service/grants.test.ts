import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Grants } from './grants.ts'

test('a grant works once, for its own use, and old ones give way', () => {
  const grants = new Grants()
  const grant = grants.issue('/a', 'read')
  assert.throws(() => grants.take(grant, 'write'), { code: 'forbidden' })
  assert.throws(() => grants.take(grant, 'read'), { code: 'forbidden' }, 'a wrong use spends it')
  const second = grants.issue('/b', 'write')
  assert.equal(grants.take(second, 'write'), '/b')
  assert.throws(() => grants.take(second, 'write'), { code: 'forbidden' })
  const oldest = grants.issue('/c', 'read')
  for (let n = 0; n < 20_000; n++) grants.issue(`/${n}`, 'read')
  assert.throws(() => grants.take(oldest, 'read'), { code: 'forbidden' })
})
