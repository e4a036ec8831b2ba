import assert from 'node:assert/strict'
import { mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { rootText } from '../cid.ts'
import { DataDirs } from '../files/data-dirs.ts'
import { never } from '../testing/sample-download.ts'
import { sampleBytes, scratch, writeSample } from '../testing/sample-share.ts'
import { openStore } from './store.ts'

const DATA = {
  'shoal.json': Buffer.from('{}'),
  'identity.key': Buffer.from('secret'),
  'logs/shoal.jsonl': Buffer.from('log')
}
const inFolder = (folder: string, sample: Record<string, Buffer>): Record<string, Buffer> =>
  Object.fromEntries(Object.entries(sample).map(([at, bytes]) => [`${folder}/${at}`, bytes]))

test('shares of earlier versions lose what stands in a data directory, and nothing else', async t => {
  const dir = scratch(t)
  using store = openStore(path.join(dir, 'shoal.db'))
  const home = writeSample(dir, 'home', { 'a.txt': Buffer.from('mine'), ...inFolder('.config/data', DATA) })
  const inside = writeSample(dir, 'alone', DATA)
  const logs = writeSample(path.join(dir, 'alone'), 'logs', { 'shoal.jsonl': Buffer.from('another log') })
  const plain = writeSample(dir, 'plain', { 'settings.json': Buffer.from('{ }'), 'identity.key': Buffer.from('other') })
  for (const it of [home, inside, logs, plain]) await store.addShare(it)
  const [key, mine] = ['identity.key', 'a.txt'].map(name => {
    const { layout } = home.built
    return layout.files.find(file => file.path.at(-1) === name)!.start
  })
  const held = await store.loadHeld(home.built.root)
  assert.equal(Buffer.from(await held!.readLeaf(key!)).toString(), 'secret')
  store[Symbol.dispose]()

  using again = openStore(path.join(dir, 'shoal.db'))
  const roots = [home, inside, logs].map(it => rootText(it.built.root))
  assert.deepEqual(again.withdrawOwn(new DataDirs()).toSorted(), roots.toSorted())
  assert.deepEqual(again.withdrawOwn(new DataDirs()), [], 'once')
  assert.deepEqual(
    again
      .shares()
      .map(it => it.name)
      .toSorted(),
    ['home', 'plain']
  )
  assert.deepEqual([again.share(roots[0]!)?.hereFiles, again.share(roots[0]!)?.hereBytes], [1, 4])
  const now = await again.loadHeld(home.built.root)
  assert.equal(now!.state, 'partial')
  await assert.rejects(now!.readLeaf(key!), { code: 'not-found' })
  assert.equal(Buffer.from(await now!.readLeaf(mine!)).toString(), 'mine')
  await again.checkShares(never)
  await again.whenChecked()
  assert.ok(!now!.have.has(key!), 'looking at the files again does not bring it back')
})

test('a file that is another now is not read through a symlink put in its way', async t => {
  const dir = scratch(t)
  using store = openStore(':memory:')
  const bytes = sampleBytes(4096, 1)
  const shared = writeSample(dir, 'shared', { 'sub/x.bin': bytes, 'y.bin': sampleBytes(4096, 2) })
  await store.addShare(shared)
  const outside = path.join(dir, 'outside')
  mkdirSync(outside)
  writeFileSync(path.join(outside, 'x.bin'), bytes) // the same content: read, it would be taken as unchanged
  writeFileSync(path.join(outside, 'y.bin'), sampleBytes(4096, 2))
  renameSync(path.join(dir, 'shared/sub'), path.join(dir, 'aside'))
  symlinkSync(outside, path.join(dir, 'shared/sub'))
  renameSync(path.join(dir, 'shared/y.bin'), path.join(dir, 'aside/y.bin'))
  symlinkSync(path.join(outside, 'y.bin'), path.join(dir, 'shared/y.bin'))
  await store.checkShares(never)
  await store.whenChecked()
  assert.equal(store.share(rootText(shared.built.root))?.state, 'missing')
  const held = await store.loadHeld(shared.built.root)
  for (const ordinal of [0, 1]) await assert.rejects(held!.readLeaf(ordinal), { code: 'not-found' })
})

test('a share named through a symlink is looked at again where it leads', async t => {
  const dir = scratch(t)
  using store = openStore(':memory:')
  const shared = writeSample(dir, 'shared', { 'sub/x.bin': sampleBytes(4096, 1) })
  symlinkSync(path.join(dir, 'shared'), path.join(dir, 'way'))
  const files = shared.files.map(it => ({ ...it, sourcePath: path.join(dir, 'way/sub/x.bin') }))
  await store.addShare({ ...shared, files, sourcePaths: [path.join(dir, 'way')] })
  utimesSync(path.join(dir, 'shared/sub/x.bin'), 1, 1)
  await store.checkShares(never)
  await store.whenChecked()
  assert.equal(store.share(rootText(shared.built.root))?.state, 'ready')
})
