import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { rootText } from '../cid.ts'
import { codeOf } from '../errors.ts'
import type { ServableChange } from '../exchange/servable.ts'
import { findExisting } from './find-existing.ts'
import { openDownload } from './open-download.ts'
import { bench, feed, never, open, wantedOf } from '../testing/sample-download.ts'
import { leafOf, sampleBytes, writeSample } from '../testing/sample-share.ts'
import { openStore } from './store.ts'
import { cleanup } from '../testing/cleanup.ts'

const MIB = 1024 * 1024
const TREE = {
  'a.bin': sampleBytes(2 * MIB + 5, 'a'),
  'sub/b.txt': Buffer.from('hello'),
  'sub/deep/c.txt': Buffer.from('sea'),
  'sub/none': Buffer.alloc(0),
  empty: null
}
const below = (dir: string): string[] => readdirSync(dir, { recursive: true }).map(String).toSorted()

test('a file carries .part until it is whole, and is a share then', async t => {
  const it = bench(t, { '': sampleBytes(3 * MIB + 1, 'f') }, 'film.bin')
  await using download = await open(it)
  const changes: ServableChange[] = []
  download.watch(change => changes.push(change))
  assert.deepEqual([download.state, download.totalBytes, download.bytesWritten], ['partial', 3 * MIB + 1, 0])
  await feed(it, download, [3, 1])
  assert.deepEqual(below(it.directory), ['film.bin.part'])
  assert.equal(statSync(path.join(it.directory, 'film.bin.part')).size, 3 * MIB + 1)
  assert.deepEqual([download.bytesWritten, download.queuedBytes, download.isComplete], [MIB + 1, 0, false])
  assert.deepEqual(Buffer.from(await download.readLeaf(1)), leafOf(it.indexed, 1), 'served while it is fetched')
  await assert.rejects(download.readLeaf(0), { code: 'not-found' })
  await assert.rejects(download.finish(never), { code: 'internal' })
  await feed(it, download)
  const finished = await download.finish(never)
  assert.deepEqual(finished, { path: path.join(it.directory, 'film.bin'), leftOut: [] })
  assert.deepEqual(below(it.directory), ['film.bin'])
  assert.deepEqual(readFileSync(finished.path), readFileSync(it.indexed.sourcePaths[0]!))
  assert.equal(statSync(finished.path).mode & 0o111, 0)
  assert.deepEqual(changes.at(-1), { state: 'ready' })
  const share = it.store.share(rootText(download.root))
  assert.deepEqual([share?.state, share?.origin, share?.sourcePaths], ['ready', 'received', [finished.path]])
  assert.equal((await it.store.held(download.root)!.readLeaf(2)).length, MIB)
  assert.equal((await download.readLeaf(2)).length, MIB, 'who was being served still is')
  assert.deepEqual(it.store.db.all('SELECT * FROM download, dirty, durable'), [])
  it.store.removeShare(rootText(download.root))
  await assert.rejects(download.readLeaf(2), { code: 'not-found' }, 'as long as it is shared')
})

test('in a folder, whole files have their names and the others .part; empty ones come last', async t => {
  const it = bench(t, TREE)
  await using download = await open(it)
  const byPath = new Map(it.indexed.built.layout.files.map(file => [file.path.join('/'), file.start]))
  await feed(it, download, [byPath.get('a.bin')!, byPath.get('sub/b.txt')!])
  await download[Symbol.asyncDispose]()
  assert.deepEqual(below(it.directory), [
    'things.part',
    'things.part/a.bin.part',
    'things.part/sub',
    'things.part/sub/b.txt'
  ])
  await using again = await open(it)
  assert.equal(again.bytesWritten, MIB + 5, 'closing loses nothing')
  await feed(it, again)
  const { path: at } = await again.finish(never)
  assert.equal(at, path.join(it.directory, 'things'))
  assert.deepEqual(below(at), below(it.indexed.sourcePaths[0]!))
  for (const name of byPath.keys()) {
    assert.deepEqual(readFileSync(path.join(at, name)), readFileSync(path.join(it.indexed.sourcePaths[0]!, name)))
  }
})

test('symlinks are made last, and only those that stay inside', async t => {
  const tree = {
    'a/b.txt': Buffer.from('b'),
    'a/in': { target: 'b.txt' },
    'a/out': { target: '../../x' },
    abs: { target: '/etc' }
  }
  const it = bench(t, tree)
  await using download = await open(it)
  await feed(it, download)
  const { path: at, leftOut } = await download.finish(never)
  assert.deepEqual(leftOut.toSorted(), ['a/out', 'abs'])
  assert.deepEqual(below(at), ['a', 'a/b.txt', 'a/in'])
  assert.equal(readlinkSync(path.join(at, 'a/in')), 'b.txt')
})

