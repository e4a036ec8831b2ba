import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import path from 'node:path'
import readline from 'node:readline'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Download } from './download.ts'
import { bench, feed, open, never, wantedOf, type Bench } from '../testing/sample-download.ts'
import { rootText } from '../cid.ts'
import type { Bitset } from '../bitset.ts'
import { durableLeaves, findDownload } from './download-repo.ts'
import { leafOf, sampleBytes } from '../testing/sample-share.ts'
import { openStore, type Store } from './store.ts'
import { cleanup } from '../testing/cleanup.ts'

const MIB = 1024 * 1024
const TREE = {
  'big.bin': sampleBytes(5 * MIB + 9, 'big'),
  'sub/a': sampleBytes(900, 'a'),
  'sub/b': sampleBytes(800, 'b')
}

const SMALL_TREE = {
  'big.bin': sampleBytes(MIB + 9, 'b'),
  'c.bin': sampleBytes(MIB + 1, 'c'),
  d: TREE['sub/a'],
  'e/f': TREE['sub/b']
}

/** Every leaf that is said to be had reads back right, and the download can be brought to its end. */
async function assertHonest(it: Bench, download: Download): Promise<void> {
  for (let i = 0; i < download.leafCount; i++) {
    if (!download.have.has(i)) continue
    const leaf = await download.readLeaf(i).catch(() => undefined)
    if (leaf != null) assert.ok(leafOf(it.indexed, i).equals(leaf))
  }
  while (!download.isComplete) await feed(it, download)
  const { path: at } = await download.finish(never)
  for (const file of it.indexed.built.layout.files) {
    const name = file.path.join('/')
    const [got, sent] = [path.join(at, name), path.join(it.indexed.sourcePaths[0]!, name)]
    assert.ok(readFileSync(got).equals(readFileSync(sent)), `${name} is whole`)
  }
}

test('kill -9 costs nothing that was written', { timeout: 120_000 }, async t => {
  const it = bench(t, TREE)
  it.store[Symbol.dispose]()
  const here = (name: string): string => JSON.stringify(import.meta.resolve(name))
  const script = `
    import { feed, open } from ${here('../testing/sample-download.ts')}
    import { openStore } from ${here('./store.ts')}
    import { indexSample } from ${here('../testing/sample-share.ts')}
    import fs from 'node:fs'
    const [dbFile, directory, top] = process.argv.slice(1)
    const read = name => fs.readFileSync(top + '/' + name)
    const indexed = indexSample(top, { 'big.bin': read('big.bin'), 'sub/a': read('sub/a'), 'sub/b': read('sub/b') })
    const it = { store: openStore(dbFile), directory, indexed }
    const download = await open(it)
    for (const ordinal of [7, 2, 0, 4]) {
      await feed(it, download, [ordinal])
      console.log(ordinal)
    }
    setInterval(() => {}, 1000)`
  const top = it.indexed.sourcePaths[0]!
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, it.dbFile, it.directory, top], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  cleanup(t).defer(() => void child.kill('SIGKILL'))
  const gone = new Promise(resolve => child.once('exit', resolve))
  const written: number[] = []
  for await (const line of readline.createInterface(child.stdout)) {
    written.push(Number(line))
    if (written.length === 4) child.kill('SIGKILL')
  }
  await gone
  using store = openStore(it.dbFile)
  await using download = await open(it, { store })
  for (const ordinal of written) assert.ok(download.have.has(ordinal), `leaf ${ordinal} was written and is kept`)
  assert.equal(download.have.count, 4)
  await assertHonest(it, download)
})

