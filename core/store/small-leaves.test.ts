// Small leaves are read and written at once, without a thread: only so many of them in one turn of the loop, however many were asked for or have come.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bench, open } from '../testing/sample-download.ts'
import { leafOf } from '../testing/sample-share.ts'

const FILES = 200
const PER_TURN = 32
const TREE = Object.fromEntries(Array.from({ length: FILES }, (_, i) => [`${i}.txt`, Buffer.from(`content ${i}`)]))
const ALL = Array.from({ length: FILES }, (_, i) => i)

/** The most of these that came to their end in one turn of the loop. */
async function mostInATurn(act: (ordinal: number) => Promise<unknown>): Promise<number> {
  const done: number[] = []
  let turn = 0
  let isOver = false
  const count = (): void => {
    turn++
    if (!isOver) setImmediate(count)
  }
  count()
  await Promise.all(ALL.map(async ordinal => act(ordinal).then(() => (done[turn] = (done[turn] ?? 0) + 1))))
  isOver = true
  return Math.max(...done.filter(it => it > 0))
}

test('small leaves that have come together are written a few in a turn, and read so by whoever asks for them', async t => {
  const it = bench(t, TREE)
  await using download = await open(it)
  const written = await mostInATurn(async i => download.writeLeaf([i], leafOf(it.indexed, i)))
  assert.ok(written <= PER_TURN, `${written} written in one turn`)
  const read = await mostInATurn(async i => download.readLeaf(i))
  assert.ok(read <= PER_TURN, `${read} of a download read in one turn`)
  await download.finish(new AbortController().signal)
  const held = it.store.held(download.root)!
  await held.load()
  const served = await mostInATurn(async i => held.readLeaf(i))
  assert.ok(served <= PER_TURN, `${served} of a share read in one turn`)
})
