// A table of very many leaves is made in turns of the loop: what each costs, and what the download may do in between.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServableChange } from '../exchange/servable.ts'
import { Bitset } from '../bitset.ts'
import { fakePlan } from '../testing/fake-plan.ts'
import { findDuplicates } from './duplicate-leaves.ts'
import { LeafFetch } from './leaf-fetch.ts'
import type { Effect } from './inputs-and-effects.ts'
import type { DownloadPort } from './ports.ts'
import { createRandom } from './random.ts'

const LEAVES = 30_000
const MOST_IN_A_TURN = 8_192
const turn = async (): Promise<void> => new Promise(resolve => setImmediate(resolve))
const never = new AbortController().signal

/** A download of which everything is here, and a look at how far it was looked through. */
function held() {
  const have = new Bitset(LEAVES)
  have.addRange(0, LEAVES)
  let looked = 0
  const watching = new Set<(change: ServableChange) => void>()
  const port: Partial<DownloadPort> = {
    have,
    wanted: { has: () => (looked++, true) },
    queuedBytes: 0,
    watch: listener => {
      watching.add(listener)
      return () => watching.delete(listener)
    }
  }
  const lose = (ordinal: number): void => {
    have.delete(ordinal)
    for (const tell of watching) tell({ unset: [ordinal, ordinal + 1] })
  }
  return { download: port as DownloadPort, looked: () => looked, lose, watching } // no other part of it is used
}

async function openOver(download: DownloadPort, signal = never) {
  const plan = fakePlan(
    Array.from({ length: LEAVES }, (_, i) => `${i}`),
    Array<number>(LEAVES).fill(10)
  )
  const asked: (Effect & { type: 'request' })['runs'][number][] = []
  const ports = {
    now: () => 0,
    random: createRandom(1),
    roomBytes: () => 1_000_000,
    request: (_: string, runs: typeof asked) => asked.push(...runs),
    cancel() {},
    ban() {},
    onGood() {},
    onWrong() {},
    onDuplicate() {},
    onChange() {}
  }
  const duplicates = await findDuplicates(plan, ports.random, never)
  return { asked, opening: LeafFetch.open(plan, download, ports, { shared: [], duplicates }, signal) }
}

test('a bounded number of leaves is entered in a turn', async () => {
  const { download, looked } = held()
  const { opening } = await openOver(download)
  let [last, most] = [0, looked()]
  while (looked() < LEAVES) {
    most = Math.max(most, looked() - last)
    last = looked()
    await turn()
  }
  using leaves = await opening
  assert.ok(most <= MOST_IN_A_TURN, `${most} leaves in one turn`)
  assert.equal(leaves.scheduler.canReceive(0), true)
})

test('a leaf that is lost meanwhile is fetched again, whether it was entered before or comes after', async () => {
  const { download, looked, lose } = held()
  const { opening, asked } = await openOver(download)
  while (looked() < LEAVES / 2) await turn()
  assert.ok(looked() < LEAVES)
  lose(5)
  lose(LEAVES - 5)
  using leaves = await opening
  leaves.resume()
  leaves.feed({ type: 'peer-opened', peer: 'a', rttMs: 0 })
  leaves.feed({ type: 'choke-changed', peer: 'a', choked: false, slotsBytes: 0 })
  leaves.feed({ type: 'have-received', peer: 'a', change: { kind: 'full' } })
  assert.deepEqual(new Set(asked.map(it => it.start)), new Set([5, LEAVES - 5]))
})

test('cancelled meanwhile, nothing is watched any more', async () => {
  const { download, looked, watching } = held()
  const cancel = new AbortController()
  const { opening } = await openOver(download, cancel.signal)
  while (looked() < LEAVES / 2) await turn()
  cancel.abort(new Error('not wanted'))
  await assert.rejects(opening, { message: 'not wanted' })
  const before = looked()
  for (let i = 0; i < 10; i++) await turn()
  assert.deepEqual([looked(), watching.size], [before, 0])
})