/** What a power cut leaves: the database as it was at its last sync, and of unsynced extents anything. */
test('whatever a power cut does to what was not synced, nothing wrong is kept', { timeout: 120_000 }, async t => {
  const it = bench(t, SMALL_TREE)
  let run = 0
  const damage = fc.record({ ordinal: fc.nat(5), how: fc.constantFrom('zero', 'garble', 'nothing') })
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.nat(5), { maxLength: 6 }),
      fc.uniqueArray(fc.nat(5), { maxLength: 6 }),
      fc.uniqueArray(damage, { maxLength: 6, selector: it => it.ordinal }),
      fc.boolean(),
      async (first, unsynced, damages, isNamed) => {
        const synced = [...first]
        const directory = path.join(it.dir, `run ${run}`)
        const dbFile = path.join(it.dir, `run ${run++}.db`)
        cpSync(it.dbFile, dbFile)
        cpSync(`${it.dbFile}-wal`, `${dbFile}-wal`)
        const here = { ...it, directory, dbFile }
        mkdirSync(directory)
        const copy = path.join(it.dir, `copy ${run}`)
        {
          using store = openStore(dbFile)
          {
            await using before = await open(here, { store })
            await feed(here, before, first)
          }
          await using second = await open(here, { store })
          await feed(
            here,
            second,
            wantedOf(second).filter(i => unsynced.includes(i))
          )
          const row = findDownload(store.db, rootText(second.root), directory)!
          for (const i of ordinalsIn(durableLeaves(store.db, row.id, second.leafCount))) synced.push(i)
          cpSync(directory, copy, { recursive: true, preserveTimestamps: true })
          cpSync(dbFile, `${copy}.db`)
          cpSync(`${dbFile}-wal`, `${copy}.db-wal`)
        }
        for (const suffix of ['', '-wal', '-shm']) rmSync(dbFile + suffix, { force: true })
        rmSync(directory, { recursive: true })
        renameSync(copy, directory)
        for (const suffix of ['', '-wal']) renameSync(`${copy}.db${suffix}`, dbFile + suffix)
        for (const { ordinal, how } of damages) {
          if (!synced.includes(ordinal)) harm(here, ordinal, how)
        }
        if (isNamed) nameEarly(here)
        using store = openStore(dbFile)
        await using download = await open(here, { store })
        for (const ordinal of unsynced) {
          const isHarmed = damages.some(it => it.ordinal === ordinal && it.how !== 'nothing')
          if (!isHarmed) assert.ok(download.have.has(ordinal), 'what arrived whole is kept')
          if (isHarmed && !synced.includes(ordinal)) assert.ok(!download.have.has(ordinal), 'what did not is not')
        }
        await assertHonest(here, download)
        rmSync(directory, { recursive: true })
      }
    ),
    { numRuns: 20 }
  )
})

const ordinalsIn = (it: Bitset): number[] => Array.from({ length: it.size }, (_, i) => i).filter(i => it.has(i))

function harm({ directory, indexed }: Bench, ordinal: number, how: string): void {
  const { layout } = indexed.built
  const name = layout.files[layout.fileIndexOf(ordinal)]!.path.join('/')
  for (const at of [`${directory}/things.part/${name}`, `${directory}/things.part/${name}.part`]) {
    if (statSync(at, { throwIfNoEntry: false }) == null || how === 'nothing') continue
    const bytes = readFileSync(at)
    const [from, to] = [layout.leafOffset(ordinal), layout.leafOffset(ordinal) + layout.leafBytes(ordinal)]
    if (how === 'zero') bytes.fill(0, from, to)
    else bytes[from]! ^= 255
    writeFileSync(at, bytes)
  }
}

/** A crash between the rename of a file and the transaction that follows it. */
function nameEarly({ directory }: Bench): void {
  for (const name of readdirSync(directory, { recursive: true }).map(String)) {
    if (name.endsWith('.part') && name !== 'things.part') {
      renameSync(path.join(directory, name), path.join(directory, name.slice(0, -5)))
    }
  }
}

test('a .part changed between two runs is hashed again', async t => {
  const it = bench(t, TREE)
  {
    await using download = await open(it)
    await feed(it, download, [0, 1, 2])
  }
  const part = path.join(it.directory, 'things.part', 'big.bin.part')
  const bytes = readFileSync(part)
  bytes[MIB + 3]! ^= 1
  writeFileSync(part, bytes)
  await using download = await open(it)
  assert.deepEqual([download.have.has(0), download.have.has(1), download.have.has(2)], [true, false, true])
  await assertHonest(it, download)
})

test('a .part that was cut short, or that went, is fetched again', async t => {
  for (const harm of ['cut', 'gone', 'all gone']) {
    const it = bench(t, TREE)
    {
      await using download = await open(it)
      await feed(it, download, [0, 4, 6])
    }
    const part = path.join(it.directory, 'things.part')
    if (harm === 'cut') writeFileSync(path.join(part, 'big.bin.part'), leafOf(it.indexed, 0))
    if (harm === 'gone') rmSync(path.join(part, 'big.bin.part'))
    if (harm === 'all gone') rmSync(part, { recursive: true })
    await using download = await open(it)
    assert.deepEqual(
      [download.have.has(0), download.have.has(4), download.have.has(6)],
      [harm === 'cut', false, harm !== 'all gone']
    )
    await assertHonest(it, download)
  }
})

test('a leaf found bad before it is durable is not trusted by the next run', async t => {
  for (const how of ['zero', 'garble']) {
    const it = bench(t, TREE)
    {
      await using download = await open(it)
      await feed(it, download, [0, 1, 2])
      harm(it, 0, how)
      await assert.rejects(download.readLeaf(0), { code: 'not-found' })
    } // makes the rest durable
    await using download = await open(it)
    const kept = [0, 1, 2].filter(ordinal => download.have.has(ordinal))
    while (!download.isComplete) await feed(it, download)
    const { path: at } = await download.finish(never)
    assert.ok(readFileSync(path.join(at, 'big.bin')).equals(TREE['big.bin']), 'nobody reads it before it is finished')
    assert.deepEqual(kept, [1, 2])
  }
})

