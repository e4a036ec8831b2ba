import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MAX_RUNNING, type ProvideInput, ProvideSchedule } from './provide-schedule.ts'

const HOUR = 60 * 60 * 1000
const ROOTS = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

type Step =
  | { do: 'add'; root: string; ageHours: number | undefined }
  | { do: 'remove'; root: string }
  | { do: 'peers'; count: number }
  | { do: 'settle'; pick: number; ok: boolean }
  | { do: 'wait'; hours: number }
  | { do: 'wake' } // what the shell does: sleep until nextWakeAt

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('add' as const),
    root: fc.constantFrom(...ROOTS),
    ageHours: fc.option(fc.double({ min: -5, max: 50, noNaN: true }), { nil: undefined })
  }),
  fc.record({ do: fc.constant('remove' as const), root: fc.constantFrom(...ROOTS) }),
  fc.record({ do: fc.constant('peers' as const), count: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ do: fc.constant('settle' as const), pick: fc.nat(), ok: fc.boolean() }),
  fc.record({ do: fc.constant('wait' as const), hours: fc.double({ min: 0, max: 30, noNaN: true }) }),
  fc.record({ do: fc.constant('wake' as const) })
)

/** Plays the shell and holds every claim the schedule makes after each input. */
function run(steps: readonly Step[], random: () => number): void {
  const schedule = new ProvideSchedule(random)
  const known = new Map<string, { providedAt: number | undefined }>()
  const running = new Map<number, string>()
  let peers = 0
  let now = 1e12
  const feed = (input: ProvideInput): void => {
    for (const effect of schedule.apply(input, now)) {
      if (effect.type === 'cancel') {
        assert.ok(running.delete(effect.id), 'only what runs is cancelled')
      } else if (effect.type === 'save') {
        assert.equal(effect.at, now)
        known.set(effect.root, { providedAt: now })
      } else {
        assert.ok(peers > 0, 'nothing starts without a DHT peer')
        assert.ok(known.has(effect.root), 'only roots that were added')
        assert.ok(![...running.values()].includes(effect.root), 'never the same root twice at once')
        const at = known.get(effect.root)?.providedAt
        assert.ok(at == null || now - at >= 17.99 * HOUR, 'never long before it is due')
        running.set(effect.id, effect.root)
      }
    }
    assert.ok(running.size <= MAX_RUNNING)
    const isFree = running.size < MAX_RUNNING
    const busy = [...running.values()]
    for (const [root, { providedAt }] of known) {
      const isNew = providedAt == null && !failed.has(root)
      assert.ok(!(isNew && peers > 0 && isFree && !busy.includes(root)), 'a new root starts at once')
    }
    const wakeAt = schedule.nextWakeAt(now)
    assert.ok(wakeAt == null || wakeAt > now, 'a wake-up lies ahead, or the shell would spin')
  }
  const failed = new Set<string>()
  for (const it of steps) {
    switch (it.do) {
      case 'add': {
        const providedAt = it.ageHours == null ? undefined : now - it.ageHours * HOUR
        const isAhead = providedAt != null && providedAt > now // the clock was set back: due now, and until it is provided
        if (!known.has(it.root)) known.set(it.root, { providedAt: isAhead ? Number.NEGATIVE_INFINITY : providedAt })
        feed({ type: 'add', root: it.root, ...(providedAt == null ? {} : { providedAt }) })
        break
      }
      case 'remove':
        known.delete(it.root)
        failed.delete(it.root)
        feed({ type: 'remove', root: it.root })
        assert.ok(![...running.values()].includes(it.root), 'what is removed is cancelled')
        break
      case 'peers':
        if (peers === 0 && it.count > 0) failed.clear()
        peers = it.count
        feed({ type: 'dht-peers', count: it.count })
        break
      case 'settle': {
        const id = [...running.keys()][it.pick % Math.max(1, running.size)]
        if (id == null) break
        if (!it.ok) failed.add(running.get(id) ?? '')
        else failed.delete(running.get(id) ?? '')
        running.delete(id)
        feed({ type: it.ok ? 'provided' : 'failed', id })
        feed({ type: 'provided', id }) // an answer that comes twice changes nothing
        break
      }
      case 'wait':
        now += it.hours * HOUR
        feed({ type: 'tick' })
        break
      case 'wake':
        now = schedule.nextWakeAt(now) ?? now
        feed({ type: 'tick' })
        break
      default:
        it satisfies never
    }
  }
}

