import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { rootText } from '../cid.ts'
import { bench, feed, learn, never, open, type Bench } from '../testing/sample-download.ts'
import { sampleBytes } from '../testing/sample-share.ts'
import { openStore } from './store.ts'

const MIB = 1024 * 1024
const TREE = {
  'a.bin': sampleBytes(2 * MIB + 5, 'a'),
  'sub/b.txt': Buffer.from('hello'),
  'sub/c.bin': sampleBytes(MIB + 1, 'c'),
  'sub/none': Buffer.alloc(0),
  empty: null,
  link: { target: 'a.bin' }
}
const [A, B, , NONE] = [0, 1, 2, 3]
const below = (dir: string): string[] => readdirSync(dir, { recursive: true }).map(String).toSorted()
const ALL = ['a.bin', 'empty', 'link', 'sub', 'sub/b.txt', 'sub/c.bin', 'sub/none']

/** Some files of the sample, got and finished. */
async function got(t: TestContext, ...selection: number[]): Promise<Bench & { place: string; root: string }> {
  const it = bench(t, TREE)
  await using download = await open(it, { selection })
  await feed(it, download)
  const { path: place } = await download.finish(never)
  return { ...it, place, root: rootText(download.root) }
}

test('the rest of a folder of which some files were got is added where they are', async t => {
  const it = await got(t, A)
  assert.deepEqual(below(it.directory), ['things', 'things/a.bin'])
  await using more = await open(it)
  assert.deepEqual([more.bytesWritten, more.totalBytes], [2 * MIB + 5, 3 * MIB + 11], 'what stands there counts')
  await feed(it, more, [3])
  assert.deepEqual(
    below(it.directory),
    ['things', 'things/a.bin', 'things/sub', 'things/sub/b.txt.part'],
    'its name comes when it was synced'
  )
  await feed(it, more)
  assert.deepEqual((await more.finish(never)).path, it.place)
  assert.deepEqual(below(it.place), ALL)
  for (const name of ['a.bin', 'sub/c.bin']) {
    assert.deepEqual(readFileSync(path.join(it.place, name)), readFileSync(path.join(it.dir, 'source/things', name)))
  }
  const share = it.store.share(it.root)
  assert.deepEqual([share?.hereFiles, share?.hereBytes, share?.sourcePaths], [4, share?.sizeBytes, [it.place]])
  assert.ok(it.store.held(more.root)!.have.isFull)
  assert.deepEqual(it.store.db.all('SELECT * FROM download, dirty, durable'), [])
})

test('nothing is to be fetched of files that stand there; an empty one is made', async t => {
  const it = await got(t, A, B)
  await using more = await open(it, { selection: [A, NONE] })
  assert.ok(more.isComplete)
  await more.finish(never)
  assert.deepEqual(below(it.place), ['a.bin', 'sub', 'sub/b.txt', 'sub/none'])
  assert.equal(it.store.share(it.root)?.hereFiles, 3, 'what was there before is still known')
})

test('a file that was taken away since is got again; one that was touched is read again', async t => {
  const it = await got(t, A, B)
  rmSync(path.join(it.place, 'sub/b.txt'))
  writeFileSync(path.join(it.place, 'a.bin'), TREE['a.bin']) // the same bytes, another stat
  await using more = await open(it, { selection: [A, B] })
  assert.deepEqual([more.bytesWritten, more.totalBytes], [2 * MIB + 5, 2 * MIB + 10])
  await feed(it, more)
  await more.finish(never)
  assert.equal(readFileSync(path.join(it.place, 'sub/b.txt')).toString(), 'hello')
  assert.equal(it.store.share(it.root)?.state, 'ready')
})

