// The model: fast-check drives, this file plays the shell and keeps its own books. What the machine says about itself is
// not believed.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fakePlan, sampleScheduler } from '../testing/fake-plan.ts'
import type { Effect, Input, RejectReason } from './inputs-and-effects.ts'
import * as limits from './limits.ts'
import type { HaveChange } from './pending-have.ts'
import { createRandom } from './random.ts'
import type { Scheduler } from './scheduler.ts'

const MIB = 1_048_576
const ROOM = 8 * MIB

const leaf = fc.record({
  name: fc.constantFrom(...'abcdefghijkl'.split('')),
  sizeBytes: fc.constantFrom(1_000, 300_000, MIB, 2 * MIB),
  isWanted: fc.nat(3).map(n => n > 0),
  isHad: fc.nat(5).map(n => n === 0)
})
const peer = fc.constantFrom('p1', 'p2', 'p3')
const is = <T extends string>(type: T): fc.Arbitrary<T> => fc.constant(type)
const bits = fc.uint8Array({ minLength: 1, maxLength: 2 })
const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ type: is('peer-opened'), peer, rttMs: fc.constantFrom(0, 100, 4_000) }) },
  fc.record({ type: is('peer-left'), peer }),
  {
    weight: 3,
    arbitrary: fc.record({ type: is('have-received'), peer, kind: fc.constantFrom('full' as const, 'none' as const) })
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: is('have-received'),
      peer,
      kind: fc.constantFrom('bits' as const, 'set' as const, 'unset' as const),
      bits
    })
  },
  fc.record({ type: is('choke-changed'), peer, choked: fc.boolean() }),
  { weight: 3, arbitrary: fc.record({ type: is('bytes-received'), nth: fc.nat(20), bytes: fc.nat(400_000) }) },
  { weight: 9, arbitrary: fc.record({ type: is('leaf-received'), nth: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ type: is('late'), nth: fc.nat(20) }) },
  { weight: 6, arbitrary: fc.record({ type: is('verified'), nth: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ type: is('leaf-refuted'), nth: fc.nat(9) }) },
  fc.record({ type: is('leaf-lost'), nth: fc.nat(9) }),
  {
    weight: 3,
    arbitrary: fc.record({
      type: is('reject-received'),
      nth: fc.nat(20),
      reason: fc.constantFrom<RejectReason>(
        'not-have',
        'not-have',
        'changed',
        'busy',
        'limit',
        'io',
        'denied',
        'cancelled'
      ),
      retryMs: fc.constantFrom(0, 3_000)
    })
  },
  fc.record({ type: is('room-changed'), bytes: fc.constantFrom(0, MIB, ROOM, 64 * MIB) }),
  fc.record({ type: is('limit-changed'), bytesPerSecond: fc.constantFrom(0, 0, 1_000_000) }),
  { weight: 4, arbitrary: fc.record({ type: is('wait'), ms: fc.constantFrom(0, 20, 300, 2_500, 11_000, 61_000) }) },
  fc.record({ type: is('paused') }),
  { weight: 2, arbitrary: fc.record({ type: is('resumed') }) }
)

type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never

interface Open {
  peer: string
  ordinal: number
  got: number
  request: { isStruck: boolean } // the one it is part of
  isRetry?: boolean // it could not be read there before
}

interface Known {
  rttMs: number
  offers: Set<number> | undefined // undefined: said nothing yet
  unread: Map<number, { tries: number; until: number }> // what could not be read there, and until when it is not asked for
  choked: boolean
  quietSince: number
  heldUntil: number
  snubbed: boolean
  restUntil: number // it backs off at least until then
  lame: boolean // fell silent for long, or refuses everything: may rest until it comes back
  rate: boolean
}

const nth = <T>(list: readonly T[], n: number): T | undefined => list[n % Math.max(1, list.length)]

