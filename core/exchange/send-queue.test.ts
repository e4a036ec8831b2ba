import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  MAX_FRAME_BYTES,
  MAX_QUEUED_BYTES,
  MAX_QUEUED_PIECES,
  MAX_QUEUED_RUNS,
  MAX_RUN_LEAVES,
  PACK_LEAF_BYTES
} from './limits.ts'
import { ExchangeCode, type Run } from './codes.ts'
import { SampleServable } from '../testing/sample-servable.ts'
import { disjoint, SendQueue, type Unit } from './send-queue.ts'
import { OpenedRoot } from './opened-root.ts'

function served(sizes: readonly number[]): OpenedRoot {
  const servable = new SampleServable('s', sizes)
  const root = new OpenedRoot(1, servable.root)
  root.attach(servable, () => {})
  return root
}

function ordinals({ start, count }: Run): number[] {
  return Array.from({ length: count }, (_, i) => start + i)
}

type Step =
  | { do: 'add'; start: number; count: number; gap: number; more: number }
  | { do: 'next' }
  | { do: 'over'; nth: number }
  | { do: 'cancel'; start: number; count: number; req: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('add' as const),
    start: fc.nat(90),
    count: fc.integer({ min: 1, max: 30 }),
    gap: fc.nat(5),
    more: fc.nat(10)
  }),
  fc.constant<Step>({ do: 'next' }),
  fc.record({ do: fc.constant('over' as const), nth: fc.nat(20) }),
  fc.record({
    do: fc.constant('cancel' as const),
    start: fc.nat(99),
    count: fc.integer({ min: 1, max: 60 }),
    req: fc.nat(8)
  })
)

test('an ordinal is queued, out, or over: never two of these, never none', () => {
  const size = fc.constantFrom(0, 10, 5000, 16_384, 16_385, 1_000_000)
  fc.assert(
    fc.property(
      fc.array(size, { minLength: 100, maxLength: 100 }),
      fc.array(step, { maxLength: 60 }),
      (sizes, steps) => {
        const root = served(sizes)
        const waiting = new Set<string>() // asked for and not over
        const out: Unit[] = []
        const end = (req: number, ordinal: number, count: number) => {
          for (let i = ordinal; i < ordinal + count; i++)
            assert.ok(waiting.delete(`${req}/${i}`), `${req}/${i} was over`)
        }
        const queue = new SendQueue((req, ordinal, count) => end(req, ordinal, count))
        const finish = (unit: Unit) => {
          end(unit.job.req, unit.start, unit.count)
          queue.over(unit, unit.count, unit.bytes)
        }
        let req = 0
        for (const step of steps) {
          if (step.do === 'add') {
            const next = step.start + step.count + step.gap
            const runs = [
              { start: step.start, count: step.count },
              { start: next, count: step.more + 1 }
            ]
            req++
            for (const ordinal of runs.flatMap(ordinals)) waiting.add(`${req}/${ordinal}`)
            queue.addRuns(req, root, runs)
          }
          const unit = step.do === 'next' ? queue.next() : undefined
          if (unit != null) out.push(unit)
          const [done] = step.do === 'over' ? out.splice(step.nth % Math.max(1, out.length), 1) : []
          if (done != null) finish(done)
          if (step.do === 'cancel')
            queue.cancel(
              job => step.req === 0 || job.req === step.req,
              ExchangeCode.CANCELLED,
              disjoint([
                { start: step.start, count: step.count },
                { start: Math.max(0, step.start - step.count), count: 1 }
              ])
            )
          assert.ok(queue.pieces <= MAX_QUEUED_PIECES)
          assert.ok(queue.runs <= MAX_QUEUED_RUNS && queue.bytes <= MAX_QUEUED_BYTES)
        }
        for (const unit of out) finish(unit)
        for (let unit = queue.next(); unit != null; unit = queue.next()) finish(unit)
        assert.deepEqual([...waiting], [])
        assert.deepEqual([queue.runs, queue.bytes], [0, 0])
      }
    ),
    { numRuns: 200 }
  )
})

test('small leaves are taken out as many as fill a frame, never across runs', () => {
  const queue = new SendQueue(() => assert.fail('rejected'))
  const root = served([...Array.from({ length: 40 }, () => 4096), PACK_LEAF_BYTES + 1, 10, 20, 30])
  queue.addRuns(1, root, [
    { start: 0, count: 43 },
    { start: 43, count: 1 }
  ])
  const units: [string, number, number][] = []
  for (let unit = queue.next(); unit != null; unit = queue.next()) {
    units.push([unit.kind, unit.start, unit.count])
    if (unit.kind === 'pack') assert.ok(unit.bytes + 2 * unit.count <= MAX_FRAME_BYTES)
  }
  assert.deepEqual(units, [
    ['pack', 0, 15],
    ['pack', 15, 15],
    ['pack', 30, 10],
    ['leaf', 40, 1],
    ['pack', 41, 2],
    ['leaf', 43, 1]
  ])
})

