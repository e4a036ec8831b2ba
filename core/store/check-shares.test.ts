// Files that cannot be read just now: that says nothing about them.
import assert from 'node:assert/strict'
import { utimesSync } from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { rootText } from '../cid.ts'
import { SteppedClock } from '../testing/stepped-clock.ts'
import { Rechecker } from './check-shares.ts'
import { LeafThreads } from './leaf-threads.ts'
import { SourceReader } from './source-reader.ts'
import { isPassing } from './read-leaf.ts'
import { sampleBytes, scratch, writeSample } from '../testing/sample-share.ts'
import { FILE, filePages } from './share-repo.ts'
import { openStore } from './store.ts'
import { cleanup } from '../testing/cleanup.ts'

/** A share of one file that has another mtime now, and a disk on which reading it fails as `fault` says. */
async function open(t: TestContext) {
  const dir = scratch(t)
  const indexed = writeSample(dir, 'things', { 'a.txt': sampleBytes(900, 'a') })
  const store = openStore(':memory:')
  cleanup(t).defer(() => store[Symbol.dispose]())
  await store.addShare(indexed)
  const held = await store.loadHeld(indexed.built.root)
  assert.ok(held)
  const threads = new LeafThreads()
  const files = new SourceReader(threads)
  cleanup(t).defer(async () => {
    await files[Symbol.asyncDispose]()
    await threads[Symbol.asyncDispose]()
  })
  const disk = { fault: 'EMFILE' as string | undefined, reads: 0 }
  const read: SourceReader['read'] = async (...args) => {
    disk.reads++
    if (disk.fault != null) throw Object.assign(new Error('injected'), { code: disk.fault })
    return files.read(...args)
  }
  const clock = new SteppedClock()
  const rechecker = new Rechecker({ read }, clock)
  cleanup(t).defer(() => rechecker[Symbol.dispose]())
  utimesSync(path.join(dir, 'things', 'a.txt'), 1_000_000, 1_000_000)
  const row = [...filePages(store.db, rootText(held.root))].flat()[0]
  assert.ok(row)
  held.mark(row, FILE.checking, row.stat)
  rechecker.add(held, row)
  await rechecker.idle()
  const wait = async (ms: number): Promise<void> => {
    clock.step(ms)
    await rechecker.idle()
  }
  const state = (): unknown => [...filePages(store.db, rootText(held.root))].flat()[0]?.state
  return { store, held, disk, rechecker, wait, state }
}

for (const code of ['EMFILE', 'EIO']) {
  test(`a file that cannot be read just now (${code}) is not missing, and is tried again soon`, async t => {
    const { held, disk, wait, state } = await open(t)
    disk.fault = code
    assert.equal(state(), FILE.checking)
    assert.equal(held.state, 'checking')
    await wait(200)
    assert.deepEqual([state(), disk.reads], [FILE.checking, 2])
    await wait(399)
    assert.equal(disk.reads, 2, 'less often each time')
    disk.fault = undefined
    await wait(1)
    assert.deepEqual([state(), held.state, held.have.isFull], [FILE.clean, 'ready', true])
    await wait(600_000)
    assert.equal(disk.reads, 3, 'and then no more')
  })
}

test('one that cannot be read for a minute counts as missing, and is clean as soon as it can', async t => {
  const { held, disk, wait, state } = await open(t)
  for (let i = 0; i < 60 && state() === FILE.checking; i++) await wait(2_000)
  assert.equal(state(), FILE.missing)
  assert.equal(held.have.has(0), false)
  const before = disk.reads
  for (let i = 0; i < 60; i++) await wait(10_000)
  assert.ok(disk.reads - before >= 9 && disk.reads - before <= 11, `${disk.reads - before} times in ten minutes`)
  disk.fault = undefined
  await wait(60_000)
  assert.deepEqual([state(), held.state], [FILE.clean, 'ready'])
})

test('nobody waits for one that is tried later, and nothing is tried of what is shared no more', async t => {
  const { store, held, disk, wait } = await open(t)
  assert.equal(disk.reads, 1)
  store.removeShare(rootText(held.root))
  await wait(600_000)
  assert.equal(disk.reads, 1)
})

test('what the system refuses for good does not pass, but on Windows, where somebody may look at the file', () => {
  const err = (code: string): Error => Object.assign(new Error('injected'), { code })
  for (const code of ['EACCES', 'EPERM']) {
    assert.equal(isPassing(err(code), 'linux'), false)
    assert.equal(isPassing(err(code), 'win32'), true)
  }
  for (const code of ['EMFILE', 'ENFILE', 'EIO', 'EBUSY']) assert.equal(isPassing(err(code), 'linux'), true)
  assert.equal(isPassing(err('ENOENT'), 'win32'), false)
  assert.equal(isPassing(undefined), false)
})