test('nothing that exists is overwritten, and a .part of unknown origin is left alone', async t => {
  const it = bench(t, { '': Buffer.from('new') }, 'note.txt')
  writeFileSync(path.join(it.directory, 'note.txt'), 'mine')
  writeFileSync(path.join(it.directory, 'note (2).txt.part'), 'unknown')
  await using download = await open(it)
  await feed(it, download)
  writeFileSync(path.join(it.directory, 'note (2).txt'), 'mine too')
  const { path: at } = await download.finish(never)
  const texts = below(it.directory).map(name => [name, readFileSync(path.join(it.directory, name), 'utf8')])
  assert.deepEqual(Object.fromEntries(texts), {
    'note.txt': 'mine',
    'note (2).txt': 'mine too',
    'note (2).txt.part': 'unknown',
    'note (3).txt': 'new'
  })
  assert.equal(path.basename(at), 'note (3).txt')
})

test('a folder does not replace a folder either, not even an empty one', async t => {
  const it = bench(t, { 'a.txt': Buffer.from('a') })
  await using download = await open(it)
  await feed(it, download)
  mkdirSync(path.join(it.directory, 'things'))
  assert.equal(path.basename((await download.finish(never)).path), 'things (2)')
})

test('only the chosen files are fetched and made', async t => {
  const it = bench(t, TREE)
  const chosen = it.indexed.built.layout.files.findIndex(file => file.path.at(-1) === 'b.txt')
  await using download = await open(it, { selection: [chosen] })
  assert.equal(download.totalBytes, 5)
  await feed(it, download)
  const { path: at } = await download.finish(never)
  assert.deepEqual(below(at), ['sub', 'sub/b.txt'])
  const held = it.store.held(download.root)!
  assert.deepEqual([held.state, held.have.count, held.have.isFull], ['partial', 1, false])
  await assert.rejects(open(it, { selection: [99] }), { code: 'not-found' })
})

test('what needs no bytes needs no peer: an empty file, an empty folder', async t => {
  for (const [name, sample] of [
    ['none.txt', { '': Buffer.alloc(0) }],
    ['nothing', { x: Buffer.alloc(0) }]
  ] as const) {
    const it = bench(t, sample, name)
    await using download = await open(it)
    assert.deepEqual([download.isComplete, download.have.isFull], [true, true])
    const { path: at } = await download.finish(never)
    assert.ok(lstatSync(at))
    assert.equal((await it.store.held(download.root)!.readLeaf(0)).length, 0)
  }
})

test('a leaf that claims to be empty is not believed', async t => {
  const it = bench(t, { 'a.txt': Buffer.from('a') })
  const { layout } = it.indexed.built
  const lying = { ...layout, leafBytes: () => 0, files: [{ path: ['a.txt'], start: 0, end: 1, sizeBytes: 0 }] }
  const options = { layout: lying, name: 'x', directory: it.directory, reserveBytes: 0 }
  await using download = await openDownload(it.store, options, never)
  assert.equal(download.isComplete, false)
  await assert.rejects(download.verifyAndWrite([0], Buffer.from('a')), { code: 'bad-content' })
})

test('a leaf that occurs several times is written to every position', async t => {
  const same = sampleBytes(MIB, 'same')
  const it = bench(t, { 'a.bin': Buffer.concat([same, same]), 'b.bin': same })
  await using download = await open(it)
  await download.writeLeaf([0, 1, 2], same)
  await download.writeLeaf([0, 1, 2], same)
  assert.deepEqual([download.bytesWritten, download.isComplete], [3 * MIB, true])
  const { path: at } = await download.finish(never)
  assert.deepEqual(readFileSync(path.join(at, 'a.bin')), Buffer.concat([same, same]))
})

test('a leaf of another length than the layout claims is refused', async t => {
  const it = bench(t, TREE)
  await using download = await open(it)
  await assert.rejects(download.writeLeaf([0], new Uint8Array(3)), { code: 'bad-content' })
  const { layout } = it.indexed.built
  const options = { layout: { ...layout, leafBytes: () => 7 }, name: 'x', directory: it.directory, reserveBytes: 0 }
  await using other = await openDownload(openStore(':memory:'), options, never)
  await assert.rejects(other.verifyAndWrite([0], leafOf(it.indexed, 0)), { code: 'bad-content' })
  assert.equal(download.queuedBytes, 0)
})