class Model {
  readonly sizes: number[]
  readonly names: string[]
  readonly leaves: Drawn<typeof leaf>[]
  readonly scheduler: Scheduler
  readonly peers = new Map<string, Known>()
  readonly refused = new Map<string, Set<string>>()
  readonly strikes = new Map<string, { at: number; weight: number }[]>()
  readonly banned = new Set<string>()
  readonly open: Open[] = []
  readonly cancelled: Open[] = []
  readonly verifying: Open[] = []
  readonly missing = new Set<string>() // names neither written nor being verified
  readonly written: number[] = []
  now = 0
  room = limits.MAX_OUT_BYTES
  limited = false
  running = true
  isDone = false
  isStarved = false

  constructor(leaves: Drawn<typeof leaf>[], seed: number) {
    this.leaves = leaves
    this.names = leaves.map(it => it.name)
    // one multihash has one length
    this.sizes = leaves.map(it => leaves.find(other => other.name === it.name)!.sizeBytes)
    for (const it of leaves) if (it.isWanted && !it.isHad) this.missing.add(it.name)
    this.scheduler = sampleScheduler({
      plan: fakePlan(this.names, this.sizes),
      have: { has: i => leaves[i]!.isHad },
      wanted: { has: i => leaves[i]!.isWanted },
      random: createRandom(seed)
    })
  }

  feed(input: Input): void {
    let accepted = 0
    for (const effect of this.scheduler.apply(input, this.now)) accepted += this.perform(effect, input)
    if (input.type !== 'leaf-received') assert.equal(accepted, 0, 'accepted out of the blue')
    for (const [id, known] of this.peers) {
      if (!known.snubbed || this.heldBy(id).length > 0) continue
      known.snubbed = false
      known.restUntil = this.now + 30_000
    }
    this.check()
  }

  perform(effect: Effect, input: Input): number {
    switch (effect.type) {
      case 'request':
        this.request = { isStruck: false }
        for (const run of effect.runs) {
          assert.ok(run.count > 0)
          for (let i = 0; i < run.count; i++) this.asked(effect.peer, run.start + i, input)
        }
        assert.ok(effect.runs.length <= limits.MAX_REQUEST_RUNS)
        break
      case 'cancel':
        for (const run of effect.runs) {
          for (let i = 0; i < run.count; i++) this.cancelled.push(this.end(effect.peer, run.start + i))
        }
        break
      case 'accept': {
        assert.ok(input.type === 'leaf-received' && input.peer === effect.peer && input.ordinal === effect.ordinal)
        const name = this.names[effect.ordinal]!
        assert.ok(this.missing.delete(name), 'accepted what is not missing')
        this.verifying.push({ peer: effect.peer, ordinal: effect.ordinal, got: 0, request: this.request })
        return 1
      }
      case 'ban':
        assert.ok(this.banned.has(effect.peer), 'banned for nothing')
        this.forget(effect.peer)
        break
      case 'starved':
        assert.ok(
          this.running && !this.someoneSends() && this.verifying.length === 0,
          'starved while somebody can send'
        )
        break
      case 'done':
        assert.equal(this.missing.size + this.verifying.length, 0, 'done too early')
        this.isDone = true
        break
      default:
        effect satisfies never
    }
    return 0
  }

  request = { isStruck: false }