test('whatever happens in whatever order, the schedule keeps its claims', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      (steps, dice) => run(steps, () => dice.next().value)
    ),
    { numRuns: 300 }
  )
})

test('a root that was provided in the future is tried until it is provided', () => {
  run([{ do: 'peers', count: 1 }, { do: 'add', root: 'a', ageHours: -1e-11 }, { do: 'settle', pick: 0, ok: false }, { do: 'wake' }], () => 0.5) // prettier-ignore
})

test('a root is provided again 18 to 22 hours later, spread by the dice', () => {
  for (const [dice, hours] of [
    [0, 18],
    [0.5, 20],
    [0.999999, 22]
  ] as const) {
    const schedule = new ProvideSchedule(() => dice)
    schedule.apply({ type: 'dht-peers', count: 1 }, 0)
    const [started] = schedule.apply({ type: 'add', root: 'a' }, 0)
    assert.equal(started?.type, 'provide')
    assert.deepEqual(schedule.apply({ type: 'provided', id: 1 }, 0), [{ type: 'save', root: 'a', at: 0 }])
    assert.ok(Math.abs((schedule.nextWakeAt(0) ?? 0) / HOUR - hours) < 0.001)
  }
})

test('a thousand roots that are due do not hold up a new one', () => {
  const schedule = new ProvideSchedule(() => 0.5)
  for (let i = 0; i < 1000; i++) schedule.apply({ type: 'add', root: `old ${i}`, providedAt: 0 }, 50 * HOUR)
  const started = schedule.apply({ type: 'dht-peers', count: 1 }, 50 * HOUR)
  assert.equal(started.length, MAX_RUNNING - 1)
  assert.equal(schedule.nextWakeAt(50 * HOUR), undefined, 'they wait for a place, not for a time')
  const effects = schedule.apply({ type: 'add', root: 'new' }, 50 * HOUR)
  assert.deepEqual(
    effects.map(effect => effect.type === 'provide' && effect.root),
    ['new']
  )
})

test('of many new roots at most four are provided at once', () => {
  const schedule = new ProvideSchedule(() => 0.5)
  for (let i = 0; i < 10; i++) schedule.apply({ type: 'add', root: `${i}` }, 0)
  assert.equal(schedule.apply({ type: 'dht-peers', count: 1 }, 0).length, MAX_RUNNING)
  assert.equal(schedule.apply({ type: 'provided', id: 1 }, 0).filter(({ type }) => type === 'provide').length, 1)
})

test('a clock that was set back makes a root due, not late', () => {
  const schedule = new ProvideSchedule(() => 0.5)
  schedule.apply({ type: 'dht-peers', count: 1 }, 0)
  assert.equal(schedule.apply({ type: 'add', root: 'a', providedAt: 1000 * HOUR }, 0).length, 1)
})

test('a failure is tried again with growing pauses, and at once when the first DHT peer comes', () => {
  const schedule = new ProvideSchedule(() => 0.5)
  schedule.apply({ type: 'dht-peers', count: 1 }, 0)
  schedule.apply({ type: 'add', root: 'a' }, 0)
  const pauses: number[] = []
  let now = 0
  for (let id = 1; id <= 8; id++) {
    schedule.apply({ type: 'failed', id }, now)
    const wakeAt = schedule.nextWakeAt(now) ?? 0
    pauses.push((wakeAt - now) / 1000)
    now = wakeAt
    schedule.apply({ type: 'tick' }, now)
  }
  assert.deepEqual(pauses, [30, 60, 120, 240, 480, 900, 900, 900])
  schedule.apply({ type: 'failed', id: 9 }, now)
  schedule.apply({ type: 'dht-peers', count: 0 }, now)
  assert.equal(schedule.nextWakeAt(now), undefined)
  assert.equal(schedule.apply({ type: 'dht-peers', count: 2 }, now)[0]?.type, 'provide')
})
