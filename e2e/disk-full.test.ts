// A disk that has no room: said before the start where it can be known, and what was verified is kept when it comes half way.

import assert from 'node:assert/strict'
import { readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { whyNoRights } from '../app/scripts/needs.mjs'
import { MIB, sha256Of, writeRandomFile } from './content.ts'
import { mountTmpfs } from './mounts.ts'
import { bytesOf, receivedOf, startGet, startShare, untilBytes, untilDone, untilFailed, untilShared } from './peer.ts'
import { openScratch } from './scratch.ts'

const SIZE = 48 * MIB
const skip = whyNoRights() ?? false

test('no room for it: 5 disk-full before a byte is fetched', { timeout: 60_000, skip }, async () => {
  await using scratch = openScratch()
  writeRandomFile(scratch.at('in', 'file.bin'), SIZE, 'no room')
  await using seeder = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder)
  using mount = mountTmpfs(scratch.at('out'), SIZE / 2)
  const more = ['--reserve', '0']
  await using getter = startGet(shared.link, scratch.at('out'), { data: scratch.at('b'), more })
  await untilFailed(getter, 5, 'disk-full')
  assert.ok(receivedOf(getter) <= 2 * MIB, `fetched ${receivedOf(getter)} for nothing`)
  void mount
})

test('the reserve counts as room that is not there', { timeout: 60_000, skip }, async () => {
  await using scratch = openScratch()
  writeRandomFile(scratch.at('in', 'file.bin'), SIZE, 'reserve')
  await using seeder = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder)
  using mount = mountTmpfs(scratch.at('out'), 2 * SIZE)
  const more = ['--reserve', String(2 * SIZE)]
  await using getter = startGet(shared.link, scratch.at('out'), { data: scratch.at('b'), more })
  await untilFailed(getter, 5, 'disk-full')
  void mount
})

test(
  'a disk that fills up half way: 5, and the same command goes on when there is room',
  { timeout: 120_000, skip },
  async () => {
    await using scratch = openScratch()
    const sha256 = writeRandomFile(scratch.at('in', 'file.bin'), SIZE, 'fills up')
    await using seeder = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') })
    const { shared } = await untilShared(seeder)
    using mount = mountTmpfs(scratch.at('out'), SIZE + 8 * MIB)
    const options = { data: scratch.at('b'), more: ['--reserve', '0'] }
    await using stopped = startGet(shared.link, scratch.at('out'), { ...options, downloadLimit: 12_000_000 })
    await untilBytes(stopped, SIZE / 4)
    const filler = scratch.at('out', 'somebody else’s file')
    fillUp(filler, scratch.at('out'), SIZE / 4)
    await untilFailed(stopped, 5, 'disk-full')
    const kept = bytesOf(stopped)
    assert.ok(kept >= SIZE / 4 && kept < SIZE)

    rmSync(filler)
    await using resumed = startGet(shared.link, scratch.at('out'), options)
    const done = await untilDone(resumed)
    assert.equal(await sha256Of(done.path), sha256)
    assert.ok(done.received <= SIZE - kept + MIB, `received ${done.received} though ${kept} were there`)
    assert.deepEqual(readdirSync(scratch.at('out')), ['file.bin'])
    void mount
  }
)

test('two that fit alone do not overfill it together', { timeout: 120_000, skip }, async () => {
  await using scratch = openScratch()
  const sha256 = writeRandomFile(scratch.at('in', 'one.bin'), SIZE, 'the first')
  writeRandomFile(scratch.at('in', 'two.bin'), SIZE, 'the second')
  await using first = startShare([scratch.at('in', 'one.bin')], { data: scratch.at('a') })
  await using second = startShare([scratch.at('in', 'two.bin')], { data: scratch.at('c') })
  const [one, two] = [(await untilShared(first)).shared, (await untilShared(second)).shared]
  using mount = mountTmpfs(scratch.at('out'), 2 * SIZE - 6 * MIB)
  const options = { data: scratch.at('b'), more: ['--reserve', '0'] }
  await using getter = startGet(one.link, scratch.at('out'), { ...options, downloadLimit: 6_000_000 })
  await untilBytes(getter, MIB)
  await using refused = startGet(two.link, scratch.at('out'), { data: scratch.at('b') })
  await untilFailed(refused, 5, 'disk-full')
  assert.ok(receivedOf(refused) <= 2 * MIB, `fetched ${receivedOf(refused)} for nothing`)
  assert.equal(getter.exit, undefined, 'said while the first goes on')
  const done = await untilDone(getter)
  assert.equal(await sha256Of(done.path), sha256)
  void mount
})

test(
  'somebody else fills the disk up to what is to stay free: 5, and with room it goes on',
  { timeout: 120_000, skip },
  async () => {
    await using scratch = openScratch()
    const sha256 = writeRandomFile(scratch.at('in', 'file.bin'), SIZE, 'reserve while writing')
    await using seeder = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') })
    const { shared } = await untilShared(seeder)
    using mount = mountTmpfs(scratch.at('out'), 3 * SIZE)
    const options = { data: scratch.at('b'), more: ['--reserve', String(SIZE)] }
    await using stopped = startGet(shared.link, scratch.at('out'), { ...options, downloadLimit: 12_000_000 })
    await untilBytes(stopped, SIZE / 4)
    const filler = scratch.at('out', 'somebody else’s file')
    fillUp(filler, scratch.at('out'), SIZE - MIB)
    await untilFailed(stopped, 5, 'disk-full')
    const { bavail, bsize } = statfsSync(scratch.at('out'))
    assert.ok(bavail * bsize > SIZE / 2, 'it did not write on into what is to stay free')

    rmSync(filler)
    await using resumed = startGet(shared.link, scratch.at('out'), options)
    assert.equal(await sha256Of((await untilDone(resumed)).path), sha256)
    void mount
  }
)

/** Takes all but `leaveBytes` of what is free. */
function fillUp(file: string, dir: string, leaveBytes: number): void {
  const { bavail, bsize } = statfsSync(dir)
  writeFileSync(file, Buffer.alloc(Math.max(0, bavail * bsize - leaveBytes)))
}
