import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  DownloadQueue,
  GRACE_MS,
  MAX_OPEN,
  OPEN_MS,
  type QueueInput,
  type Urgency,
  URGED_MS
} from './download-queue.ts'

const RANK = { none: 0, first: 1, now: 2 }

/** Plays the shell: what is open, who has a turn, and whom somebody could send. */
class Shell {
  readonly queue: DownloadQueue
  readonly open = new Set<string>()
  readonly active = new Set<string>()
  /** When it was opened, and whether somebody could send it, as last said. */
  readonly opened = new Map<string, { at: number; isAble: boolean }>()
  readonly turnAt = new Map<string, number>()
  readonly urged = new Map<string, { urgency: Urgency; at: number }>()
  readonly maxOpen: number
  limit: number
  now = 0
  closings = 0

  constructor(limit: number, maxOpen = MAX_OPEN) {
    this.limit = limit
    this.maxOpen = maxOpen
    this.queue = new DownloadQueue(limit, maxOpen)
  }

  feed(input: QueueInput): void {
    if (input.type === 'limit') this.limit = input.active
    if (input.type === 'remove') for (const set of [this.open, this.active]) set.delete(input.id)
    if (input.type === 'report' && this.open.has(input.id)) this.opened.get(input.id)!.isAble = input.canReceive
    if (input.type === 'add' || input.type === 'urge') this.#noteUrgency(input)
    const effects = this.queue.apply(input, this.now)
    for (const [i, { type, id }] of effects.entries()) {
      if (type === 'open') {
        assert.ok(!this.open.has(id) && this.open.add(id), `${id} is opened once`)
        this.opened.set(id, { at: this.now, isAble: false })
      }
      if (type === 'close') {
        assert.ok(this.open.delete(id) && !this.active.has(id), 'what has a turn is not closed')
        assert.ok(effects[i + 1]?.type === 'open', 'it is closed for another one')
        this.#judge(id, effects[i + 1]!.id)
      }
      if (type === 'go')
        assert.ok(this.open.has(id) && !this.active.has(id) && this.active.add(id), 'a turn is given once')
      if (type === 'go') this.turnAt.set(id, this.now)
      if (type === 'hold') assert.ok(this.active.delete(id), 'only a turn that was given is taken')
    }
    assert.ok(this.active.size <= this.limit, `${this.active.size} of ${this.limit}`)
    assert.ok(this.open.size <= this.maxOpen)
    assert.ok(this.open.size === this.maxOpen || this.urgedIn().every(id => this.open.has(id)), 'no place stays free')
    assert.equal(this.queue.active, this.active.size)
    for (const id of this.queue.waiting()) assert.ok(!this.active.has(id), 'who has a turn does not wait')
  }

  #noteUrgency({ type, id, urgency }: Extract<QueueInput, { type: 'add' | 'urge' }>): void {
    if (this.queue.has(id) === (type === 'add')) return // nothing comes of it
    const isLast = type === 'urge' && urgency === 'now'
    if (isLast) for (const it of this.urged.values()) if (it.urgency === 'now') it.urgency = 'first'
    this.urged.set(id, { urgency, at: this.now })
  }

  urgedIn(): string[] {
    return [...this.urged.keys()].filter(id => this.queue.has(id))
  }

  /** Only what is less urgent gives way at once; among equals one that nobody could send for long. */
  #judge(leaver: string, to: string): void {
    this.closings++
    const urgencyOf = (id: string): number => {
      const { urgency, at } = this.urged.get(id)!
      return this.now - at < URGED_MS ? RANK[urgency] : 0
    }
    const { at, isAble } = this.opened.get(leaver)!
    if (urgencyOf(leaver) < urgencyOf(to)) return
    assert.equal(urgencyOf(leaver), urgencyOf(to), `${leaver} is more urgent than ${to}`)
    assert.ok(!isAble, `somebody could send ${leaver}, and ${to} is no more urgent`)
    assert.ok(this.now - at >= OPEN_MS, `${leaver} was open for ${this.now - at} ms, and ${to} is no more urgent`)
  }

  add(...ids: string[]): void {
    for (const id of ids) this.feed({ type: 'add', id, urgency: 'none' })
  }

  report(id: string, canReceive: boolean, bytes = 0): void {
    this.feed({ type: 'report', id, canReceive, bytes })
  }

  pass(ms: number): void {
    const step = Math.max(1_000, ms / 50)
    for (const end = this.now + ms; this.now < end;) {
      this.now = Math.min(end, this.now + step)
      this.feed({ type: 'tick' })
    }
  }
}

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `d${i}`)