test('leaves are verified on the way into the file', async t => {
  const same = sampleBytes(MIB, 'same')
  const it = bench(t, {
    'a.bin': Buffer.concat([same, same]),
    'b.bin': sampleBytes(2 * MIB, 'b'),
    c: Buffer.from('sea')
  })
  await using download = await open(it)
  const copyOf = (ordinal: number): Buffer => Buffer.from(leafOf(it.indexed, ordinal))
  const wrong = copyOf(2)
  wrong[MIB - 1]! ^= 1
  assert.equal(await download.verifyAndWrite([2], wrong), false)
  assert.equal(await download.verifyAndWrite([4], Buffer.from('See')), false)
  assert.equal(await download.verifyAndWrite([0, 1], sampleBytes(MIB, 'other')), false)
  assert.equal(await download.verifyAndWrite([2], new Uint8Array(100_000)), false, 'a liar, not bad content')
  assert.deepEqual([download.have.count, download.queuedBytes], [0, 0])
  assert.equal(await download.verifyAndWrite([2], copyOf(2)), true)
  assert.equal(await download.verifyAndWrite([2], copyOf(2)), true, 'again')
  assert.equal(await download.verifyAndWrite([0, 1], copyOf(0)), true)
  const large = new Uint8Array(2 * MIB) // a view into something bigger stays as it is
  large.set(copyOf(3), 5)
  assert.equal(await download.verifyAndWrite([3], large.subarray(5, MIB + 5)), true)
  assert.equal(large.length, 2 * MIB)
  assert.equal(await download.verifyAndWrite([4], copyOf(4)), true)
  const { path: at } = await download.finish(never)
  for (const name of ['a.bin', 'b.bin', 'c']) {
    assert.deepEqual(readFileSync(path.join(at, name)), readFileSync(path.join(it.indexed.sourcePaths[0]!, name)))
  }
})

test('leaves that other shares hold are copied, not fetched', async t => {
  const it = bench(t, TREE)
  const other = writeSample(it.dir, 'other', { 'x.bin': TREE['a.bin'], y: Buffer.from('unrelated') })
  await it.store.addShare(other)
  await using download = await open(it)
  assert.equal(await download.copyLocal(never), 2 * MIB + 5)
  assert.deepEqual(
    wantedOf(download)
      .map(i => leafOf(it.indexed, i).toString())
      .toSorted(),
    ['hello', 'sea']
  )
})

test('closing in the middle of writing settles everyone, and what was written stays', async t => {
  const it = bench(t, { 'big.bin': sampleBytes(6 * MIB, 'b'), small: Buffer.from('s') })
  const leaf = (ordinal: number): Buffer => Buffer.from(leafOf(it.indexed, ordinal))
  let done: number[]
  {
    await using download = await open(it)
    const writes = Array.from({ length: 7 }, async (_, i) => {
      await (i % 2 === 0 ? download.writeLeaf([i], leaf(i)) : download.verifyAndWrite([i], leaf(i)))
      return i
    })
    await writes[0]
    await download[Symbol.asyncDispose]()
    const ends = await Promise.allSettled(writes)
    assert.deepEqual([download.queuedBytes, ends.length], [0, 7])
    done = ends.flatMap(end => (end.status === 'fulfilled' ? [end.value] : []))
  }
  assert.deepEqual(it.store.db.all('SELECT * FROM dirty'), [], 'a clean stop')
  await using download = await open(it)
  for (const ordinal of done) assert.ok(download.have.has(ordinal))
  await feed(it, download)
  await download.finish(never)
})

test('a symlink put in the way is not followed', async t => {
  const it = bench(t, TREE)
  const outside = path.join(it.dir, 'outside')
  mkdirSync(outside)
  await using download = await open(it)
  symlinkSync(outside, path.join(it.directory, 'things.part', 'sub'))
  symlinkSync(path.join(outside, 'x'), path.join(it.directory, 'things.part', 'a.bin.part'))
  await assert.rejects(feed(it, download), { code: 'unsafe-name' })
  const deep = it.indexed.built.layout.files.find(file => file.path.at(-1) === 'c.txt')!
  await assert.rejects(feed(it, download, [deep.start]), { code: 'unsafe-name' })
  await download.discard()
  assert.deepEqual(readdirSync(outside), [])
})

