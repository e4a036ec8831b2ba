// The disk of Shoal's own folder is full, the destination is elsewhere: the node goes on answering, what needs the folder waits or is refused, nothing is
// lost, and everything goes on by itself when there is room.

import assert from 'node:assert/strict'
import { appendFileSync, rmSync, statfsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'node:test'
import { whyNoRights } from '../app/scripts/needs.mjs'
import { MIB, sha256Of, writeRandomFile } from './content.ts'
import type { TransferLine } from './json-lines.ts'
import { mountTmpfs } from './mounts.ts'
import { type Peer, runPeer, startGet, startServe, startShare, untilBytes, untilFailed, untilShared } from './peer.ts'
import { openScratch, type Scratch } from './scratch.ts'

const SIZE = 48 * MIB
const OWN_DISK = 24 * MIB
const RATE = 4_000_000
const POLL_MS = 250
/** All that a node writes by itself has had its turn: the longest pause between two is 5 s. */
const WRITES_BY_THE_CLOCK_MS = 7_000
const skip = whyNoRights() ?? false

test(
  'full in mid-transfer: `info` answers, and the transfer goes on when there is room',
  { timeout: 180_000, skip },
  async () => {
    await using scratch = openScratch()
    const sha256 = writeRandomFile(scratch.at('in', 'file.bin'), SIZE, 'own disk')
    writeRandomFile(scratch.at('other.bin'), MIB, 'another one')
    await using seeder = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') })
    const { shared } = await untilShared(seeder)
    using mount = mountTmpfs(scratch.at('b'), OWN_DISK)
    await using node = await begin(scratch, shared.link)
    await untilTransfer(scratch, node, row => row.bytes > SIZE / 4)

    fillUp(scratch)
    await untilTransfer(scratch, node, row => row.state === 'disk-full')
    const fullSince = performance.now()
    do {
      const info = await runPeer(['info'], { data: scratch.at('b') })
      assert.equal(info.exit?.code, 0, info.stderr)
      assert.equal(node.exit, undefined, node.stderr)
      assert.equal(ownDiskIn(info), 'full')
    } while (performance.now() - fullSince < WRITES_BY_THE_CLOCK_MS)
    for (const asked of [
      ['share', scratch.at('other.bin')],
      ['get', withAnotherRoot(shared.link)]
    ]) {
      const refused = await runPeer(asked, { data: scratch.at('b') })
      const error = await untilFailed(refused, 5, 'disk-full')
      assert.match(error.message, /Shoal's own folder/)
    }

    rmSync(ballast(scratch))
    const done = await untilTransfer(scratch, node, row => row.state === 'done')
    assert.equal(await sha256Of(done.path), sha256)
    assert.equal(ownDiskIn(await runPeer(['info'], { data: scratch.at('b') })), 'ok')
    void mount
  }
)

test(
  'killed while it is full: the start says so with 5, and with room it goes on',
  { timeout: 180_000, skip },
  async () => {
    await using scratch = openScratch()
    const sha256 = writeRandomFile(scratch.at('in', 'file.bin'), SIZE, 'own disk, killed')
    await using seeder = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') })
    const { shared } = await untilShared(seeder)
    using mount = mountTmpfs(scratch.at('b'), OWN_DISK)
    {
      await using node = await begin(scratch, shared.link)
      await untilTransfer(scratch, node, row => row.bytes > SIZE / 4)
      fillUp(scratch)
      await untilTransfer(scratch, node, row => row.state === 'disk-full')
      node.kill('SIGKILL')
      await node.finish()
    }
    // what a killed one leaves of its index may have room inside: then the next start needs none. This is made anew by every start (sqlite.org/wal.html)
    rmSync(scratch.at('b', 'shoal.db-shm'), { force: true })
    fillUp(scratch)
    await using refused = startServe({ data: scratch.at('b') })
    const error = await untilFailed(refused, 5, 'disk-full')
    assert.match(error.message, /Shoal's own folder/)

    rmSync(ballast(scratch))
    await using node = startServe({ data: scratch.at('b') })
    await node.line('listening')
    const done = await untilTransfer(scratch, node, row => row.state === 'done')
    assert.equal(await sha256Of(done.path), sha256)
    void mount
  }
)

/** A node without a screen in the middle of a transfer that never gives up: begun by a command that was killed. */
async function begin(scratch: Scratch, link: string): Promise<Peer> {
  const options = { data: scratch.at('b'), downloadLimit: RATE, more: ['--reserve', '0'] }
  await using getter = startGet(link, scratch.at('out'), options)
  await untilBytes(getter, SIZE / 16)
  getter.kill('SIGKILL')
  await getter.finish()
  const node = startServe(options)
  await node.line('listening')
  return node
}

/** What `shoal transfers` says, once it is so; asked of the running node. */
async function untilTransfer(
  scratch: Scratch,
  node: Peer,
  accept: (row: TransferLine) => boolean
): Promise<TransferLine> {
  const deadline = performance.now() + 60_000
  for (;;) {
    if (node.exit != null) throw node.failure('ended')
    const asked = await runPeer(['transfers'], { data: scratch.at('b') })
    const row = asked.lines.find(line => line.event === 'transfer')
    if (row != null && accept(row)) return row
    if (performance.now() > deadline) throw node.failure(`last said ${JSON.stringify(row)}`)
    await delay(POLL_MS)
  }
}

const ownDiskIn = (info: Peer): string | undefined => info.lines.find(line => line.event === 'info')?.ownDisk

const ballast = (scratch: Scratch): string => scratch.at('b', 'ballast')

/** Down to the last block, whoever else writes there meanwhile. */
function fillUp(scratch: Scratch): void {
  for (;;) {
    const { bavail, bsize } = statfsSync(scratch.at('b'))
    if (bavail === 0) return
    try {
      appendFileSync(ballast(scratch), Buffer.alloc(bavail * bsize))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
    }
  }
}

/** The same addresses, and a root that nobody has. */
const withAnotherRoot = (link: string): string =>
  link.replace(/^shoal:[^?]+/, 'shoal:bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e')