test('as many as may receive do, the others wait in the queue', () => {
  const it = new Shell(2)
  it.add(...names(5))
  for (const id of names(5)) it.report(id, true)
  assert.deepEqual([...it.active], ['d0', 'd1'])
  assert.deepEqual(it.queue.waiting(), ['d2', 'd3', 'd4'])
  it.pass(10 * OPEN_MS)
  assert.deepEqual([...it.active], ['d0', 'd1'], 'who receives is left alone')
  it.feed({ type: 'remove', id: 'd0' })
  assert.deepEqual([...it.active], ['d1', 'd2'])
  it.feed({ type: 'limit', active: 4 })
  assert.deepEqual([...it.active], ['d1', 'd2', 'd3', 'd4'])
  it.feed({ type: 'limit', active: 1 })
  assert.deepEqual([...it.active], ['d1'], 'those that began last wait again')
  assert.deepEqual(it.queue.waiting(), ['d2', 'd3', 'd4'])
})

test('one that can go on is not behind sixty that cannot', () => {
  const it = new Shell(1)
  it.add(...names(60), 'good')
  for (const id of names(60)) it.report(id, false)
  it.report('good', true)
  it.pass(2 * GRACE_MS)
  assert.deepEqual([...it.active], ['good'])
  assert.equal(it.open.size, 61, 'the others listen all the same')
  it.report('d7', true)
  assert.deepEqual(it.queue.waiting()[0], 'd1', 'who was not tried waits for its turn too')
  it.feed({ type: 'remove', id: 'good' })
  assert.deepEqual([...it.active], ['d7'])
})

test('a turn that nobody sends in is given on, and comes again later and later', () => {
  const it = new Shell(1)
  it.add('silent')
  it.report('silent', true)
  const turns: number[] = []
  for (let second = 0; second < 400; second++) {
    const others = [0, 1].map(next => `b${Math.floor(second / 5) + next}`) // each done after five seconds, and the next one waits
    for (const other of others) {
      if (!it.queue.has(other)) it.add(other)
      it.report(other, true, second)
    }
    if (it.active.has('silent')) {
      turns.push(second)
      it.report('silent', false) // nobody sent
      it.pass(GRACE_MS)
      it.report('silent', true) // without a turn it looks as if somebody could
    } else it.pass(1_000)
    if (second % 5 === 4) it.feed({ type: 'remove', id: others[0] ?? '' })
  }
  const pauses = turns.slice(1).map((second, i) => second - (turns[i] ?? 0))
  assert.ok(turns.length >= 3, `${turns.length} turns`)
  assert.deepEqual(
    pauses,
    pauses.toSorted((x, y) => x - y)
  )
  assert.ok(pauses[0]! >= 30, 'not before those that can go on')
  assert.deepEqual([...it.active], ['b80'])
  it.report('silent', false)
  it.report('silent', true)
  it.add('c')
  it.report('c', true)
  it.feed({ type: 'remove', id: 'b80' })
  assert.deepEqual([...it.active], ['silent'], 'somebody else came: it may try at once')
})

test('first and now: in place of others, the last word counts', () => {
  const it = new Shell(2)
  it.add('a', 'b', 'c', 'd')
  for (const id of ['a', 'b', 'c', 'd']) it.report(id, true)
  it.feed({ type: 'add', id: 'get', urgency: 'first' })
  assert.deepEqual([...it.active], ['a', 'get'], 'at once, in place of the one that began last')
  assert.deepEqual(it.queue.waiting(), ['b', 'c', 'd'])
  it.report('get', true)
  it.feed({ type: 'urge', id: 'd', urgency: 'now' })
  assert.deepEqual([...it.active].toSorted(), ['d', 'get'])
  it.feed({ type: 'urge', id: 'c', urgency: 'now' })
  it.feed({ type: 'urge', id: 'b', urgency: 'now' })
  assert.ok(it.active.has('b'), 'whoever was asked for last goes now')
  it.feed({ type: 'add', id: 'second', urgency: 'first' })
  assert.ok(!it.active.has('second'), 'all that go on were asked for')
  const waiting = it.queue.waiting()
  assert.ok(waiting.indexOf('second') < waiting.indexOf('a'), 'it waits before those that were not')
})

test('an order that was changed is kept, and numbers stay the same ones', () => {
  const it = new Shell(1)
  it.add('a', 'b', 'c', 'd')
  for (const id of ['a', 'b', 'c', 'd']) it.report(id, true)
  it.feed({ type: 'move', id: 'd', before: 'b' })
  assert.deepEqual(it.queue.waiting(), ['d', 'b', 'c'])
  it.feed({ type: 'move', id: 'd', before: null })
  assert.deepEqual(it.queue.waiting(), ['b', 'c', 'd'])
  it.feed({ type: 'move', id: 'nobody', before: 'b' })
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map(id => it.queue.order(id)),
    [1, 2, 3, 4]
  )
  it.feed({ type: 'add', id: 'earlier', urgency: 'none', order: 2 })
  assert.deepEqual(it.queue.waiting(), ['b', 'earlier', 'c', 'd'])
})

