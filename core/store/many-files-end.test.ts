// How a download of very many files ends: what one turn of the loop has to do for it, and what stays when it is interrupted there.
import assert from 'node:assert/strict'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { rootText } from '../cid.ts'
import { bench, learn, never, open, type Bench } from '../testing/sample-download.ts'
import { leafOf, sampleBytes, writeSample } from '../testing/sample-share.ts'
import type { Db } from './db.ts'
import type { Download } from './download.ts'
import { findDownload } from './download-repo.ts'
import { OriginMarks } from './origin-marks.ts'
import { PartTree } from './part-tree.ts'
import { openStore } from './store.ts'

const FILES = 3_000
const MOST_ROWS = 1_000

/** Received, and most of it noted as durable. */
async function received(t: TestContext): Promise<{ it: Bench; download: Download }> {
  const first = bench(t, { '': sampleBytes(0, 'none') }, 'nothing')
  const files = Object.fromEntries(Array.from({ length: FILES }, (_, i) => [`${i}.txt`, Buffer.from(`${i}`)]))
  const indexed = writeSample(path.join(first.dir, 'source'), 'many', files)
  learn(first.store, indexed)
  const it = { ...first, indexed }
  const download = await open(it)
  await Promise.all(Array.from({ length: FILES }, async (_, i) => download.writeLeaf([i], leafOf(indexed, i))))
  return { it, download }
}

const rowCount = (db: Db): number => db.get<{ n: number }>('SELECT count(*) AS n FROM part_file')!.n
const turn = async (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** The most rows about files that went in one turn of the loop, and whether any went. */
async function mostGone(db: Db, act: () => Promise<unknown>): Promise<number> {
  let [most, last, isOver] = [0, rowCount(db), false]
  const watching = (async () => {
    while (!isOver) {
      await turn()
      const now = rowCount(db)
      most = Math.max(most, last - now)
      last = now
    }
  })()
  await act()
  isOver = true
  await watching
  assert.equal(rowCount(db), 0)
  return most
}

for (const how of ['finish', 'discard'] as const) {
  test(`${how}: few rows about its files go in one turn`, async t => {
    const { it, download } = await received(t)
    const most = await mostGone(it.store.db, async () => download[how](never))
    assert.ok(most > 0 && most <= MOST_ROWS, `${most} rows in one turn`)
    assert.deepEqual(it.store.db.all('SELECT * FROM download'), [])
    await download[Symbol.asyncDispose]()
  })
}

test('the program ends while those rows go: it is finished, and the next one takes the rest of them away', async t => {
  const { it, download } = await received(t)
  const finishing = download.finish(never)
  while (it.store.shares().length === 0 || rowCount(it.store.db) === FILES) await turn()
  const left = rowCount(it.store.db)
  assert.ok(left > 0, 'nothing is left to be taken away')
  it.store[Symbol.dispose]()
  await finishing
  using again = openStore(it.dbFile)
  const root = rootText(it.indexed.built.root)
  assert.deepEqual([again.share(root)?.state, findDownload(again.db, root, it.directory)], ['ready', undefined])
  assert.equal(rowCount(again.db), left)
  const most = await mostGone(again.db, async () => again.dropForgottenSkeletons(never))
  assert.ok(most <= MOST_ROWS, `${most} rows in one turn`)
  assert.deepEqual(again.db.all('SELECT * FROM download'), [])
})

test('the same is got again while what is left of a cancelled one goes: it is a download of its own', async t => {
  const { it, download } = await received(t)
  const discarding = download.discard()
  const root = rootText(it.indexed.built.root)
  while (findDownload(it.store.db, root, it.directory) != null) await turn()
  assert.ok(rowCount(it.store.db) > 0)
  await using next = await open(it)
  await next.writeLeaf([7], leafOf(it.indexed, 7))
  await discarding
  await next[Symbol.asyncDispose]()
  assert.deepEqual(
    it.store.db.all<{ idx: number }>('SELECT idx FROM part_file').map(row => row.idx),
    [it.indexed.built.layout.fileIndexOf(7)]
  )
})

test('of files that need no mark of where they came from, no path is put together', async t => {
  const { it, download } = await received(t)
  await using tree = await PartTree.open({
    layout: it.indexed.built.layout,
    base: path.join(it.directory, 'many'),
    rules: download.rules,
    threads: it.store.threads,
    marks: new OriginMarks({ platform: 'linux' })
  })
  let looked = 0
  const pathOf = tree.path.bind(tree)
  tree.path = idx => {
    looked++
    return pathOf(idx)
  }
  await tree.markAll([...it.indexed.built.layout.files.keys()])
  assert.equal(looked, 0)
  await download.discard()
})
