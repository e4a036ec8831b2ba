// Downloads and the room on their disk: what is promised to one is not there for another, and what is to stay free stays free while they write.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { sampleBytes, writeSample } from '../testing/sample-share.ts'
import { DiskRoom } from './disk-room.ts'
import { openDownload } from './open-download.ts'
import { bench, feed, learn, never, open, wantedOf } from '../testing/sample-download.ts'
import { openStore } from './store.ts'
import { cleanup } from '../testing/cleanup.ts'

const MIB = 1024 * 1024
const RESERVE = MIB

/** A store that is told how much is free on the one disk there is. */
function onDisk(t: TestContext, freeBytes: number) {
  const it = bench(t, { 'a.bin': sampleBytes(2 * MIB, 1), 'b.bin': sampleBytes(MIB, 2) })
  const disk = { freeBytes, now: 0 }
  const room = new DiskRoom({ now: () => disk.now, look: () => ({ dev: 1n, freeBytes: disk.freeBytes }) })
  const store = openStore(path.join(it.dir, 'other.db'), { room })
  cleanup(t).defer(() => store[Symbol.dispose]())
  learn(store, it.indexed)
  const basics = { layout: it.indexed.built.layout, name: it.indexed.name, directory: it.directory }
  return { it, disk, store, start: async () => openDownload(store, { ...basics, reserveBytes: RESERVE }, never) }
}

test('a second download counts what the first still needs; when that is over it has its room', async t => {
  const { it, disk, store, start } = onDisk(t, 6 * MIB)
  const other = writeSample(path.join(it.dir, 'other'), 'more', { 'c.bin': sampleBytes(3 * MIB, 3) })
  learn(store, other)
  const second = async () =>
    openDownload(
      store,
      { layout: other.built.layout, name: 'more', directory: it.directory, reserveBytes: RESERVE },
      never
    )
  {
    await using first = await start()
    await assert.rejects(second(), { code: 'disk-full' })
    assert.deepEqual(readdirSync(it.directory), ['things.part'], 'nothing was made for it')
    await feed(it, first)
    disk.freeBytes -= 3 * MIB
    await assert.rejects(second(), { code: 'disk-full' })
    await first.finish(never)
  }
  disk.freeBytes += MIB
  await using _ = await second()
})

test('less is free than is to stay free: nothing more is written, all is kept, and with room it goes on', async t => {
  const { it, disk, start } = onDisk(t, 6 * MIB)
  await using download = await start()
  const [first, ...rest] = wantedOf(download)
  await feed(it, download, [first!])
  disk.freeBytes = RESERVE - 1 // somebody else
  disk.now += 1_000
  await assert.rejects(feed(it, download, rest), { code: 'disk-full' })
  assert.equal(download.bytesWritten, MIB)
  disk.freeBytes = RESERVE + 2 * MIB
  assert.equal(download.takeRoom(RESERVE), false, 'just enough: it would stop again at once')
  disk.freeBytes += RESERVE / 8
  assert.ok(download.takeRoom(RESERVE))
  await feed(it, download)
  const { path: at } = await download.finish(never)
  for (const name of ['a.bin', 'b.bin'])
    assert.deepEqual(readFileSync(path.join(at, name)), readFileSync(path.join(it.indexed.sourcePaths[0]!, name)))
})

test('one that waits for room is in nobody’s way', async t => {
  const { it, disk, start, store } = onDisk(t, 6 * MIB)
  await using download = await start()
  assert.equal(store.room.fits(it.directory, 3 * MIB, RESERVE), false)
  disk.freeBytes = 0
  disk.now += 1_000
  await assert.rejects(feed(it, download), { code: 'disk-full' })
  disk.freeBytes = 4 * MIB
  assert.ok(store.room.fits(it.directory, 3 * MIB, RESERVE))
})

test('what a system says of a real folder is asked, made or not', async t => {
  const it = bench(t, { 'a.bin': sampleBytes(10, 1) })
  assert.ok(it.store.room.fits(path.join(it.dir, 'not', 'yet'), 1, 0))
  assert.equal(it.store.room.fits(it.dir, 1, Number.MAX_SAFE_INTEGER), false)
  await using download = await open(it)
  await feed(it, download)
  await download.finish(never)
})
