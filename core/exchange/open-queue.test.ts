// The queue against a model of a peer: what it opens arrives there late, what the peer says comes back late, and the peer keeps its own count.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TokenBucket } from '../token-bucket.ts'
import { ExchangeCode } from './codes.ts'
import * as limits from './limits.ts'
import { OpenQueue, type Wanting } from './open-queue.ts'
import { UnknownOpens } from './unknown-opens.ts'

/** How a peer counts unknown roots: as this version does, or as 0.1.0 did, which never forgave more than twenty LIMITs. */
const RULES = {
  now: () => {
    const opens = new UnknownOpens(0)
    return { take: (now: number) => opens.take(now), retryMs: (now: number) => opens.retryMs(now) }
  },
  '0.1.0': () => {
    const answered = new TokenBucket(10 / 60, 10, 0)
    let limited = 0
    const take = (now: number) => (answered.take(now) ? 'answer' : ++limited > 20 ? 'end' : 'limit')
    return { take, retryMs: (now: number) => answered.waitMs(now) }
  }
}

interface Root extends Wanting {
  isPreferred: boolean
  isBusy: boolean
  isHere: boolean // at the peer
  isUnheard: boolean // the peer never answers
  openedAt: number[]
  isServed: boolean // as the queue was told
}

class Peer {
  readonly queue = new OpenQueue<Root>(0)
  readonly roots = new Set<Root>()
  readonly #rules
  readonly #latencyMs: number
  readonly #onTheWay: { at: number; act: () => void }[] = []
  readonly #openThere = new Map<number, Root>()
  readonly #sids = new Map<Root, number>() // as the session knows them
  #nextSid = 1
  #made = 0
  now = 0

  constructor(rules: keyof typeof RULES, latencyMs: number) {
    this.#rules = RULES[rules]()
    this.#latencyMs = latencyMs
  }

  want(it: { isPreferred?: boolean; isHere?: boolean; isUnheard?: boolean } = {}): Root {
    const { isPreferred = false, isHere = false, isUnheard = false } = it
    const root = {
      key: `${this.#made++}`,
      isBusy: false,
      isPreferred,
      isHere,
      isUnheard,
      openedAt: [],
      isServed: false
    }
    this.roots.add(root)
    this.queue.add(root, this.now)
    this.#look()
    return root
  }

  close(root: Root): void {
    this.roots.delete(root)
    this.queue.delete(root, this.now)
    this.#closeAt(root)
    this.#look()
  }

  /** Looks as often as the queue says, at the least. */
  pass(ms: number): void {
    for (const end = this.now + ms; ;) {
      const due = this.#onTheWay[0]?.at ?? Infinity
      const next = Math.min(due, this.now + (this.queue.wakeMs(this.now) ?? Infinity))
      if (next > end) {
        this.now = end
        return
      }
      this.now = next
      if (due === next) this.#onTheWay.shift()?.act()
      this.#look()
    }
  }

  /** The peer has it from now on, and says so to whoever has it open. */
  comes(root: Root): void {
    root.isHere = true
    for (const [sid, there] of this.#openThere)
      if (there === root && !root.isUnheard) this.#answer(sid, root, ExchangeCode.OK, 0)
  }

  isOpen(root: Root): boolean {
    return this.#sids.has(root)
  }

  #look(): void {
    for (let step = this.queue.next(this.now); step != null; step = this.queue.next(this.now)) {
      if (step.close != null) {
        assert.ok(!step.close.isBusy, 'closed under somebody')
        assert.equal(step.wasServed, step.close.isServed)
        if (step.close.isPreferred && !step.close.isUnheard)
          assert.ok(step.open.isPreferred, 'a wanted root made room for one that waits')
        step.close.isServed = false
        this.#closeAt(step.close)
      }
      assert.ok(this.roots.has(step.open) && !this.#sids.has(step.open), 'opened twice, or after its end')
      this.#openAt(step.open)
      assert.ok(this.#sids.size <= limits.OWN_OPEN_ROOTS, 'too many at once')
    }
  }

  #openAt(root: Root): void {
    const sid = this.#nextSid++
    this.#sids.set(root, sid)
    root.openedAt.push(this.now)
    this.#later(() => {
      assert.ok(this.#openThere.size < limits.MAX_OPEN_ROOTS, 'more than the peer holds')
      this.#openThere.set(sid, root)
      if (root.isUnheard) return
      if (root.isHere) return this.#answer(sid, root, ExchangeCode.OK, 0)
      const verdict = this.#rules.take(this.now)
      assert.notEqual(verdict, 'end', 'the peer hung up')
      if (verdict === 'answer') return this.#answer(sid, root, ExchangeCode.NOT_FOUND, 0)
      this.#openThere.delete(sid)
      this.#answer(sid, root, ExchangeCode.LIMIT, this.#rules.retryMs(this.now))
    })
  }

