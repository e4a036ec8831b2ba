// What a look at many files costs: work in proportion to the files, never to their square.
import assert from 'node:assert/strict'
import { utimesSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { rootText } from '../cid.ts'
import { scratch, writeSample, type Sample } from '../testing/sample-share.ts'
import type { Db } from './db.ts'
import { filePages } from './share-repo.ts'
import { openStore } from './store.ts'
import { cleanup } from '../testing/cleanup.ts'

const FILES = 600

/** A share of many small files. */
async function share(t: TestContext) {
  const dir = scratch(t)
  const sample: Sample = {}
  for (let i = 0; i < FILES; i++) sample[`f${i}`] = Buffer.from(`content ${i}`)
  const indexed = writeSample(dir, 'many', sample)
  const store = openStore(':memory:')
  cleanup(t).defer(() => store[Symbol.dispose]())
  await store.addShare(indexed)
  return { store, root: rootText(indexed.built.root), files: indexed.files.map(it => it.sourcePath) }
}

/** What the database is asked from now on. */
function watchDb(db: Db) {
  const seen = { statements: [] as string[], rows: 0 }
  const [get, all, run] = [db.get.bind(db), db.all.bind(db), db.run.bind(db)]
  db.get = ((sql: string, ...rest: []) => {
    seen.statements.push(sql)
    return get(sql, ...rest)
  }) as Db['get']
  db.all = ((sql: string, ...rest: []) => {
    seen.statements.push(sql)
    const rows = all(sql, ...rest)
    seen.rows += rows.length
    return rows
  }) as Db['all']
  db.run = ((sql: string, ...rest: []) => {
    seen.statements.push(sql)
    return run(sql, ...rest)
  }) as Db['run']
  return seen
}

/** Statements that look at the files of a share, or of a copy, all of them. */
const overAllFiles = (statements: readonly string[]): number =>
  statements.filter(sql => /\bfile\b/.test(sql) && !/\bidx *(=|>)/.test(sql)).length

test('files that were touched are looked at once each: no other file is counted for one of them', async t => {
  const { store, root, files } = await share(t)
  await store.checkShares(new AbortController().signal, root)
  for (const file of files) utimesSync(file, 1_000_000, 1_000_000)
  const seen = watchDb(store.db)
  await store.checkShares(new AbortController().signal, root)
  assert.equal(store.share(root)!.state, 'indexing')
  await store.whenChecked()
  assert.equal(store.share(root)!.state, 'ready')
  const counted = overAllFiles(seen.statements)
  assert.ok(counted <= 4, `${counted} statements over every file`)
  assert.ok(seen.rows <= 8 * FILES, `${seen.rows} rows for ${FILES} files`)
  assert.ok(seen.statements.length <= 8 * FILES, `${seen.statements.length} statements for ${FILES} files`)
})

test('a page of files is found by where it begins, and nothing before it is read', async t => {
  const { store, root } = await share(t)
  const seen = watchDb(store.db)
  assert.equal([...filePages(store.db, root)].flat().length, FILES)
  const statements = seen.statements.filter(sql => /\bfile\b/.test(sql))
  for (const sql of statements) {
    const plan = store.db.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).map(it => it.detail)
    assert.ok(!plan.some(it => it.includes('TEMP B-TREE')), plan.join('; '))
    assert.ok(
      plan.some(it => /file USING PRIMARY KEY \(copy_id=\? AND idx>\?/.test(it)),
      plan.join('; ')
    )
  }
  assert.ok(statements.length > 0)
})
