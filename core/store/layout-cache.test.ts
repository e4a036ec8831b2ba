// How often a layout is read from its skeleton, and which ones stay at hand.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { CID } from 'multiformats/cid'
import { rootText } from '../cid.ts'
import { scratch, writeSample } from '../testing/sample-share.ts'
import { SteppedClock } from '../testing/stepped-clock.ts'
import { openDb, type Db } from './db.ts'
import { LayoutCache } from './layout-cache.ts'
import { appendSkeleton } from './skeleton-repo.ts'
import { cleanup } from '../testing/cleanup.ts'

/** Skeletons of so many folders, and how often one of them is begun to be read. */
function open(t: TestContext, count: number) {
  const dir = scratch(t)
  const db = openDb(':memory:')
  cleanup(t).defer(() => db[Symbol.dispose]())
  const roots: CID[] = []
  let offset = 0
  for (let i = 0; i < count; i++) {
    const { built } = writeSample(dir, `f${i}`, { 'a.txt': Buffer.from(`content ${i}`), 'b.txt': Buffer.from('b') })
    offset = 0
    for (const piece of built.skeleton) {
      appendSkeleton(db, rootText(built.root), offset, piece)
      offset += piece.length
    }
    roots.push(built.root)
  }
  const seen = { reads: 0 }
  const get = db.get.bind(db)
  db.get = ((sql: string, ...rest: (string | number)[]) => {
    if (sql.startsWith('SELECT bytes FROM skeleton') && rest[1] === 0) seen.reads++
    return get(sql, ...rest)
  }) as Db['get']
  return { db, roots, seen }
}

test('however many ask for a layout at once, it is read once', async t => {
  const { db, roots, seen } = open(t, 1)
  const layouts = new LayoutCache(db)
  const asked = await Promise.all(Array.from({ length: 50 }, async () => layouts.load(roots[0]!, 0)))
  assert.equal(new Set(asked).size, 1)
  assert.equal(seen.reads, 1)
})

test('layouts that are used by turns are read once each, however many', async t => {
  const { db, roots, seen } = open(t, 60)
  const layouts = new LayoutCache(db)
  for (let turn = 0; turn < 3; turn++) {
    for (const root of roots) assert.equal(layouts.get(root, 0).files.length, 2)
    for (const root of roots) assert.ok((await layouts.load(root, 0)).leafCount > 0)
  }
  assert.equal(seen.reads, 60)
})

test('what is used by turns has its bound in memory, what rests a lower one', async t => {
  const { db, roots, seen } = open(t, 10)
  const clock = new SteppedClock()
  const alone = new LayoutCache(db)
  alone.get(roots[0]!, 0)
  const one = alone.bytes
  const layouts = new LayoutCache(db, { clock, restingBytes: 2 * one, usedBytes: 5 * one })
  for (const root of roots) layouts.get(root, 0)
  assert.equal(layouts.bytes, 5 * one)
  const before = seen.reads
  for (const root of roots.slice(5)) layouts.get(root, 0)
  assert.equal(seen.reads, before, 'the last five are at hand')
  clock.step(59_000)
  layouts.get(roots[9]!, 0)
  assert.equal(layouts.bytes, 5 * one)
  clock.step(2_000)
  assert.equal(layouts.bytes, 2 * one)
  layouts.get(roots[9]!, 0)
  assert.equal(seen.reads, before)
  clock.step(600_000)
  assert.equal(clock.due, 0)
})

test('one that is let go of while it is read is not kept, and a failed read is tried anew', async t => {
  const { db, roots, seen } = open(t, 1)
  const layouts = new LayoutCache(db)
  const loading = layouts.load(roots[0]!, 0)
  layouts.forget(rootText(roots[0]!))
  await loading
  assert.equal(layouts.bytes, 0)
  db.run('CREATE TEMP TABLE aside AS SELECT * FROM skeleton')
  db.run('DELETE FROM skeleton')
  await assert.rejects(Promise.all([layouts.load(roots[0]!, 0), layouts.load(roots[0]!, 0)]), { code: 'not-found' })
  db.run('INSERT INTO skeleton SELECT * FROM aside')
  assert.equal((await layouts.load(roots[0]!, 0)).files.length, 2)
  assert.equal(seen.reads, 3)
})