  #closeAt(root: Root): void {
    const sid = this.#sids.get(root)
    this.#sids.delete(root)
    if (sid != null) this.#later(() => this.#openThere.delete(sid))
  }

  #answer(sid: number, root: Root, code: ExchangeCode, retryMs: number): void {
    this.#later(() => {
      if (this.#sids.get(root) !== sid) {
        this.queue.answeredLate(this.roots.has(root) ? root : undefined, code, retryMs, this.now)
      } else {
        root.isServed = code === ExchangeCode.OK
        if (!this.queue.answered(root, code, retryMs, this.now)) this.#sids.delete(root)
      }
    })
  }

  #later(act: () => void): void {
    this.#onTheWay.push({ at: this.now + this.#latencyMs, act })
  }
}

const rules = fc.constantFrom<keyof typeof RULES>('now', '0.1.0')
const some = fc.nat(200)
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('want' as const), count: fc.nat(40), isPreferred: fc.boolean() })
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('here' as const), isPreferred: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('unheard' as const) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('close' as const), nth: some, count: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('prefer' as const), nth: some }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('busy' as const), nth: some }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('comes' as const), nth: some }) },
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.constantFrom(1, 50, 700, 6_000, 61_000) })
  }
)

function act(peer: Peer, it: typeof step extends fc.Arbitrary<infer T> ? T : never): void {
  const roots = [...peer.roots]
  const root = 'nth' in it ? roots[it.nth % Math.max(1, roots.length)] : undefined
  switch (it.type) {
    case 'want':
      for (let i = 0; i < it.count && peer.roots.size < 150; i++) peer.want(it.isPreferred && i < 5 ? it : {})
      break
    case 'here':
      peer.want({ isHere: true, isPreferred: it.isPreferred })
      break
    case 'unheard':
      peer.want({ isUnheard: true })
      break
    case 'close':
      for (const one of roots.slice(it.nth % Math.max(1, roots.length)).slice(0, it.count)) peer.close(one)
      break
    case 'prefer':
      if (root != null) root.isPreferred = !root.isPreferred
      break
    case 'busy':
      if (root?.isServed === true && roots.filter(one => one.isBusy).length < 30) root.isBusy = true
      break
    case 'comes':
      if (root != null) peer.comes(root)
      break
    case 'pass':
      peer.pass(it.ms)
      break
    default:
      it satisfies never
  }
}

test('a session never holds too many, is never hung up on, and everybody gets a turn, whatever comes', () => {
  fc.assert(
    fc.property(
      rules,
      fc.constantFrom(0, 1, 80, 900),
      fc.array(step, { maxLength: 60, size: 'max' }),
      (rules, latency, steps) => {
        const peer = new Peer(rules, latency)
        for (const it of steps) act(peer, it)
        const before = peer.now
        peer.pass(30 * 60_000)
        for (const root of peer.roots) {
          assert.ok(peer.isOpen(root) || root.openedAt.some(at => at >= before), 'nobody waits for ever')
          if (root.isHere && root.isPreferred && !root.isUnheard)
            assert.ok(root.isServed, 'what is wanted and there is open')
        }
      }
    ),
    { numRuns: 40 }
  )
})

for (const [title, at] of [
  ['first', 0],
  ['in the middle', 50],
  ['last', 99]
] as const) {
  test(`a hundred roots, one of them there, opened ${title}: it is open within ten round trips`, () => {
    const peer = new Peer('now', 50)
    const roots = Array.from({ length: 100 }, (_, i) => peer.want({ isHere: i === at }))
    peer.pass(1_000)
    assert.ok(roots[at]?.isServed === true)
    assert.ok(
      roots.every(root => root.openedAt.length === 1),
      'each was asked about once'
    )
  })
}

