// A shared file that was edited: never a wrong byte, and everybody is told.

import assert from 'node:assert/strict'
import { rmSync, statSync, utimesSync } from 'node:fs'
import { test } from 'node:test'
import { MIB, flipByte, sha256Of, writeRandomFile } from './content.ts'
import { type Peer, addressOf, runPeer, startGet, startShare, untilBytes } from './peer.ts'
import { untilDone, untilFailed, untilShared, withoutAddresses } from './peer.ts'
import { openScratch } from './scratch.ts'

const SIZE = 12 * MIB

/** `keepTime`: gives the file its old time of change back, as some tools do. */
function editOneByte(file: string, at: number, keepTime = false): void {
  const { atime, mtime } = statSync(file)
  flipByte(file, at)
  if (keepTime) utimesSync(file, atime, mtime)
}

/** Asks until `ls` shows this state: the node finds out in the background. */
async function untilListed(data: string, root: string, state: string): Promise<void> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const ls: Peer = await runPeer(['ls'], { data })
    const row = ls.lines.find(line => line.event === 'share' && line.root === root)
    if (row?.event === 'share' && row.state === state) return
    if (performance.now() > deadline) throw ls.failure(`never listed ${root} as ${state}`)
  }
}

for (const keepTime of [false, true]) {
  const how = keepTime ? ', with its old time' : ''
  test(
    `a file edited by one byte${how} is not sent: 7 source-changed, ls says changed`,
    { timeout: 90_000 },
    async () => {
      await using scratch = openScratch()
      const file = scratch.at('in', 'file.bin')
      writeRandomFile(file, SIZE, 'edited')
      await using seeder = startShare([file], { data: scratch.at('a') })
      const { shared } = await untilShared(seeder)
      editOneByte(file, SIZE / 2 + 17, keepTime)
      await using getter = startGet(shared.link, scratch.at('out'), {
        data: scratch.at('b'),
        more: ['--timeout', '5']
      })
      await untilFailed(getter, 7, 'source-changed')
      await untilListed(scratch.at('a'), shared.root, 'changed')
    }
  )
}

test('a file edited half way through: what is missing comes from another peer', { timeout: 90_000 }, async () => {
  await using scratch = openScratch()
  const sha256 = writeRandomFile(scratch.at('in', 'file.bin'), SIZE, 'another has it')
  writeRandomFile(scratch.at('in 2', 'file.bin'), SIZE, 'another has it')
  await using first = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a'), uploadLimit: 4_000_000 })
  await using second = startShare([scratch.at('in 2', 'file.bin')], { data: scratch.at('b') })
  const { shared } = await untilShared(first)
  await untilShared(second)
  const link = withoutAddresses(shared.link)
  const options = { data: scratch.at('c'), more: ['--timeout', '5'] }
  await using alone = startGet(link, scratch.at('out'), { ...options, peers: [await addressOf(first)] })
  await untilBytes(alone, MIB)
  editOneByte(scratch.at('in', 'file.bin'), SIZE - 5)
  await untilFailed(alone, 7, 'source-changed')

  const peers = [await addressOf(first), await addressOf(second)]
  await using getter = startGet(link, scratch.at('out'), { ...options, peers })
  const done = await untilDone(getter)
  assert.equal(await sha256Of(done.path), sha256)
})

test('a shared file that is gone: nobody gets anything wrong, and ls shows it', { timeout: 90_000 }, async () => {
  await using scratch = openScratch()
  const file = scratch.at('in', 'file.bin')
  writeRandomFile(file, SIZE, 'gone')
  await using seeder = startShare([file], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder)
  rmSync(file)
  await using getter = startGet(shared.link, scratch.at('out'), { data: scratch.at('b'), more: ['--timeout', '3'] })
  const { code } = await getter.finish()
  if (code !== 3 && code !== 7) throw getter.failure('should have ended with 3 or 7')
  await untilListed(scratch.at('a'), shared.root, 'missing')
})

test('remove forgets a share and touches no file', { timeout: 60_000 }, async () => {
  await using scratch = openScratch()
  const file = scratch.at('in', 'file.bin')
  const sha256 = writeRandomFile(file, MIB, 'removed')
  await using seeder = startShare([file], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder)
  const removed = await runPeer(['remove', shared.root], { data: scratch.at('a') }) // through the node that runs
  await removed.line('removed', line => line.root === shared.root)
  assert.equal(removed.exit?.code, 0)
  assert.equal(await sha256Of(file), sha256)
  const ls = await runPeer(['ls'], { data: scratch.at('a') })
  assert.deepEqual([ls.exit?.code, ls.lines.filter(line => line.event === 'share')], [0, []])
  await using getter = startGet(shared.link, scratch.at('out'), { data: scratch.at('b'), more: ['--timeout', '2'] })
  await untilFailed(getter, 3, 'no-providers')
  await using unknown = await runPeer(['remove', shared.root], { data: scratch.at('a') })
  await untilFailed(unknown, 2, 'not-found')
})

test('verify reads everything again and names what is bad', { timeout: 60_000 }, async () => {
  await using scratch = openScratch()
  const file = scratch.at('in', 'file.bin')
  writeRandomFile(file, 3 * MIB, 'verified')
  await using seeder = startShare([file], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder)
  const good = await runPeer(['verify', shared.root], { data: scratch.at('a') })
  assert.deepEqual((await good.line('verified')).bad, [])
  assert.equal(good.exit?.code, 0)
  editOneByte(file, MIB + 1)
  const bad = await runPeer(['verify', shared.root], { data: scratch.at('a') })
  assert.equal((await bad.line('verified')).bad.length, 1)
  assert.equal(bad.exit?.code, 7)
})