test('one that moves among others with the same number stands where it was moved to', () => {
  const it = new Shell(1)
  it.feed({ type: 'add', id: 'a', urgency: 'none', order: 1 })
  for (const id of ['b', 'c', 'd']) it.feed({ type: 'add', id, urgency: 'none', order: 2 })
  it.add('last')
  for (const id of it.open) it.report(id, true)
  it.feed({ type: 'move', id: 'd', before: 'b' })
  assert.deepEqual(it.queue.waiting(), ['d', 'b', 'c', 'last'])
  it.feed({ type: 'move', id: 'b', before: null })
  assert.deepEqual(it.queue.waiting(), ['d', 'c', 'last', 'b'])
  it.add('new')
  assert.equal(it.queue.waiting().at(-1), 'new')
})

test('more urgent ones than may be open do not push each other out', () => {
  const it = new Shell(3)
  const urgent = names(MAX_OPEN + 50)
  for (const id of urgent) it.feed({ type: 'add', id, urgency: 'first' })
  for (let second = 0; second < 59; second++) {
    for (const id of it.open) it.report(id, false)
    it.pass(1_000)
  }
  assert.equal(it.closings, 0)
  it.pass(2 * OPEN_MS)
  assert.ok(it.closings >= 50, 'each has its minute')
})

test('one asked for by name that nobody can send stays open as long as that counts, beside any number of others', () => {
  const it = new Shell(3)
  it.feed({ type: 'add', id: 'get', urgency: 'first' })
  it.add(...names(2 * MAX_OPEN))
  const openUntil = (ms: number): void => {
    while (it.now < ms) {
      for (const id of it.open) it.report(id, false)
      it.pass(1_000)
      if (it.now < URGED_MS) assert.ok(it.open.has('get'), `closed after ${it.now} ms`)
    }
  }
  openUntil(URGED_MS + 2 * OPEN_MS)
  assert.ok(!it.open.has('get'), 'then it is one like the others')
  it.feed({ type: 'urge', id: 'get', urgency: 'first' })
  assert.ok(it.open.has('get'))
})

test('of very many every one is opened by and by', () => {
  const it = new Shell(3)
  const all = names(250)
  const opened = new Set<string>()
  it.add(...all)
  for (let round = 0; round < 400 && opened.size < all.length; round++) {
    for (const id of it.open) {
      opened.add(id)
      it.report(id, false)
    }
    it.pass(5_000)
  }
  assert.equal(opened.size, 250)
})

test('whatever happens: never more than may be, and nobody who could receive waits for one who could not', () => {
  const id = fc.integer({ min: 0, max: 12 }).map(n => `d${n}`)
  const urgency = fc.constantFrom('none', 'first', 'now')
  const step = fc.oneof(
    fc.record({ type: fc.constant('add'), id, urgency }),
    fc.record({ type: fc.constant('add'), id, urgency: fc.constant('first') }),
    fc.record({ type: fc.constant('add'), id, urgency: fc.constant('none') }),
    fc.record({ type: fc.constant('remove'), id }),
    fc.record({ type: fc.constant('urge'), id, urgency }),
    fc.record({ type: fc.constant('report'), id, canReceive: fc.boolean(), bytes: fc.nat(1000) }),
    fc.record({ type: fc.constant('report'), id, canReceive: fc.boolean(), bytes: fc.nat(1000) }),
    fc.record({ type: fc.constant('move'), id, before: fc.option(id) }),
    fc.record({ type: fc.constant('limit'), active: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ type: fc.constant('pass'), ms: fc.constantFrom(100, 1_000, 40_000, 130_000) })
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), fc.constantFrom(4, 7, MAX_OPEN), (steps, maxOpen) => {
      const it = new Shell(2, maxOpen)
      for (const one of steps) {
        if (one.type === 'pass') it.pass(one.ms)
        else it.feed(one as QueueInput) // what the record above makes is one
      }
      it.pass(31 * 60_000) // every rest is over
      const waiting = [...it.open].filter(it2 => it.opened.get(it2)?.isAble === true && !it.active.has(it2))
      const hasTried = (id2: string): boolean => it.now - it.turnAt.get(id2)! >= GRACE_MS // one just opened may be asked for by name
      const useless = [...it.active].filter(it2 => it.opened.get(it2)?.isAble !== true && hasTried(it2))
      assert.ok(waiting.length === 0 || (useless.length === 0 && it.active.size === it.limit), 'no turn is wasted')
    }),
    { numRuns: 2_000 }
  )
})
