import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { openDb } from './db.ts'
import { MIGRATIONS } from './migrations.ts'
import { cleanup } from '../testing/cleanup.ts'

function scratch(t: TestContext): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'shoal-db-'))
  cleanup(t).defer(() => rmSync(dir, { recursive: true, force: true }))
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

test('what is synced goes to the disk itself where a sync alone does not: on macOS', t => {
  using db = openDb(scratch(t))
  const values = ['fullfsync', 'checkpoint_fullfsync'].map(it => Object.values(db.get<object>(`PRAGMA ${it}`)!)[0])
  assert.deepEqual(values, [1, 1])
})

test('a database and what stands beside it are its owner’s alone', t => {
  const file = scratch(t)
  using _db = openDb(file)
  for (const it of [file, `${file}-wal`, `${file}-shm`]) assert.equal(statSync(it).mode & 0o777, 0o600, it)
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

test('what of older shares is here is counted when the schema learns of it', t => {
  const file = scratch(t)
  {
    using raw = new DatabaseSync(file)
    raw.exec(`${MIGRATIONS[0]}; PRAGMA user_version=1;
      INSERT INTO root VALUES (1, 'one'), (2, 'two');
      INSERT INTO share VALUES (1, 'x', 30, 3, 3, 0, 'ready', 'received', 0), (2, 'y', 1, 1, 1, 0, 'ready', 'shared', 0);
      INSERT INTO copy VALUES (1, 1, '/a', '[]'), (2, 1, '/b', '[]');
      INSERT INTO file VALUES (1, 0, 'f', 0, 1, 10, x'00', 0), (2, 0, 'f', 0, 1, 10, x'00', 0), (2, 2, 'h', 2, 1, 10, x'00', 3)`)
  }
  using db = openDb(file)
  assert.deepEqual(
    db
      .all('SELECT here_files AS files, here_bytes AS bytes FROM share WHERE root_id < 3 ORDER BY root_id')
      .map(row => ({ ...(row as object) })),
    [
      { files: 2, bytes: 20 },
      { files: 0, bytes: 0 }
    ]
  )
})

test('downloads of an older schema keep the order in which they were added', t => {
  const file = scratch(t)
  {
    using raw = new DatabaseSync(file)
    raw.exec(`${MIGRATIONS[0]}; ${MIGRATIONS[1]}; PRAGMA user_version=2;
      INSERT INTO root VALUES (1, 'one'), (2, 'two'), (3, 'three');
      INSERT INTO transfer VALUES (1, '/a', 'x', 'active', NULL, NULL, '[]', 0, NULL, NULL, 20, 0),
        (2, '/a', 'y', 'active', NULL, NULL, '[]', 0, NULL, NULL, 10, 0), (3, '/a', 'z', 'active', NULL, NULL, '[]', 0, NULL, NULL, 20, 0)`)
  }
  using db = openDb(file)
  const rows = db.all<{ name: string }>('SELECT name FROM transfer WHERE in_line > 0 ORDER BY in_line')
  assert.equal(rows.map(row => row.name).join(''), 'yxz')
})