const SMALL = { 'sub/a.txt': Buffer.from('one'), 'sub/b.txt': Buffer.from('two'), 'sub/deep/c.txt': Buffer.from('sea') }
const SWAPS: Record<string, string[]> = {
  'a folder of it': ['things.part', 'sub'],
  'its .part': ['things.part'],
  'the destination': []
}

for (const [what, names] of Object.entries(SWAPS)) {
  test(`${what} swapped for a symlink while files arrive: nothing outside is written, renamed or removed`, async t => {
    const it = bench(t, SMALL)
    const [swapped, aside] = [path.join(it.directory, ...names), path.join(it.dir, 'aside')]
    const outside = path.join(it.dir, 'outside')
    const inside = ['things.part', 'sub'].slice(names.length).join('/')
    mkdirSync(path.join(outside, inside, 'deep'), { recursive: true })
    for (const name of ['a.txt', 'b.txt', 'b.txt.part', 'deep/c.txt'])
      writeFileSync(path.join(outside, inside, name), 'mine')
    const before = listed(outside)
    await using download = await open(it)
    await feed(it, download, [0])
    renameSync(swapped, aside)
    symlinkSync(outside, swapped)
    await feed(it, download, [1, 2]).catch((error: unknown) => assert.equal(codeOf(error), 'unsafe-name'))
    await assert.rejects(download.finish(never))
    assert.deepEqual(listed(outside), before)
    await download.discard()
    assert.deepEqual(listed(outside), before)
  })
}

/** Every file and its content. */
function listed(dir: string): Record<string, string> {
  const names = below(dir).filter(name => lstatSync(path.join(dir, name)).isFile())
  return Object.fromEntries(names.map(name => [name, readFileSync(path.join(dir, name), 'utf8')]))
}

test('a destination that the user named through a symlink is where it leads', async t => {
  const it = bench(t, SMALL)
  const real = path.join(it.dir, 'real')
  mkdirSync(real)
  rmSync(it.directory, { recursive: true })
  symlinkSync(real, it.directory)
  {
    await using download = await open(it)
    await feed(it, download, [0])
  }
  await using download = await open(it)
  await feed(it, download)
  const { path: at } = await download.finish(never)
  assert.equal(at, path.join(it.directory, 'things'))
  assert.equal(readFileSync(path.join(real, 'things/sub/deep/c.txt'), 'utf8'), 'sea')
})

test('discarding removes what the download made, and nothing else', async t => {
  const it = bench(t, TREE)
  {
    await using download = await open(it)
    await feed(it, download, [0, 3])
    await download.discard()
    assert.deepEqual(below(it.directory), [])
    await assert.rejects(download.writeLeaf([0], leafOf(it.indexed, 0)), { code: 'cancelled' })
  }
  await using download = await open(it)
  assert.equal(download.bytesWritten, 0)
  await feed(it, download, [0])
  writeFileSync(path.join(it.directory, 'things.part', 'mine.txt'), 'mine')
  await download.discard()
  assert.deepEqual(below(it.directory), ['things.part', 'things.part/mine.txt'])
})

test('an unfinished name never meets an entry of that name', async t => {
  const it = bench(t, {
    a: sampleBytes(2 * MIB, 1),
    'a.part': sampleBytes(2 * MIB, 2),
    'a.part.part': Buffer.from('3')
  })
  await using download = await open(it)
  await feed(it, download, wantedOf(download).toReversed())
  const { path: at } = await download.finish(never)
  for (const name of ['a', 'a.part', 'a.part.part']) {
    assert.deepEqual(readFileSync(path.join(at, name)), readFileSync(path.join(it.indexed.sourcePaths[0]!, name)))
  }
})

test('a tree that may not be written makes nothing', async t => {
  const it = bench(t, TREE)
  const files = [{ path: ['..', 'x'], start: 0, end: 5, sizeBytes: 2 * MIB + 13 }]
  const layout = { ...it.indexed.built.layout, files }
  const options = { layout, name: 'things', directory: path.join(it.directory, 'new'), reserveBytes: 0 }
  await assert.rejects(openDownload(it.store, options, never), { code: 'unsafe-name' })
  assert.deepEqual(below(it.directory), [])
})

test('an index that cannot be written after the rename loses nothing', async t => {
  const it = bench(t, TREE)
  await using download = await open(it)
  await feed(it, download)
  it.store.db.run('CREATE TEMP TRIGGER full BEFORE INSERT ON share BEGIN SELECT RAISE(ABORT, "full"); END')
  await assert.rejects(download.finish(never))
  it.store.db.run('DROP TRIGGER full')
  assert.equal((await download.finish(never)).path, path.join(it.directory, 'things'))
  assert.deepEqual(readdirSync(it.directory), ['things'])
})