test('a request number in use is a violation; one that is over may come again', () => {
  const queue = new SendQueue(() => {})
  const root = served([1, 2])
  queue.addRuns(1, root, [{ start: 0, count: 1 }])
  assert.throws(() => queue.addRuns(1, root, [{ start: 1, count: 1 }]), { code: ExchangeCode.PROTOCOL })
  assert.throws(() => queue.addRange(1, root, 0, 1), { code: ExchangeCode.PROTOCOL })
  queue.cancel(() => true, ExchangeCode.CANCELLED)
  queue.addRuns(1, root, [{ start: 1, count: 1 }])
})

test('cancels that cut everything into pieces leave a bounded number of them, and end nothing that was not cancelled', () => {
  const leaves = MAX_QUEUED_RUNS * MAX_RUN_LEAVES
  const servable = new SampleServable('many', Array<number>(leaves).fill(0))
  const root = new OpenedRoot(1, servable.root)
  root.attach(servable, () => {})
  const over = new Uint8Array(leaves)
  const queue = new SendQueue((_req, ordinal, count) => {
    for (let i = ordinal; i < ordinal + count; i++) over[i]!++
  })
  const runs = Array.from({ length: MAX_QUEUED_RUNS }, (_, i) => ({ start: i * MAX_RUN_LEAVES, count: MAX_RUN_LEAVES }))
  for (let req = 0; req < MAX_QUEUED_RUNS; req += 16) queue.addRuns(req, root, runs.slice(req, req + 16))
  for (let at = 1; at < 128 * 1024; at += 128) {
    const cancelled = Array.from({ length: 64 }, (_, i) => ({ start: at + 2 * i, count: 1 }))
    queue.cancel(() => true, ExchangeCode.CANCELLED, disjoint(cancelled))
    assert.ok(queue.pieces <= MAX_QUEUED_PIECES, `${queue.pieces} pieces`)
    for (const { start } of cancelled) assert.equal(over[start + 1], 0, 'what was not is not')
  }
  queue.cancel(() => true, ExchangeCode.CANCELLED)
  assert.ok(over.every(times => times === 1))
  assert.deepEqual([queue.runs, queue.bytes, queue.pieces], [0, 0, 0])
})

test('runs that overlap or touch are one', () => {
  const runs = [{ start: 5, count: 2 }, { start: 0, count: 3 }, { start: 3, count: 1 }, { start: 1, count: 1 }] // prettier-ignore
  assert.deepEqual(disjoint(runs), [{ start: 0, count: 4 }, { start: 5, count: 2 }]) // prettier-ignore
})

test('what a request costs goes by its runs, not by the leaves they cover', () => {
  const servable = new SampleServable('many', Array<number>(16 * MAX_RUN_LEAVES).fill(0))
  const root = new OpenedRoot(1, servable.root)
  root.attach(servable, () => {})
  const refused: ExchangeCode[] = []
  const queue = new SendQueue((_req, _ordinal, _count, code) => refused.push(code))
  const runs = Array.from({ length: 16 }, (_, i) => ({ start: i * MAX_RUN_LEAVES, count: MAX_RUN_LEAVES }))
  for (let req = 1; req <= 4; req++) queue.addRuns(req, root, runs)
  assert.deepEqual([queue.runs, refused.length], [MAX_QUEUED_RUNS, 0])
  const { lookUps } = servable
  assert.ok(lookUps <= MAX_QUEUED_RUNS, `${lookUps} look-ups for ${MAX_QUEUED_RUNS} runs`)
  queue.addRuns(5, root, runs)
  assert.deepEqual(new Set(refused), new Set([ExchangeCode.LIMIT]))
  assert.equal(servable.lookUps, lookUps, 'nothing is added up of what there is no room for')
  queue.cancel(() => true, ExchangeCode.CANCELLED)
  assert.deepEqual([queue.runs, queue.bytes], [0, 0])
  assert.ok(servable.lookUps - lookUps <= MAX_QUEUED_RUNS, `${servable.lookUps - lookUps} look-ups for a Cancel`)
})
