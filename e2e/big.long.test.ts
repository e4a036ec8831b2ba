// The promises about very big files; minutes, and gigabytes of memory or disk.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MIB, sha256Of, treeBytes, writeRandomFile, writeSparseFile } from './content.ts'
import { startGet, startShare, untilDone, untilShared } from './peer.ts'
import { openScratch } from './scratch.ts'

const GIB = 1024 * MIB
const MOST_RSS = 300 * MIB

test('sharing 10 GiB adds at most 0.2 % to the data directory', { timeout: 600_000 }, async t => {
  await using scratch = openScratch(256 * MIB)
  writeSparseFile(scratch.at('sparse.bin'), 10 * GIB)
  const seeder = startShare([scratch.at('sparse.bin')], { data: scratch.at('a') })
  await using owner = seeder
  const { shared } = await untilShared(seeder, 500_000)
  assert.equal(shared.bytes, 10 * GIB)
  const running = treeBytes(scratch.at('a')) // with the write-ahead log as it is
  owner.kill('SIGINT')
  await seeder.finish()
  const added = Math.max(running, treeBytes(scratch.at('a')))
  assert.ok(added <= 0.002 * 10 * GIB, `${added} bytes`)
  assert.ok(seeder.usage.peakRssBytes <= MOST_RSS, `${seeder.usage.peakRssBytes} bytes resident`)
  t.diagnostic(`data directory ${added} bytes, share ${shared.seconds} s, peak ${seeder.usage.peakRssBytes} bytes`)
})

test('4 GiB pass with at most 300 MiB resident on both sides', { timeout: 900_000 }, async t => {
  await using scratch = openScratch(8 * GIB)
  const sha256 = writeRandomFile(scratch.at('in', 'file.bin'), 4 * GIB, '4 GiB')
  await using seeder = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder, 120_000)
  await using getter = startGet(shared.link, scratch.at('out'), { data: scratch.at('b') })
  const done = await untilDone(getter, 600_000)
  const peaks = [seeder.usage.peakRssBytes, getter.usage.peakRssBytes]
  t.diagnostic(`${(done.bytes / done.seconds / 1e6).toFixed(0)} MB/s, peak RSS ${peaks.join(' and ')} bytes`)
  assert.equal(await sha256Of(done.path), sha256)
  assert.ok(Math.max(...peaks) <= MOST_RSS, `${peaks.join(' and ')} bytes resident`)
})