test('a root that is wanted goes before a hundred that wait, whatever the peer lets us ask', () => {
  const peer = new Peer('0.1.0', 50)
  for (let i = 0; i < 100; i++) peer.want()
  peer.pass(60_000)
  const wanted = peer.want({ isHere: true, isPreferred: true })
  peer.pass(10_000)
  assert.ok(wanted.isServed)
})

test('a hundred roots that are all there: the wanted ones are open at once, and make no room', () => {
  const peer = new Peer('now', 50)
  const roots = Array.from({ length: 100 }, () => peer.want({ isHere: true }))
  peer.pass(5_000)
  assert.equal(roots.filter(root => root.isServed).length, limits.OWN_OPEN_ROOTS)
  for (const root of roots.slice(90)) root.isPreferred = true
  peer.pass(1_200)
  assert.ok(roots.slice(90).every(root => root.isServed))
  peer.pass(600_000)
  assert.ok(roots.slice(90).every(root => root.isServed && root.openedAt.length === 1))
  assert.ok(
    roots.every(root => root.openedAt.length > 0),
    'the idle ones took turns'
  )
})

test('a root of which something is asked keeps its place, whoever waits', () => {
  const peer = new Peer('now', 50)
  const roots = Array.from({ length: 100 }, () => peer.want({ isHere: true }))
  peer.pass(5_000)
  for (const root of roots) root.isBusy = root.isServed
  const wanted = peer.want({ isHere: true, isPreferred: true })
  peer.pass(600_000)
  assert.equal(wanted.isServed, false)
  roots[0]!.isBusy = false
  peer.pass(2_000)
  assert.ok(wanted.isServed)
})

test('what the peer has is not paced', () => {
  const peer = new Peer('0.1.0', 10)
  for (let i = 0; i < 300; i++) {
    const root = peer.want({ isHere: true })
    peer.pass(100)
    assert.ok(root.isServed)
    peer.close(root)
  }
})

test('after LIMIT nothing is opened before the peer said so, except what it served before', () => {
  const queue = new OpenQueue<Root>(0)
  const root = (key: string): Root => ({
    key,
    isPreferred: true,
    isBusy: false,
    isHere: false,
    isUnheard: false,
    openedAt: [],
    isServed: false
  })
  const [served, limited, next] = [root('served'), root('limited'), root('next')]
  queue.add(served, 0)
  assert.equal(queue.next(0)?.open, served)
  queue.answered(served, ExchangeCode.OK, 0, 0)
  queue.delete(served, 0)
  queue.add(limited, 0)
  assert.equal(queue.next(0)?.open, limited)
  assert.equal(queue.answered(limited, ExchangeCode.LIMIT, 100_000, 0), false)
  queue.add(next, 0)
  const again = root('served')
  queue.add(again, 0)
  assert.equal(queue.next(50_000)?.open, again)
  queue.answered(again, ExchangeCode.OK, 0, 50_000)
  assert.equal(queue.next(99_999), undefined)
  assert.notEqual(queue.next(100_000), undefined)
})

test('Opens that are never answered hold nobody up for ever', () => {
  const peer = new Peer('now', 50)
  for (let i = 0; i < limits.OWN_OPEN_ROOTS; i++) peer.want({ isUnheard: true })
  const here = peer.want({ isHere: true })
  peer.pass(15 * 60_000)
  assert.ok(here.isServed)
})

test('Opens that were taken back before they were answered are counted until the answer can be here', () => {
  const peer = new Peer('0.1.0', 500)
  const opened: Root[] = []
  for (let i = 0; i < 40; i++) {
    const root = peer.want()
    opened.push(root)
    peer.close(root)
  }
  assert.equal(opened.filter(root => root.openedAt.length > 0).length, limits.OWN_OPENS_FIRST)
  const here = peer.want({ isHere: true })
  peer.pass(4_000)
  assert.ok(here.isServed)
})

test('a peer of 0.1.0 that answered many over time is not taken for one that takes many at once', () => {
  const peer = new Peer('0.1.0', 0)
  for (let i = 0; i < 3; i++) peer.want()
  peer.pass(61_000)
  for (let i = 0; i < 31; i++) peer.want()
  peer.pass(600_000)
})