  asked(id: string, ordinal: number, input: Input): void {
    const known = this.peers.get(id)
    const name = this.names[ordinal]!
    assert.ok(known != null, 'asked of somebody who is not here')
    assert.ok(
      this.running && !known.choked && !known.snubbed && this.now >= known.heldUntil,
      'asked of whom it must not'
    )
    assert.ok(this.missing.has(name), 'wanted')
    assert.ok(known.offers?.has(ordinal) === true && this.refused.get(id)?.has(name) !== true, 'offered')
    assert.ok(this.mayRead(known, ordinal), 'asked again too soon for what cannot be read')
    const others = this.open.filter(it => this.names[it.ordinal] === name)
    assert.ok(others.filter(it => !this.peers.get(it.peer)!.snubbed).length < 2, 'never three times')
    for (const other of others) {
      assert.notEqual(other.peer, id, 'twice of one peer')
      const late = this.peers.get(other.peer)!.snubbed
      const endgame = input.type === 'time-passed' && this.unasked().length === 0
      assert.ok(late || endgame, 'never doubled')
    }
    if (!this.leaves[ordinal]!.isWanted) {
      assert.ok(
        !this.at(name).some(i => this.leaves[i]!.isWanted && known.offers!.has(i) && this.mayRead(known, i)) ||
          input.type === 'time-passed'
      )
    }
    if (this.heldBy(id).length === 0) known.quietSince = this.now
    this.open.push({ peer: id, ordinal, got: 0, request: this.request, isRetry: known.unread.has(ordinal) })
    const bytes = this.heldBy(id).reduce((sum, it) => sum + this.sizes[it.ordinal]!, 0)
    const window = known.rate ? limits.MAX_PEER_OUT_BYTES : limits.EXTENT_BYTES
    assert.ok(bytes <= window || this.heldBy(id).length === 1, 'per-peer limit')
    assert.ok(this.outstanding() <= limits.MAX_OUT_BYTES, 'limit in all')
    assert.ok(this.outstanding() <= this.room, 'no more than the disk takes')
  }

  end(id: string, ordinal: number): Open {
    const at = this.open.findIndex(it => it.peer === id && it.ordinal === ordinal)
    assert.notEqual(at, -1, 'ended something that was not open')
    return this.open.splice(at, 1)[0]!
  }

  forget(id: string): void {
    this.peers.delete(id)
    for (const it of this.heldBy(id)) this.end(id, it.ordinal)
  }

  strike(id: string, weight: number): void {
    const recent = (this.strikes.get(id) ?? []).filter(it => it.at > this.now - limits.STRIKE_MS)
    this.strikes.set(id, [...recent, { at: this.now, weight }])
    if (this.strikes.get(id)!.reduce((sum, it) => sum + it.weight, 0) >= 3) this.banned.add(id)
  }

  at(name: string): number[] {
    return this.names.flatMap((it, i) => (it === name ? [i] : []))
  }
  heldBy(id: string): Open[] {
    return this.open.filter(it => it.peer === id)
  }
  outstanding(): number {
    return this.open.reduce((sum, it) => sum + this.sizes[it.ordinal]!, 0)
  }
  /** Missing, and asked of nobody, or only of peers that fell silent. */
  unasked(): string[] {
    const asked = new Set(this.open.filter(it => !this.peers.get(it.peer)!.snubbed).map(it => this.names[it.ordinal]!))
    return [...this.missing].filter(name => !asked.has(name))
  }
  canGet(id: string, name: string): boolean {
    const known = this.peers.get(id)!
    if (this.refused.get(id)?.has(name) === true) return false
    return this.at(name).some(i => known.offers?.has(i) === true && this.mayRead(known, i))
  }
  mayRead({ unread }: Known, ordinal: number): boolean {
    return this.now >= (unread.get(ordinal)?.until ?? 0)
  }
  someoneSends(): boolean {
    return [...this.peers].some(([id, known]) => {
      if (known.snubbed || known.lame) return false
      return this.heldBy(id).some(it => it.isRetry !== true) || this.unasked().some(name => this.canGet(id, name))
    })
  }

  check(): void {
    for (const it of this.open) {
      assert.ok(this.peers.has(it.peer), 'only connected peers')
      assert.ok(this.missing.has(this.names[it.ordinal]!), 'nothing is expected that is here')
    }
    for (const id of this.banned) assert.ok(!this.peers.has(id), 'a liar stayed')
    assert.equal(this.scheduler.outstandingBytes, this.outstanding(), 'the books agree')
    if (this.missing.size + this.verifying.length === 0) assert.ok(this.isDone, 'done is said')
    const stuck = this.running && this.missing.size > 0 && this.verifying.length === 0
    if (stuck && ![...this.peers.values()].some(it => it.offers != null)) assert.ok(this.scheduler.starved, 'starved')
    if (!this.running || this.limited) return
    for (const [id, known] of this.peers) {
      if (this.heldBy(id).length > 0 || known.choked || known.snubbed || known.lame || this.now < known.heldUntil)
        continue
      const idle = this.unasked().find(name => this.canGet(id, name) && this.fits(name))
      assert.equal(idle, undefined, `${id} is idle and has ${idle}`)
    }
  }

