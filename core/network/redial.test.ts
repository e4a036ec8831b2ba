import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MAX_DIALLING, Redial, type RedialInput } from './redial.ts'

const KEYS = Array.from({ length: 12 }, (_, i) => `peer ${i}`)

type Step =
  { do: 'input'; type: 'want' | 'unwant' | 'connected' | 'disconnected' | 'failed'; key: string } | { do: 'wake' }
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('input' as const),
    type: fc.constantFrom('want', 'want', 'want', 'unwant', 'connected', 'disconnected', 'failed'),
    key: fc.constantFrom(...KEYS)
  }),
  fc.record({ do: fc.constant('wake' as const) })
)

test('dials only what is wanted and lost, never twice at once, never too many, and never forgets one', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), steps => {
      const redial = new Redial(() => 0.5)
      const wanted = new Map<string, 'up' | 'down' | 'dialling'>()
      let now = 0
      const feed = (input: RedialInput): void => {
        for (const { key } of redial.apply(input, now)) {
          assert.equal(wanted.get(key), 'down', 'wanted, lost, and not being dialled')
          wanted.set(key, 'dialling')
        }
        const states = [...wanted.values()]
        const dialling = states.filter(state => state === 'dialling').length
        assert.ok(dialling <= MAX_DIALLING)
        const wakeAt = redial.nextWakeAt()
        const mustWake = states.includes('down') && dialling < MAX_DIALLING
        assert.equal(wakeAt != null, mustWake, 'what is lost is dialled some time')
        assert.ok(wakeAt == null || (wakeAt > now && wakeAt <= now + 75_001))
      }
      for (const it of steps) {
        if (it.do === 'wake') {
          now = redial.nextWakeAt() ?? now
          feed({ type: 'tick' })
          continue
        }
        const state = wanted.get(it.key)
        if (it.type === 'want' && state == null) wanted.set(it.key, 'down')
        if (it.type === 'unwant') wanted.delete(it.key)
        if (it.type === 'connected' && state != null) wanted.set(it.key, 'up')
        if (it.type === 'disconnected' && state === 'up') wanted.set(it.key, 'down')
        if (it.type === 'failed' && state === 'dialling') wanted.set(it.key, 'down')
        feed(it.type === 'want' ? { type: 'want', key: it.key, isConnected: false } : { type: it.type, key: it.key })
      }
    }),
    { numRuns: 300 }
  )
})

test('the pauses grow from one second to one minute and start anew after a connection', () => {
  const redial = new Redial(() => 0.5)
  redial.apply({ type: 'want', key: 'a', isConnected: false }, 0)
  const pauses: number[] = []
  let now = 0
  for (let i = 0; i < 8; i++) {
    redial.apply({ type: 'failed', key: 'a' }, now)
    const wakeAt = redial.nextWakeAt() ?? 0
    pauses.push((wakeAt - now) / 1000)
    now = wakeAt
    redial.apply({ type: 'tick' }, now)
  }
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 60, 60])
  redial.apply({ type: 'connected', key: 'a' }, now)
  redial.apply({ type: 'disconnected', key: 'a' }, now)
  assert.equal(redial.nextWakeAt(), now + 1000)
  now += 1000
  redial.apply({ type: 'tick' }, now)
  redial.apply({ type: 'failed', key: 'a' }, now)
  assert.equal(redial.nextWakeAt(), now + 1000)
})

test('of many peers lost at once only a few are dialled at a time', () => {
  const redial = new Redial(() => 0.5)
  for (const key of KEYS) redial.apply({ type: 'want', key, isConnected: true }, 0)
  for (const key of KEYS) assert.deepEqual(redial.apply({ type: 'disconnected', key }, 0), [])
  assert.equal(redial.apply({ type: 'tick' }, 1000).length, MAX_DIALLING)
  assert.equal(redial.apply({ type: 'failed', key: KEYS[0] ?? '' }, 1000).length, 1)
})
