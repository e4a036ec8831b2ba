// A download of very many leaves is opened by little in each turn of the loop, and whether it is complete is known without looking at them.
import assert from 'node:assert/strict'
import { closeSync, ftruncateSync, openSync, statSync } from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { rootText } from '../cid.ts'
import { buildDag } from '../content/build.ts'
import type { Layout } from '../content/layout.ts'
import { CHUNK_BYTES } from '../content/limits.ts'
import { fileStatOf } from '../files/file-stat.ts'
import { cleanup } from '../testing/cleanup.ts'
import { scratch } from '../testing/sample-share.ts'
import { Bitset } from '../bitset.ts'
import { DiskRoom } from './disk-room.ts'
import type { Download } from './download.ts'
import { findDownload, putDurable, putPartFile } from './download-repo.ts'
import { openDownload } from './open-download.ts'
import { packStat } from './stat.ts'
import { openStore } from './store.ts'

const LEAVES = 150_000
const MOST_IN_A_TURN = 65_536
const sizeBytes = LEAVES * CHUNK_BYTES
const never = new AbortController().signal

/** A file of so many leaves that nobody reads: its digests are made up, and it takes no room. */
function bench(t: TestContext) {
  const digests = Buffer.alloc(LEAVES * 32)
  for (let i = 0; i < LEAVES; i++) digests.writeUInt32LE(i, i * 32)
  const { layout, skeleton } = buildDag({ kind: 'file', leaves: { digests, sizeBytes } })
  const room = new DiskRoom({ look: () => ({ dev: 0n, freeBytes: Infinity }), now: () => 0 })
  const store = openStore(':memory:', { room })
  cleanup(t).defer(() => store[Symbol.dispose]())
  const root = rootText(layout.root)
  let at = 0
  for (const piece of skeleton) {
    store.appendSkeleton(root, at, piece)
    at += piece.length
  }
  let looked = 0
  const counted: Layout = { ...layout, extents: layout.extents, leafBytes: i => (looked++, layout.leafBytes(i)) }
  const directory = path.join(scratch(t), 'received')
  const open = async (signal = never): Promise<Download> =>
    openDownload(store, { layout: counted, directory, name: 'big', reserveBytes: 0 }, signal)
  return { store, root, directory, open, looked: () => looked }
}

const turn = async (): Promise<void> => new Promise(resolve => setImmediate(resolve))

async function mostInATurn(count: () => number, act: Promise<unknown>): Promise<number> {
  let [last, most, isOver] = [count(), 0, false]
  const ended = act.finally(() => (isOver = true))
  while (!isOver) {
    await turn()
    most = Math.max(most, count() - last)
    last = count()
  }
  await ended
  return most
}

test('in a turn few leaves are looked at, also when all of them are here', async t => {
  const it = bench(t)
  const opening = it.open()
  const atFirst = await mostInATurn(it.looked, opening)
  assert.ok(atFirst > 0 && atFirst <= MOST_IN_A_TURN, `${atFirst} leaves in one turn`)
  const first = await opening
  assert.deepEqual([first.isComplete, first.bytesWritten, first.totalBytes], [false, 0, sizeBytes])
  await first[Symbol.asyncDispose]()

  const { id, part } = findDownload(it.store.db, it.root, it.directory)!
  const fd = openSync(part, 'r+')
  ftruncateSync(fd, sizeBytes)
  closeSync(fd)
  const all = new Bitset(LEAVES)
  all.addRange(0, LEAVES)
  putDurable(it.store.db, id, all, [...Array(LEAVES).keys()])
  putPartFile(it.store.db, id, 0, packStat(fileStatOf(statSync(part, { bigint: true }))))
  const again = it.open()
  const later = await mostInATurn(it.looked, again)
  assert.ok(later <= MOST_IN_A_TURN, `${later} leaves in one turn`)
  await using download = await again
  assert.equal(download.bytesWritten, sizeBytes)
  download.have.has = () => assert.fail('looked at')
  assert.equal(download.isComplete, true)
})

test('cancelled while they are looked at, it looks no further and holds nothing', async t => {
  const it = bench(t)
  const cancel = new AbortController()
  const opening = it.open(cancel.signal)
  while (it.looked() === 0) await turn()
  assert.ok(it.looked() < LEAVES)
  cancel.abort(new Error('not wanted'))
  await assert.rejects(opening, { message: 'not wanted' })
  assert.ok(it.looked() <= 2 * MOST_IN_A_TURN, `${it.looked()} leaves`)
  await using download = await it.open()
  assert.equal(download.isComplete, false)
})
