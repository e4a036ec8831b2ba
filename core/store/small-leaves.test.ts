// Small leaves are read and written at once, without a thread: only so many of them in one turn of the loop, however many were asked for or have come.
import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { bench, learn, open } from '../testing/sample-download.ts'
import { leafOf, sampleBytes, writeSample } from '../testing/sample-share.ts'

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

test('however small they are, few are noted as durable in one transaction', async t => {
  const many = 3_000
  const it = bench(t, { '': sampleBytes(0, 'none') }, 'nothing')
  const files = Object.fromEntries(Array.from({ length: many }, (_, i) => [`${i}.txt`, Buffer.from(`${i}`)]))
  const indexed = writeSample(path.join(it.dir, 'source'), 'many', files)
  learn(it.store, indexed)
  await using download = await open({ ...it, indexed })
  const { db } = it.store
  const rows = [0]
  const run = db.run.bind(db)
  const transaction = db.transaction.bind(db)
  db.run = (sql, ...params) => {
    if (sql.startsWith('INSERT OR REPLACE INTO part_file')) rows[rows.length - 1]!++
    return run(sql, ...params)
  }
  db.transaction = (durability, change) => {
    rows.push(0)
    return transaction(durability, change)
  }
  await Promise.all(Array.from({ length: many }, async (_, i) => download.writeLeaf([i], leafOf(indexed, i))))
  await download.finish(new AbortController().signal)
  assert.equal(
    rows.reduce((sum, it) => sum + it, 0),
    many
  )
  assert.ok(Math.max(...rows) <= 1_024 + 32, `${Math.max(...rows)} files in one transaction`)
})
