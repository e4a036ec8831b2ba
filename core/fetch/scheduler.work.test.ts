// What a stranger's message may cost: counts of work, never times.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakePlan, sampleScheduler, sampleTable } from '../testing/fake-plan.ts'
import { findDuplicates } from './duplicate-leaves.ts'
import * as limits from './limits.ts'
import { PeerHave } from './peer-have.ts'
import type { HaveChange } from './pending-have.ts'
import { OutstandingRequests } from './outstanding-requests.ts'
import { createRandom } from './random.ts'
import { type Outstanding, ScheduledPeer } from './scheduled-peer.ts'
import type { Scheduler } from './scheduler.ts'

const LEAVES = 1_000
const all = { has: () => true }
const none = { has: () => false }

function planOf(leaves: number): ReturnType<typeof fakePlan> {
  return fakePlan(
    Array.from({ length: leaves }, (_, i) => `${i}`),
    Array<number>(leaves).fill(100)
  )
}

/** Counts what is looked at. */
class CountingMap extends Map<number, Outstanding> {
  visits = 0
  override get(key: number): Outstanding | undefined {
    this.visits++
    return super.get(key)
  }
  override *values(): MapIterator<Outstanding> {
    for (const one of super.values()) {
      this.visits++
      yield one
    }
  }
}

class CountedPeer extends ScheduledPeer {
  override readonly out = new CountingMap()
}

test('a Reject costs what it names, or what is outstanding, whichever is less', () => {
  const plan = planOf(LEAVES)
  const table = sampleTable({ plan, have: none, wanted: all, random: createRandom(1) })
  const record = { strikes: [], backoffs: 0, refused: new Set<number>(), banned: undefined }
  const peer = new CountedPeer('a', 0, table, record)
  const outstanding = new OutstandingRequests(table, new Map([['a', peer]]), [])
  const request = { isStruck: false }
  for (let leaf = 0; leaf < LEAVES; leaf++) {
    outstanding.assign(peer, { ordinal: leaf, leaf, bytes: 100, run: { left: 0 }, request, got: 0 }, 0)
  }
  peer.out.visits = 0
  for (let at = 0; at < LEAVES; at++)
    assert.deepEqual(
      outstanding.among(peer, at, 1).map(one => one.ordinal),
      [at]
    )
  assert.ok(peer.out.visits <= LEAVES, `${peer.out.visits} looked at for ${LEAVES} Rejects of one leaf`)
  peer.out.visits = 0
  assert.equal(outstanding.among(peer, 0, 2 ** 32).length, LEAVES)
  assert.ok(peer.out.visits <= LEAVES, 'a count beyond what is outstanding costs nothing')
})

test('Rejects beyond a budget wait for the next tick until it is looked who else could be asked', () => {
  const plan = planOf(LEAVES)
  let lengths = 0 // one for every leaf that is thought of
  const leafBytes = (ordinal: number) => (lengths++, plan.leafBytes(ordinal))
  const counted = { ...plan, leafBytes }
  const scheduler = sampleScheduler({ plan: counted, have: none, wanted: all, random: createRandom(2) })
  const join = (peer: string) => {
    scheduler.apply({ type: 'peer-opened', peer, rttMs: 0 }, 0)
    return scheduler.apply({ type: 'have-received', peer, change: { kind: 'full' } }, 0)
  }
  const asked = (effects: ReturnType<Scheduler['apply']>) => effects.filter(it => it.type === 'request')
  const ofA = asked(join('a')).flatMap(it => it.runs)
  assert.equal(
    ofA.reduce((sum, run) => sum + run.count, 0),
    LEAVES
  )
  join('b')
  lengths = 0
  const runs: { start: number; count: number }[] = []
  for (let start = 0; start < LEAVES; start++) {
    const reject = { type: 'reject-received', peer: 'a', start, count: 1, reason: 'changed', retryMs: 0 } as const
    runs.push(...asked(scheduler.apply(reject, 1)).flatMap(it => it.runs))
  }
  assert.ok(lengths <= 2 * limits.MAX_LOOKS, `${lengths} leaves thought of for ${LEAVES} Rejects`)
  runs.push(...asked(scheduler.apply({ type: 'time-passed' }, 250)).flatMap(it => it.runs))
  for (const { start } of runs) {
    runs.push(
      ...asked(scheduler.apply({ type: 'leaf-received', peer: 'b', ordinal: start }, 251)).flatMap(it => it.runs)
    )
  }
  assert.equal(scheduler.isEndgame, true, 'in the end everything is asked of the other one')
})

