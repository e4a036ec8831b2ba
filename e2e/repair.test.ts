// The index is damaged: every command says so and what to do, and after it everything is there again.

import assert from 'node:assert/strict'
import { closeSync, mkdirSync, openSync, readdirSync, statSync, writeSync } from 'node:fs'
import { test } from 'node:test'
import { MIB, writeRandomFile } from './content.ts'
import { runPeer, startPeer, startServe, startShare, untilFailed, untilShared } from './peer.ts'
import { openScratch } from './scratch.ts'

/** Some pages in the middle are overwritten, as a bad disk does it. */
function damage(file: string): void {
  const { size } = statSync(file)
  const fd = openSync(file, 'r+')
  writeSync(fd, Buffer.alloc(Math.floor(size / 2), 0x5a), 0, Math.floor(size / 2), Math.floor(size / 4))
  writeSync(fd, Buffer.alloc(100, 0x5a), 0, 100, 0)
  closeSync(fd)
}

test(
  'a damaged index: said with what helps, repaired, and what was shared is shared again',
  { timeout: 120_000 },
  async () => {
    await using scratch = openScratch()
    const data = scratch.at('data')
    mkdirSync(scratch.at('in'))
    writeRandomFile(scratch.at('in', 'file.bin'), 2 * MIB, 'repair')
    let root = ''
    {
      await using peer = startShare([scratch.at('in', 'file.bin')], { data })
      root = (await untilShared(peer)).shared.root
      peer.kill('SIGINT')
      await peer.finish()
    }
    damage(`${data}/shoal.db`)
    for (const command of [['ls'], ['serve', '--port', '0', '--no-open'], ['share', scratch.at('in')]]) {
      await using refused = startPeer(command, { data })
      const { message } = await untilFailed(refused, 8, 'data-damaged')
      assert.match(message, /`shoal repair`/)
    }
    const [repaired, ...more] = (await runPeer(['repair'], { data })).lines
    assert.ok(repaired?.event === 'repaired' && more.length === 0)
    assert.deepEqual({ ...repaired, aside: null }, { event: 'repaired', aside: null, shares: 1, downloads: 0 })
    assert.ok(readdirSync(repaired.aside ?? '').includes('shoal.db'), 'nothing was deleted')
    await using serve = startServe({ data })
    await serve.line('ui')
    for (;;) {
      const rows = (await runPeer(['ls'], { data })).lines
      if (rows.some(row => row.event === 'share' && row.root === root && row.state === 'ready')) break
    }
    await using nowhere = startPeer(['repair'], { data: scratch.at('nowhere') })
    await untilFailed(nowhere, 2, 'not-found')
    await runPeer(['ls'], { data: scratch.at('other') })
    assert.deepEqual((await runPeer(['repair'], { data: scratch.at('other') })).lines, [{ event: 'repaired', aside: null, shares: 0, downloads: 0 }]) // prettier-ignore
    await using busy = startPeer(['repair'], { data })
    await untilFailed(busy, 8, 'already-running')
  }
)