  fits(name: string): boolean {
    const biggest = Math.max(...this.unasked().map(it => this.sizes[this.names.indexOf(it)]!))
    return (
      this.outstanding() + Math.max(biggest, this.sizes[this.names.indexOf(name)]!) <= Math.min(this.room, 48 * MIB)
    )
  }

  step(it: Drawn<typeof step>): void {
    switch (it.type) {
      case 'peer-opened': {
        for (const one of this.heldBy(it.peer)) this.end(it.peer, one.ordinal)
        this.peers.delete(it.peer)
        if (!this.banned.has(it.peer)) {
          const fresh = {
            offers: undefined,
            unread: new Map<number, { tries: number; until: number }>(),
            choked: false,
            quietSince: 0,
            heldUntil: -1,
            restUntil: -1,
            snubbed: false,
            lame: false,
            rate: false
          }
          this.peers.set(it.peer, { rttMs: it.rttMs, ...fresh })
        }
        return this.feed(it)
      }
      case 'peer-left':
        this.forget(it.peer)
        return this.feed(it)
      case 'have-received': {
        const change: HaveChange = 'bits' in it ? { kind: it.kind, start: 0, bits: it.bits } : { kind: it.kind }
        this.have(it.peer, change)
        return this.feed({ type: 'have-received', peer: it.peer, change })
      }
      case 'choke-changed': {
        const known = this.peers.get(it.peer)
        if (known != null) known.choked = it.choked
        if (known != null && !it.choked) known.heldUntil = -1
        return this.feed({ ...it, slotsBytes: 0 })
      }
      case 'bytes-received': {
        const one = nth(this.open, it.nth)
        if (one == null) return
        this.hear(one)
        one.got += it.bytes
        if (it.bytes > 0) one.isRetry = false
        return this.feed({ type: 'bytes-received', peer: one.peer, ordinal: one.ordinal, bytes: it.bytes })
      }
      case 'leaf-received':
        return this.leaf(nth(this.open, it.nth))
      case 'late': {
        const one = nth(this.cancelled, it.nth)
        if (one == null || this.heldBy(one.peer).some(other => other.ordinal === one.ordinal)) return
        return this.feed({ type: 'leaf-received', peer: one.peer, ordinal: one.ordinal })
      }
      case 'verified':
      case 'leaf-refuted':
        return this.verified(it.type, it.nth)
      case 'leaf-lost': {
        const [ordinal] = this.written.splice(it.nth % 3, 1)
        if (ordinal == null) return
        this.missing.add(this.names[ordinal]!)
        this.isDone = false
        return this.feed({ type: 'leaf-lost', ordinal })
      }
      case 'reject-received':
        return this.reject(nth(this.open, it.nth), it.reason, it.retryMs)
      case 'room-changed':
        this.room = it.bytes
        return this.feed(it)
      case 'limit-changed':
        this.limited = it.bytesPerSecond > 0
        return this.feed(it)
      case 'wait':
        this.now += it.ms
        this.watch()
        return this.feed({ type: 'time-passed' })
      case 'paused':
      case 'resumed':
        this.running = it.type === 'resumed'
        for (const known of this.peers.values()) if (!this.running) known.snubbed = false
        return this.feed(it)
      default:
        it satisfies never
    }
  }

  have(id: string, change: HaveChange): void {
    const known = this.peers.get(id)
    if (known == null) return
    const had = known.offers ?? new Set()
    const all = this.names.keys()
    if (change.kind === 'full') known.offers = new Set(all)
    else if (change.kind === 'none') known.offers = new Set()
    else {
      known.offers = new Set(
        all.filter(i => {
          const said = change.bits[i >> 3]
          if (said == null) return had.has(i)
          const bit = ((said >> (i & 7)) & 1) === 1
          if (change.kind === 'bits') return bit
          return change.kind === 'set' ? bit || had.has(i) : !bit && had.has(i)
        })
      )
    }
  }

