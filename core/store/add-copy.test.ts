// A share of many files is added in slices: what one of them costs, that nobody sees a share before all of it is there, and what becomes of the rest.
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { rootText } from '../cid.ts'
import { buildDag, type SourceTree } from '../content/build.ts'
import { scratch } from '../testing/sample-share.ts'
import type { Db } from './db.ts'
import { openStore, type Shareable, type Store } from './store.ts'
import { cleanup } from '../testing/cleanup.ts'

const FILES = 3_000
const MOST_ROWS = 1_100 // in one transaction
const { signal: never } = new AbortController()

/** A folder of so many files that nobody reads: what stands there is made up. */
function manyFiles(base: string, count = FILES): Shareable {
  const entries = new Map<string, SourceTree>()
  for (let i = 0; i < count; i++)
    entries.set(`f${i}`, { kind: 'file', leaves: { digests: hash('sha256', `${i}`, 'buffer'), sizeBytes: 9 } })
  const built = buildDag({ kind: 'folder', entries })
  const stat = { size: 9, mtimeNs: 1n, ctimeNs: 1n, dev: 1n, ino: 1n }
  const files = built.layout.files.map(file => ({ sourcePath: path.join(base, file.path[0]!), stat }))
  return { built, name: 'many', files, sourcePaths: [base] }
}

function open(t: TestContext): { store: Store; file: string } {
  const file = path.join(scratch(t), 'shoal.db')
  const store = openStore(file)
  cleanup(t).defer(() => store[Symbol.dispose]())
  return { store, file }
}

/** The rows that each transaction changes from now on. */
function watchTransactions(db: Db): number[] {
  const rows: number[] = []
  let now = 0
  let depth = 0
  const [transaction, run] = [db.transaction.bind(db), db.run.bind(db)]
  db.run = (sql, ...params) => {
    const changed = run(sql, ...params)
    now += changed
    return changed
  }
  db.transaction = (durability, change) => {
    if (depth++ === 0) now = 0
    try {
      return transaction(durability, change)
    } finally {
      if (--depth === 0) rows.push(now)
    }
  }
  return rows
}

const rowsOf = ({ db }: Store): unknown => ({
  shares: db.get<{ n: number }>(`SELECT count(*) AS n FROM share JOIN root ON root.id = root_id WHERE cid <> ''`)!.n,
  copies: db.get<{ n: number }>('SELECT count(*) AS n FROM copy')!.n,
  files: db.get<{ n: number }>('SELECT count(*) AS n FROM file')!.n,
  leaves: db.get<{ n: number }>('SELECT count(*) AS n FROM leaf')!.n
})

const turn = async (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** Until half of the files are in their table, or of the leaves in theirs. */
async function untilHalf({ db }: Store, table: 'file' | 'leaf'): Promise<void> {
  while (db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)!.n < FILES / 2) await turn()
}

test('no transaction has many rows, neither of files nor of leaves, and nobody sees the share before the last', async t => {
  const { store } = open(t)
  const many = manyFiles('/one')
  const rows = watchTransactions(store.db)
  const adding = store.addShare(many)
  const root = rootText(many.built.root)
  for (const table of ['file', 'leaf'] as const) {
    await untilHalf(store, table)
    assert.deepEqual([store.shares(), store.share(root), store.held(many.built.root)], [[], undefined, undefined])
    assert.equal(await store.readLeaf(hash('sha256', '1', 'buffer')), undefined)
    assert.deepEqual(store.provides(), [])
  }
  const row = await adding
  assert.ok(Math.max(...rows) <= MOST_ROWS, `${Math.max(...rows)} rows in one transaction`)
  assert.deepEqual([row.fileCount, row.hereFiles, row.hereBytes, row.state], [FILES, FILES, FILES * 9, 'ready'])
  assert.deepEqual(rowsOf(store), { shares: 1, copies: 1, files: FILES, leaves: FILES })
  assert.equal(store.held(many.built.root)!.have.isFull, true)
  assert.equal(store.locate(hash('sha256', '1', 'buffer')).length, 1)
})