test('where something else stands in the way, nothing is added and nothing touched', async t => {
  const cases: Record<string, (place: string) => void> = {
    'a file that was got and is another one now': place => writeFileSync(path.join(place, 'a.bin'), 'mine'),
    'a file of the user’s where one would go': place => {
      mkdirSync(path.join(place, 'sub'))
      writeFileSync(path.join(place, 'sub/c.bin'), 'mine')
    },
    'a .part of the user’s': place => {
      mkdirSync(path.join(place, 'sub'))
      writeFileSync(path.join(place, 'sub/c.bin.part'), 'mine')
    },
    'a folder that leads elsewhere': place => symlinkSync('../../source', path.join(place, 'sub')),
    'a folder where a link would go': place => mkdirSync(path.join(place, 'link')),
    'a file where a folder would go': place => writeFileSync(path.join(place, 'empty'), 'mine')
  }
  for (const [what, put] of Object.entries(cases)) {
    const it = await got(t, A)
    put(it.place)
    const before = below(it.place)
    await using more = await open(it)
    await feed(it, more)
    assert.equal((await more.finish(never)).path, path.join(it.directory, 'things (2)'), what)
    assert.deepEqual(below(it.place), before, what)
    assert.deepEqual(below(path.join(it.directory, 'things (2)')), ALL, what)
  }
})

test('a file is not added below a link that leads elsewhere', async t => {
  const it = await got(t, A)
  const elsewhere = path.join(it.dir, 'elsewhere')
  mkdirSync(elsewhere)
  symlinkSync(elsewhere, path.join(it.place, 'sub'))
  await using more = await open(it, { selection: [B] })
  await feed(it, more)
  assert.equal((await more.finish(never)).path, path.join(it.directory, 'things (2)'))
  assert.deepEqual(below(elsewhere), [])
})

test('adding goes on after a crash, and leaves alone what the user changed meanwhile', async t => {
  const it = await got(t, A)
  const dead = await open(it)
  await feed(it, dead, [3, 4]) // b.txt, the first of the two leaves of c.bin; never closed
  writeFileSync(path.join(it.place, 'a.bin'), 'edited by the user')
  using store = openStore(it.dbFile)
  learn(store, it.indexed)
  await using more = await open(it, { store })
  assert.equal(more.totalBytes - more.bytesWritten, 1, 'what was written is kept')
  await feed(it, more)
  assert.equal((await more.finish(never)).path, it.place)
  assert.deepEqual(below(it.place), ALL)
  assert.equal(readFileSync(path.join(it.place, 'a.bin')).toString(), 'edited by the user')
  assert.deepEqual(readFileSync(path.join(it.place, 'sub/c.bin')), TREE['sub/c.bin'])
  await store.checkShares(never)
  await store.whenChecked()
  assert.equal(store.share(it.root)?.state, 'changed', 'and is not served as what it was')
})

test('adding does not go on over something that was put in its way', async t => {
  const it = await got(t, A)
  {
    await using more = await open(it)
    await feed(it, more, [4])
  }
  writeFileSync(path.join(it.place, 'sub/b.txt'), 'mine')
  await assert.rejects(open(it), { code: 'not-writable' })
  rmSync(path.join(it.place, 'sub/b.txt'))
  await using more = await open(it)
  assert.ok(more.have.has(4))
})

test('a download that was adding and is given up takes away what it wrote, and nothing else', async t => {
  const it = await got(t, A)
  {
    await using more = await open(it)
    await feed(it, more, [3, 4])
    await more.discard()
  }
  assert.deepEqual(below(it.place), ['a.bin'])
  {
    await using more = await open(it)
    await feed(it, more, [3, 4])
  }
  writeFileSync(path.join(it.place, 'sub/b.txt'), 'edited by the user')
  writeFileSync(path.join(it.place, 'sub/own.txt'), 'mine')
  await using more = await open(it, { selection: [] }) // as it is opened to be given up
  await more.discard()
  assert.deepEqual(below(it.place), ['a.bin', 'sub', 'sub/b.txt', 'sub/own.txt'])
  assert.equal(it.store.share(it.root)?.state, 'ready')
  assert.deepEqual(it.store.db.all('SELECT * FROM download, dirty, durable'), [])
})
