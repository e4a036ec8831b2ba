// Files of every size that has a reason to differ: shared by one process, got by another, compared.

import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { test } from 'node:test'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { EDGE_SIZES, MIB, sha256Of, writeRandomFile } from './content.ts'
import { runPeer, startGet, startPeer, startShare, untilDone, untilShared } from './peer.ts'
import { openScratch } from './scratch.ts'

for (const sizeBytes of EDGE_SIZES) {
  test(`a file of ${sizeBytes} bytes arrives`, { timeout: 60_000 }, async () => {
    await using scratch = openScratch()
    const sha256 = writeRandomFile(scratch.at('in', 'file.bin'), sizeBytes, `size ${sizeBytes}`)
    await using seeder = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') })
    const { shared } = await untilShared(seeder)
    assert.deepEqual([shared.bytes, shared.files], [sizeBytes, 1])
    assert.ok(shared.link.startsWith(`shoal:${shared.root}?`), shared.link)

    await using getter = startGet(shared.link, scratch.at('out'), { data: scratch.at('b') })
    const done = await untilDone(getter)
    assert.equal(done.path, scratch.at('out', 'file.bin'))
    assert.equal(await sha256Of(done.path), sha256)
    assert.deepEqual([done.root, done.bytes, done.duplicate], [shared.root, sizeBytes, 0])
    assert.ok(done.received >= sizeBytes && done.received <= sizeBytes + 65_536, `received ${done.received}`)
    assert.equal(done.sources, sizeBytes === 0 ? 0 : 1)
    assert.equal(statSync(done.path).mode & 0o111, 0, 'nothing received can be run')
  })
}

test('the empty file needs nobody who has it', { timeout: 60_000 }, async () => {
  await using scratch = openScratch()
  const nothing = Buffer.from('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'hex')
  const root = CID.createV1(0x55, create(0x12, nothing))
  await using getter = startPeer(['get', `ipfs://${root.toString()}`, '-o', scratch.at('out'), '--timeout', '5'], {
    data: scratch.at('b')
  })
  const done = await untilDone(getter)
  assert.equal(done.path, scratch.at('out', String(root)))
  assert.equal(statSync(done.path).size, 0)
})

test(
  '1 GiB arrives; sharing it again takes no second, and neither does getting it again',
  { timeout: 300_000 },
  async () => {
    const sizeBytes = 1024 * MIB
    await using scratch = openScratch(2 * sizeBytes)
    const file = scratch.at('in', 'big.bin')
    const sha256 = writeRandomFile(file, sizeBytes, 'one GiB')
    await untilOlderThan(file, 2_200) // a file hashed right after it was written is hashed again next time
    const first = startShare([file], { data: scratch.at('a') })
    const { shared } = await untilShared(first, 120_000)
    first.kill('SIGINT')
    await first.finish()

    await using seeder = startShare([file], { data: scratch.at('a') })
    const again = await untilShared(seeder)
    assert.ok(again.shared.seconds <= 1, `the second share took ${again.shared.seconds} s`)
    assert.equal(again.shared.root, shared.root)

    const getter = startGet(again.shared.link, scratch.at('out'), { data: scratch.at('b') })
    const done = await untilDone(getter, 180_000)
    assert.deepEqual([done.bytes, done.duplicate], [sizeBytes, 0])
    assert.equal(await sha256Of(done.path), sha256)

    seeder.kill('SIGINT') // the rest is between the getter and its own disk
    await seeder.finish()
    const repeated = await runPeer(['get', again.shared.link, '-o', scratch.at('out')], { data: scratch.at('b') })
    const redone = await untilDone(repeated)
    assert.deepEqual([redone.path, redone.received], [done.path, 0])
  }
)

async function untilOlderThan(file: string, ageMs: number): Promise<void> {
  const { mtimeMs, ctimeMs } = statSync(file)
  const { promise, resolve } = Promise.withResolvers<void>()
  setTimeout(resolve, Math.max(mtimeMs, ctimeMs) + ageMs - Date.now()) // the age itself is what is waited for
  await promise
}