  hear(one: Open): void {
    const known = this.peers.get(one.peer)!
    known.quietSince = this.now
    known.snubbed = false
    known.lame = known.restUntil >= 0
    known.rate = true
  }

  leaf(one: Open | undefined): void {
    if (one == null) return
    this.hear(one)
    this.end(one.peer, one.ordinal)
    this.peers.get(one.peer)?.unread.delete(one.ordinal)
    const due = this.missing.has(this.names[one.ordinal]!)
    this.room -= due ? this.sizes[one.ordinal]! : 0
    this.feed({ type: 'leaf-received', peer: one.peer, ordinal: one.ordinal })
    if (due) assert.ok(!this.missing.has(this.names[one.ordinal]!), 'an asked leaf is accepted')
  }

  verified(type: 'verified' | 'leaf-refuted', nth: number): void {
    const [one] = this.verifying.splice(nth % 3, 1)
    if (one == null) return
    const name = this.names[one.ordinal]!
    if (type === 'verified') {
      this.written.push(one.ordinal)
      return this.feed({ type: 'leaf-written', ordinal: one.ordinal })
    }
    this.missing.add(name)
    const refused = this.refused.get(one.peer) ?? new Set()
    this.refused.set(one.peer, refused.add(name))
    this.strike(one.peer, 1)
    this.feed({ type: 'leaf-refuted', peer: one.peer, ordinal: one.ordinal })
  }

  reject(one: Open | undefined, reason: RejectReason, retryMs: number): void {
    if (one == null) return
    const known = this.peers.get(one.peer)!
    const name = this.names[one.ordinal]!
    if (reason !== 'cancelled') {
      this.end(one.peer, one.ordinal)
      if (this.heldBy(one.peer).length === 0) known.snubbed = false
    }
    if (reason === 'not-have' && known.offers?.has(one.ordinal) === true) {
      const refused = this.refused.get(one.peer) ?? new Set()
      if (!one.request.isStruck) this.strike(one.peer, 0.25)
      one.request.isStruck = true
      this.refused.set(one.peer, refused.add(name))
    }
    if (reason === 'changed') known.offers?.delete(one.ordinal)
    if (reason === 'io') {
      const tries = known.unread.get(one.ordinal)?.tries ?? 0
      const pauseMs = Math.min(60_000, Math.max(retryMs, 1_000 * 2 ** tries))
      known.unread.set(one.ordinal, { tries: tries + 1, until: this.now + pauseMs })
    }
    if (reason === 'busy' || reason === 'limit')
      known.heldUntil = Math.max(known.heldUntil, this.now + (retryMs || 1_000))
    if (reason === 'denied') {
      known.lame = true
      known.restUntil = this.now + 30_000
    }
    this.feed({ type: 'reject-received', peer: one.peer, start: one.ordinal, count: 1, reason, retryMs })
  }

  watch(): void {
    for (const [id, known] of this.peers) {
      if (this.heldBy(id).length === 0) continue
      if (this.now - known.quietSince < Math.max(10_000, 4 * known.rttMs)) continue
      known.snubbed = true
      known.lame = true
    }
  }
}

const steps = fc.array(step, { minLength: 20, maxLength: 100, size: 'max' })
const leaves = fc.array(leaf, { minLength: 1, maxLength: 16, size: 'max' })

test('requests are wanted, offered, within limits, never doubled, never idle; all end', () => {
  fc.assert(
    fc.property(leaves, fc.nat(), steps, (leaves, seed, steps) => {
      const model = new Model(leaves, seed)
      for (const peer of ['p1', 'p2', 'p3'] as const) {
        model.step({ type: 'peer-opened', peer, rttMs: 100 })
        model.step({ type: 'have-received', peer, kind: 'full' })
      }
      for (const it of steps) model.step(it)
      model.running = false
      model.feed({ type: 'stopped' })
      assert.equal(model.open.length, 0, 'nothing left open')
    }),
    { numRuns: 1_000 }
  )
})