/** A plan whose extents are counted when they are looked at. */
function countedExtents(plan: ReturnType<typeof planOf>): { plan: typeof plan; looks(): number } {
  const { extents } = plan
  let looks = 0
  const counted = {
    ...plan,
    get extents() {
      looks++
      return extents
    }
  }
  return { plan: counted, looks: () => looks }
}

test('a bitmap that is toggled costs a budget, then waits for the tick', () => {
  const size = 20_000
  const names = Array.from({ length: size }, (_, i) => `${i}`)
  const { plan, looks } = countedExtents(fakePlan(names, Array<number>(size).fill(limits.EXTENT_BYTES)))
  const scheduler = sampleScheduler({ plan, have: none, wanted: all, random: createRandom(3) })
  scheduler.apply({ type: 'paused' }, 0)
  scheduler.apply({ type: 'peer-opened', peer: 'a', rttMs: 0 }, 0)
  const say = (change: HaveChange) => scheduler.apply({ type: 'have-received', peer: 'a', change }, 0)
  const before = looks()
  for (let i = 0; i < 500; i++) {
    say({ kind: 'none' })
    say({ kind: 'set', start: 0, bits: Uint8Array.of(1) })
  }
  assert.ok(looks() - before <= 4 * limits.MAX_HAVE_WORK, `${looks() - before} extents looked at for 1,000 messages`)
  say({ kind: 'full' })
  scheduler.apply({ type: 'resumed' }, 1)
  const asked = scheduler.apply({ type: 'time-passed' }, 250).filter(it => it.type === 'request')
  assert.ok(asked.length > 0, 'what it said last counts from the tick on')
})

test('bits of one extent that change together cost two looks at it, not two each', () => {
  const size = 8_192
  const { plan, looks } = countedExtents(planOf(size))
  const table = sampleTable({ plan, have: none, wanted: all, random: createRandom(4) })
  const have = new PeerHave(table, new Set())
  const before = looks()
  for (const kind of ['set', 'unset', 'bits', 'unset'] as const) {
    have.say({ kind, start: 0, bits: new Uint8Array(size / 8).fill(0xff) })
  }
  assert.equal(have.has(0), false)
  assert.ok(looks() - before <= 16 * (plan.extents.length - 1), `${looks() - before} looks at ${size} leaves`)
})

test('equal leaves of a big share are looked for in turns of the loop, and whoever waits can end it', async () => {
  const plan = planOf(30_000)
  let [looked, most] = [0, 0]
  const counted = {
    ...plan,
    digest: (ordinal: number) => {
      looked++
      return plan.digest(ordinal)
    }
  }
  let isOver = false
  const turn = (): void => {
    most = Math.max(most, looked)
    looked = 0
    if (!isOver) setImmediate(turn)
  }
  turn()
  const found = await findDuplicates(counted, createRandom(1), new AbortController().signal)
  isOver = true
  turn()
  assert.equal(found.some, false)
  assert.ok(most <= 20_000, `${most} digests looked at in one turn`)
  const end = new AbortController()
  const ended = findDuplicates(plan, createRandom(1), end.signal)
  end.abort(new Error('not wanted'))
  await assert.rejects(ended, { message: 'not wanted' })
})
