import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { bench, feed, learn, never, open, wantedOf } from '../testing/sample-download.ts'
import { sampleBytes } from '../testing/sample-share.ts'
import { damageMarker, openDb } from './db.ts'
import { type allDownloads, forgetDownload } from './download-repo.ts'
import { downloadsWithParts, restoreLost } from './lost-index.ts'
import { isIndexDamaged, setIndexAside } from './repair.ts'
import { cleanup } from '../testing/cleanup.ts'

const MIB = 1024 * 1024
const NOW = Date.UTC(2026, 10, 28, 12, 30, 1)

function scratch(t: TestContext): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'shoal-repair-'))
  cleanup(t).defer(() => rmSync(dir, { recursive: true, force: true }))
  return path.join(dir, 'shoal.db')
}

/** An index with thousands of rows, of whose pages those in the middle are overwritten: it opens as if nothing were wrong. */
function damagedInside(t: TestContext): string {
  const file = scratch(t)
  {
    using db = openDb(file)
    db.transaction('written', () => {
      for (let i = 0; i < 4_000; i++) db.run('INSERT INTO ban VALUES (?, ?)', `peer ${i} ${'x'.repeat(40)}`, i)
    })
    db.get('PRAGMA wal_checkpoint(TRUNCATE)')
  }
  const bytes = readFileSync(file)
  bytes.fill(0xa5, Math.floor(bytes.length / 3), Math.floor(bytes.length / 3) + 60_000)
  writeFileSync(file, bytes)
  return file
}

test('damage that is met while the index is open is known to the next start', t => {
  const file = damagedInside(t)
  {
    using db = openDb(file)
    assert.throws(() => db.all('SELECT * FROM ban'), { code: 'data-damaged' })
  }
  assert.throws(() => openDb(file), { code: 'data-damaged' })
  assert.throws(() => openDb(file), { code: 'data-damaged' }, 'and to the one after it')
})

test('a damaged index is set aside with its log; in its place stands nothing', t => {
  const file = damagedInside(t)
  const bytes = readFileSync(file)
  writeFileSync(`${file}-wal`, 'a log')
  writeFileSync(damageMarker(file), '')
  assert.ok(isIndexDamaged(file))
  const aside = setIndexAside(file, NOW)
  assert.equal(aside, path.join(path.dirname(file), 'damaged-index-2026-11-28T12-30-01'))
  assert.deepEqual(readdirSync(path.dirname(file)), [path.basename(aside)])
  assert.deepEqual(readFileSync(path.join(aside, 'shoal.db')), bytes)
  openDb(file)[Symbol.dispose]()
})

test('cut off before the last is moved, it is not taken for whole', t => {
  const file = damagedInside(t)
  writeFileSync(`${file}-wal`, 'a log')
  mkdirSync(path.join(path.dirname(file), 'damaged-index-2026-11-28T12-30-01', 'shoal.db'), { recursive: true }) // in the way
  assert.throws(() => setIndexAside(file, NOW))
  assert.ok(existsSync(file) && !existsSync(`${file}-wal`))
  assert.throws(() => openDb(file), { code: 'data-damaged' })
})

test('what is no database at all is damaged', t => {
  const file = scratch(t)
  writeFileSync(file, 'x'.repeat(10_000))
  assert.ok(isIndexDamaged(file))
})

test('an index in order stays, and is believed again', t => {
  const file = scratch(t)
  {
    using db = openDb(file)
    db.run('INSERT INTO ban VALUES (?, 1)', 'somebody')
  }
  writeFileSync(damageMarker(file), '')
  assert.throws(() => openDb(file), { code: 'data-damaged' })
  assert.equal(isIndexDamaged(file), false)
  using db = openDb(file)
  assert.equal(db.all('SELECT * FROM ban').length, 1)
})

for (const [what, files, kept] of [
  ['a file', { '': sampleBytes(3 * MIB + 1, 'f') }, [1, 3] as number[]],
  [
    'a folder',
    { 'a.bin': sampleBytes(2 * MIB + 5, 'a'), 'b.txt': Buffer.from('hello'), c: sampleBytes(MIB, 'c') },
    [0, 3] as number[]
  ]
] as const) {
  test(`${what} half got goes on when the index knows no more than where it stands`, async t => {
    const it = bench(t, files, 'film')
    {
      await using download = await open(it)
      await feed(it, download, [...kept])
    }
    const [{ root, id, ...part }] = downloadsWithParts(it.store) as [ReturnType<typeof allDownloads>[number]]
    forgetDownload(it.store.db, root, id)
    learn(it.store, it.indexed)
    const standing = readdirSync(it.directory)
    const lost = { transfers: [], parts: [{ root, ...part }], bans: [] }
    restoreLost(it.store, lost)
    restoreLost(it.store, lost) // cut off, and done again
    await using again = await open(it)
    assert.deepEqual(readdirSync(it.directory), standing, 'the same .part')
    assert.deepEqual(
      wantedOf(again).filter(ordinal => kept.includes(ordinal)),
      [],
      'nothing that is here is asked for'
    )
    assert.ok(wantedOf(again).length > 0, 'what is not here is')
    await feed(it, again)
    await again.finish(never)
    assert.deepEqual(it.store.db.all('SELECT * FROM download, dirty, durable'), [])
  })
}
