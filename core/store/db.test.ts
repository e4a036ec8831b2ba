import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { openDb } from './db.ts'
import { MIGRATIONS } from './migrations.ts'

function scratch(t: TestContext): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'shoal-db-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return path.join(dir, 'shoal.db')
}

test('a new database has the newest schema, and only strict tables', t => {
  const file = scratch(t)
  openDb(file)[Symbol.dispose]()
  using db = openDb(file)
  assert.deepEqual({ ...db.get<object>('PRAGMA user_version') }, { user_version: MIGRATIONS.length })
  assert.deepEqual({ ...db.get<object>('PRAGMA journal_mode') }, { journal_mode: 'wal' })
  const loose = db.all(`SELECT name FROM pragma_table_list WHERE schema='main' AND type='table' AND NOT strict
    AND name NOT LIKE 'sqlite%'`)
  assert.deepEqual(loose, [])
})

test('a database of a newer version is refused', t => {
  const file = scratch(t)
  openDb(file)[Symbol.dispose]()
  using raw = new DatabaseSync(file)
  raw.exec(`PRAGMA user_version=${MIGRATIONS.length + 1}`)
  assert.throws(() => openDb(file), { code: 'data-newer' })
})

test('what is not a database, or not ours, is damaged', t => {
  const file = scratch(t)
  writeFileSync(file, 'not a database at all, but long enough to have a header of one hundred bytes'.repeat(10))
  assert.throws(() => openDb(file), { code: 'data-damaged' })
  rmSync(file)
  using raw = new DatabaseSync(file)
  raw.exec(`PRAGMA user_version=${MIGRATIONS.length}`)
  assert.throws(() => openDb(file), { code: 'data-damaged' })
})

test('a transaction that throws leaves nothing, and a nested one joins', t => {
  using db = openDb(scratch(t))
  const ban = (peer: string): number => db.run('INSERT INTO ban VALUES (?, 1)', peer)
  assert.throws(() => {
    db.transaction('durable', () => {
      ban('a')
      db.transaction('written', () => ban('b'))
      throw new Error('no')
    })
  }, /no/)
  assert.deepEqual(db.all('SELECT * FROM ban'), [])
  assert.deepEqual({ ...db.get<object>('PRAGMA synchronous') }, { synchronous: 1 }, 'back to NORMAL')
  db.transaction('durable', () => {
    assert.deepEqual({ ...db.get<object>('PRAGMA synchronous') }, { synchronous: 2 })
    ban('c')
  })
  assert.equal(db.all('SELECT * FROM ban').length, 1)
})