test('room is checked before anything is made', async t => {
  const it = bench(t, TREE)
  const { layout } = it.indexed.built
  const options = {
    layout,
    name: 'things',
    directory: path.join(it.directory, 'new'),
    reserveBytes: Number.MAX_SAFE_INTEGER
  }
  await assert.rejects(openDownload(it.store, options, never), { code: 'disk-full' })
  assert.deepEqual(below(it.directory), ['new'])
})

test('a destination that cannot be is not writable', async t => {
  const it = bench(t, TREE)
  writeFileSync(path.join(it.directory, 'file'), '')
  const { layout } = it.indexed.built
  const options = { layout, name: 'things', directory: path.join(it.directory, 'file', 'x'), reserveBytes: 0 }
  await assert.rejects(openDownload(it.store, options, never), { code: 'not-writable' })
})

test('content that is there already is recognised, to the byte and to the entry', async t => {
  const it = bench(t, TREE)
  const { layout } = it.indexed.built
  const options = { layout, name: 'things', directory: path.join(it.dir, 'source') }
  assert.deepEqual(await findExisting(it.store, options, never), { path: it.indexed.sourcePaths[0] })
  assert.equal(it.store.shares()[0]?.origin, 'received')
  assert.equal(await findExisting(it.store, { ...options, name: 'others' }, never), undefined)
  const more = path.join(it.indexed.sourcePaths[0]!, 'more.txt')
  writeFileSync(more, '')
  assert.equal(await findExisting(it.store, options, never), undefined)
  rmSync(more)
  rmdirSync(path.join(it.indexed.sourcePaths[0]!, 'empty'))
  assert.equal(await findExisting(it.store, options, never), undefined)
  mkdirSync(path.join(it.indexed.sourcePaths[0]!, 'empty'))
  writeFileSync(path.join(it.indexed.sourcePaths[0]!, 'sub', 'b.txt'), 'hullo')
  assert.equal(await findExisting(it.store, options, never), undefined)
})

const readHere = (): number => Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'latin1'))?.[1])

test('of a folder that cannot be this content nothing is hashed', { skip: process.platform !== 'linux' }, async t => {
  const it = bench(t, { 'a.bin': sampleBytes(8 * MIB, 'a'), 'b.bin': sampleBytes(MIB, 'b') })
  const { layout } = it.indexed.built
  const options = { layout, name: 'things', directory: path.join(it.dir, 'source') }
  const before = readHere()
  assert.deepEqual(await findExisting(it.store, options, never), { path: it.indexed.sourcePaths[0] })
  assert.ok(readHere() - before >= 9 * MIB, 'the figure is right')
  truncateSync(path.join(it.indexed.sourcePaths[0]!, 'b.bin'), MIB - 1)
  const between = readHere()
  assert.equal(await findExisting(it.store, options, never), undefined)
  assert.ok(readHere() - between < MIB, `${readHere() - between} bytes read`)
})

test('a folder with more in it is not walked further', { skip: process.platform === 'win32' }, async t => {
  const it = bench(t, { a: sampleBytes(5, 'a') })
  const { layout } = it.indexed.built
  const top = it.indexed.sourcePaths[0]!
  // deeper than a path may be: whoever walks down there fails
  const dig = `for (let i = 0; i < 25; i++) { fs.mkdirSync('d'.repeat(200)); process.chdir('d'.repeat(200)) }`
  execFileSync(process.execPath, ['-e', dig], { cwd: top })
  cleanup(t).defer(() => void execFileSync('rm', ['-rf', path.join(top, 'd'.repeat(200))]))
  const options = { layout, name: 'things', directory: path.join(it.dir, 'source') }
  assert.equal(await findExisting(it.store, options, never), undefined)
})

test('two thousand small files cost little', { timeout: 120_000 }, async t => {
  const it = bench(
    t,
    Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`d${i % 20}/f${i}`, sampleBytes(4096, i)]))
  )
  const leaves = Array.from({ length: 2_000 }, (_, i) => leafOf(it.indexed, i))
  await using download = await open(it)
  const start = performance.now()
  for (const [i, leaf] of leaves.entries()) await download.writeLeaf([i], leaf)
  const written = performance.now()
  const { path: at } = await download.finish(never)
  t.diagnostic(`written ${(written - start).toFixed(0)} ms, finished ${(performance.now() - written).toFixed(0)} ms`)
  assert.equal(below(at).length, 2_020)
})
