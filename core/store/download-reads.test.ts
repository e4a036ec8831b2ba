// What is read of a download that goes on: verified, lost for good reason only.
import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import type { ServableChange } from '../exchange/servable.ts'
import { fileStatOf } from '../files/file-stat.ts'
import { bench, feed, never, open } from '../testing/sample-download.ts'
import { leafOf, sampleBytes } from '../testing/sample-share.ts'
import { packStat } from './stat.ts'

const MIB = 1024 * 1024

test('a leaf that cannot be read for want of descriptors is here all the same', async t => {
  const it = bench(t, { '': sampleBytes(2 * MIB, 'f') }, 'film.bin')
  {
    await using first = await open(it)
    await feed(it, first, [0])
  }
  await using download = await open(it)
  assert.ok(download.have.has(0))
  const taken: number[] = []
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EMFILE')
  }
  try {
    await assert.rejects(download.readLeaf(0), { code: 'unreadable' })
  } finally {
    for (const fd of taken) closeSync(fd)
  }
  assert.ok(download.have.has(0), 'nothing is lost')
  assert.deepEqual(Buffer.from(await download.readLeaf(0)), leafOf(it.indexed, 0))
})

test('a written leaf that went bad is never served, and is wanted again', async t => {
  const it = bench(t, { '': sampleBytes(2 * MIB, 'f') }, 'f.bin')
  {
    await using download = await open(it)
    await feed(it, download, [0])
  }
  await using download = await open(it)
  const changes: ServableChange[] = []
  download.watch(change => changes.push(change))
  const part = path.join(it.directory, 'f.bin.part')
  const bytes = readFileSync(part)
  bytes[77]! ^= 1
  writeFileSync(part, bytes)
  await assert.rejects(download.readLeaf(0), { code: 'not-found' })
  assert.deepEqual(changes, [{ unset: [0, 1] }])
  assert.equal(download.bytesWritten, 0)
  await feed(it, download)
  const { path: at } = await download.finish(never)
  assert.deepEqual(readFileSync(at), readFileSync(it.indexed.sourcePaths[0]!))
})

test('a written leaf that went bad stays lost, even if its file looks untouched', async t => {
  const it = bench(t, { '': sampleBytes(2 * MIB, 'f') }, 'f.bin')
  const part = path.join(it.directory, 'f.bin.part')
  {
    await using download = await open(it)
    await feed(it, download, [0, 1])
    await download.writeLeaf([0], leafOf(it.indexed, 0))
  }
  const bytes = readFileSync(part)
  bytes[77]! ^= 1
  writeFileSync(part, bytes)
  it.store.db.run('UPDATE part_file SET stat = ?', packStat(fileStatOf(statSync(part, { bigint: true }))))
  {
    await using download = await open(it)
    assert.equal(download.have.has(0), true, 'nothing shows yet')
    await assert.rejects(download.readLeaf(0), { code: 'not-found' })
  }
  await using download = await open(it)
  assert.deepEqual([download.have.has(0), download.have.has(1)], [false, true])
})