test('a crash after the last rename is finished by the next run', async t => {
  for (const sample of [TREE, { '': sampleBytes(2 * MIB, 'x') }]) {
    const it = bench(t, sample)
    const broken: Store = Object.create(it.store, {
      putCopy: {
        value: () => {
          throw new Error('crash')
        }
      }
    }) as Store // the same store, dying at one place
    {
      await using download = await open(it, { store: broken })
      await feed(it, download)
      await assert.rejects(download.finish(never), /crash/)
      assert.deepEqual(readdirSync(it.directory), ['things'])
    }
    assert.equal(it.store.shares().length, 0)
    await using download = await open(it)
    assert.equal(download.isComplete, true)
    assert.equal((await download.finish(never)).path, path.join(it.directory, 'things'))
    assert.equal(it.store.shares()[0]?.state, 'ready')
    assert.deepEqual(readdirSync(it.directory), ['things'])
  }
})

test('a stranger at the place a download was moving to is not touched', async t => {
  const it = bench(t, TREE)
  {
    await using download = await open(it)
    await feed(it, download, [0, 6])
  }
  it.store.db.run('UPDATE download SET place = ?', path.join(it.directory, 'things'))
  rmSync(path.join(it.directory, 'things.part'), { recursive: true })
  mkdirSync(path.join(it.directory, 'things', 'sub'), { recursive: true })
  writeFileSync(path.join(it.directory, 'things', 'sub', 'a'), 'mine')
  await using download = await open(it)
  assert.equal(download.have.count, 0)
  await feed(it, download)
  assert.equal(path.basename((await download.finish(never)).path), 'things (2)')
  assert.equal(readFileSync(path.join(it.directory, 'things', 'sub', 'a'), 'utf8'), 'mine')
})

test('nor is one, when there is nothing to tell the download by', async t => {
  const it = bench(t, { 'a.txt': Buffer.alloc(0) })
  await (await open(it))[Symbol.asyncDispose]()
  it.store.db.run('UPDATE download SET place = ?', path.join(it.directory, 'things'))
  mkdirSync(path.join(it.directory, 'things'))
  await using download = await open(it)
  assert.equal(path.basename((await download.finish(never)).path), 'things (2)')
  assert.deepEqual(readdirSync(path.join(it.directory, 'things')), [])
})

test('a full disk stops the download and keeps what arrived', { timeout: 120_000 }, async t => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    t.skip('mounting a small tmpfs needs Linux and root')
    return
  }
  const it = bench(t, { 'big.bin': sampleBytes(6 * MIB, 'big'), small: sampleBytes(70_000, 's') })
  const directory = path.join(it.dir, 'small disk')
  mkdirSync(directory)
  const mount = (...args: string[]): void => void execFileSync('mount', args)
  try {
    mount('-t', 'tmpfs', '-o', 'size=4m', 'shoal-test', directory)
  } catch {
    t.skip('this machine does not let us mount a tmpfs')
    return
  }
  using _ = { [Symbol.dispose]: () => execFileSync('umount', ['-l', directory]) }
  const here = { ...it, directory }
  await assert.rejects(open(here), { code: 'disk-full' }, 'known before the start')
  assert.deepEqual(readdirSync(directory), [])
  mount('-o', 'remount,size=8m', directory)
  {
    await using download = await open(here)
    writeFileSync(path.join(directory, 'other'), sampleBytes(4 * MIB, 'other'))
    await assert.rejects(feed(here, download), { code: 'disk-full' })
    assert.ok(download.have.count >= 2 && !download.isComplete)
    for (let i = 0; i < download.leafCount; i++) if (download.have.has(i)) await download.readLeaf(i)
    const before = download.bytesWritten
    const missing = wantedOf(download)[0]!
    const bytes = Buffer.from(leafOf(it.indexed, missing))
    await assert.rejects(download.verifyAndWrite([missing], bytes), { code: 'disk-full' }, 'on a thread too')
    await assert.rejects(feed(here, download), { code: 'disk-full' })
    assert.equal(download.bytesWritten, before)
  }
  rmSync(path.join(directory, 'other'))
  await using download = await open(here)
  assert.ok(download.have.count >= 2, 'kept')
  await assertHonest(here, download)
})

test('a clean stop needs no hashing: files are trusted by their stat', async t => {
  const it = bench(t, TREE)
  {
    await using download = await open(it)
    await feed(it, download, [0, 1, 6])
  }
  const part = path.join(it.directory, 'things.part', 'big.bin.part')
  const { atimeNs, mtimeNs } = statSync(part, { bigint: true })
  const bytes = readFileSync(part)
  bytes[3]! ^= 1
  writeFileSync(part, bytes)
  utimesSync(part, Number(atimeNs / 1_000_000_000n), Number(mtimeNs / 1_000_000_000n)) // no sub-second part: not as it was left
  {
    await using download = await open(it)
    assert.equal(download.have.has(0), false, 'the stat told')
    assert.equal(download.have.has(1), true)
  }
  assert.deepEqual(it.store.db.all('SELECT * FROM dirty'), [])
})
