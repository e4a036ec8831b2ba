import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { DestinationNames } from '../files/destination-names.ts'
import { NAME_RULES, type NameRules } from '../files/safe-name.ts'
import { bench, feed, learn, never, open, wantedOf } from '../testing/sample-download.ts'
import { sampleBytes, type Sample } from '../testing/sample-share.ts'
import { findExisting } from './find-existing.ts'
import { openStore } from './store.ts'

const MIB = 1024 * 1024
const EXFAT: NameRules = { ...NAME_RULES.linux, refused: ':*?"<>|', cutsEnds: true, folds: true }
const TREE: Sample = {
  'A.txt': sampleBytes(2 * MIB, 1),
  'a.txt': sampleBytes(2 * MIB, 2),
  'what?.bin': sampleBytes(700, 3),
  'Dir/x': sampleBytes(10, 4),
  'dir/X': sampleBytes(11, 5)
}
const isLinux = process.platform === 'linux'

/** Every folder holds what exFAT holds. */
class ExFat extends DestinationNames {
  override async of(): Promise<NameRules> {
    return EXFAT
  }
}

const namesBelow = (dir: string): string[] => readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()

test('what a destination cannot hold or tell apart gets another name there', { skip: !isLinux }, async t => {
  const it = bench(t, TREE)
  using store = openStore(path.join(it.dir, 'other.db'), { destinations: new ExFat() })
  learn(store, it.indexed)
  await using download = await open(it, { store, name: 'a: b' })
  await feed(it, download)
  const { path: at } = await download.finish(never)
  assert.equal(path.basename(at), 'a_ b')
  assert.deepEqual(namesBelow(at), ['A.txt', 'Dir', 'Dir/x', 'a (2).txt', 'dir (2)', 'dir (2)/X', 'what_.bin'])
  assert.deepEqual(readFileSync(path.join(at, 'a (2).txt')), sampleBytes(2 * MIB, 2))
  const named = new Map(store.filesHere(store.shares()[0]!.root, 0, 9))
  assert.deepEqual([...named.values()].map(String).sort(), ['A.txt', 'Dir/x', 'a (2).txt', 'dir (2)/X', 'what_.bin'])
  const { layout } = it.indexed.built
  const there = await findExisting(store, { layout, name: 'a_ b', directory: it.directory }, never)
  assert.equal(there?.path, at, 'it is found again')
})

test('a download that goes on keeps the names it began with', { skip: !isLinux }, async t => {
  const it = bench(t, TREE)
  const half = async (destinations: DestinationNames | undefined): Promise<void> => {
    using store = openStore(path.join(it.dir, 'half.db'), { ...(destinations && { destinations }) })
    learn(store, it.indexed)
    await using download = await open(it, { store })
    await feed(it, download, wantedOf(download).slice(0, 3))
  }
  const whole = async (destinations: DestinationNames | undefined): Promise<string[]> => {
    using store = openStore(path.join(it.dir, 'half.db'), { ...(destinations && { destinations }) })
    await using download = await open(it, { store })
    assert.equal(wantedOf(download).length, download.leafCount - 3, 'nothing is fetched again')
    await feed(it, download)
    return namesBelow((await download.finish(never)).path)
  }
  await half(new ExFat())
  const renamed = await whole(undefined) // plugged in where the probe could not write
  assert.deepEqual(renamed, ['A.txt', 'Dir', 'Dir/x', 'a (2).txt', 'dir (2)', 'dir (2)/X', 'what_.bin'])
  mkdirSync(path.join(it.directory, 'second'))
  const other = { ...it, directory: path.join(it.directory, 'second') }
  {
    using store = openStore(path.join(it.dir, 'second.db'))
    learn(store, it.indexed)
    await using download = await open(other, { store })
    await feed(it, download, [0])
    store.db.run('UPDATE download SET names = NULL') // as earlier versions left it
  }
  using store = openStore(path.join(it.dir, 'second.db'), { destinations: new ExFat() })
  await using download = await open(other, { store })
  await feed(it, download)
  const { path: at } = await download.finish(never)
  assert.deepEqual(namesBelow(at), Object.keys(TREE).concat('Dir', 'dir').sort())
})