for (const table of ['file', 'leaf'] as const) {
  test(`the program ends while the ${table} table is filled: nothing is shared, and what was written goes in slices`, async t => {
    const { store, file } = open(t)
    const many = manyFiles('/one')
    const adding = store.addShare(many)
    adding.catch(() => {})
    await untilHalf(store, table)
    store[Symbol.dispose]()
    using again = openStore(file)
    assert.deepEqual(again.shares(), [])
    const rows = watchTransactions(again.db)
    await again.dropForgottenSkeletons(never)
    assert.ok(Math.max(...rows) <= MOST_ROWS, `${Math.max(...rows)} rows in one transaction`)
    assert.deepEqual(rowsOf(again), { shares: 0, copies: 0, files: 0, leaves: 0 })
    const row = await again.addShare(many)
    assert.equal(row.hereFiles, FILES)
    assert.equal(again.held(many.built.root)!.have.isFull, true)
  })
}

test('cancelled half way: as if it had never begun; tidying takes away nothing of what is just being added', async t => {
  const { store } = open(t)
  const many = manyFiles('/one')
  const cancel = new AbortController()
  const cancelled = store.addShare(many, cancel.signal)
  await untilHalf(store, 'file')
  cancel.abort(new Error('not wanted'))
  await assert.rejects(cancelled, { message: 'not wanted' })
  assert.deepEqual(store.shares(), [])
  const adding = store.addShare(manyFiles('/two'))
  await untilHalf(store, 'leaf')
  await store.dropForgottenSkeletons(never)
  await adding
  assert.deepEqual(rowsOf(store), { shares: 1, copies: 1, files: FILES, leaves: FILES })
  assert.deepEqual(store.shareCopies(rootText(many.built.root)), [['/two']])
})

test('a share that is removed while a copy of it is added is there again with that copy, its leaves too', async t => {
  const { store } = open(t)
  const many = manyFiles('/one')
  await store.addShare(many)
  const root = rootText(many.built.root)
  for (const base of ['/two', '/one']) {
    const adding = store.addShare(manyFiles(base))
    await turn()
    await turn()
    assert.equal(store.removeShare(root), true)
    assert.equal((await adding).hereFiles, FILES)
    assert.deepEqual(store.shareCopies(root), [[base]])
    await store.dropForgottenSkeletons(never)
    assert.deepEqual(rowsOf(store), { shares: 1, copies: 1, files: FILES, leaves: FILES })
    assert.equal(store.held(many.built.root)!.have.isFull, true)
  }
})

test('the same is shared twice at once: one share, a copy for each place, and one for the same place', async t => {
  const { store } = open(t)
  const bases = ['/one', '/two', '/one']
  await Promise.all(bases.map(async base => store.addShare(manyFiles(base, 1_000))))
  assert.deepEqual(rowsOf(store), { shares: 1, copies: 2, files: 2_000, leaves: 1_000 })
})

test('a copy that is replaced by fewer files keeps none of the others', async t => {
  const { store } = open(t)
  const { built, files } = manyFiles('/one')
  const row = await store.addShare({ built, files, name: 'many', sourcePaths: ['/one'] })
  const few = Array.from({ length: 10 }, (_, i) => ({ idx: i * 100, path: `/one/f${i}`, stat: new Uint8Array(40) }))
  const share = { layout: built.layout, name: 'many', origin: 'received' } as const
  const rows = watchTransactions(store.db)
  const replaced = await store.putCopy(share, { sources: ['/one'], base: '/one', files: few }, never)
  assert.deepEqual([row.hereFiles, replaced.hereFiles, replaced.hereBytes, replaced.origin], [FILES, 10, 90, 'shared'])
  assert.ok(Math.max(...rows) <= MOST_ROWS, `${Math.max(...rows)} rows in one transaction`)
  assert.equal(store.held(built.root)!.have.count, 10)
})
