// Somebody reads what this device is still getting, and its user pauses, cancels, or does not keep it, again and again. Nobody is blocked for that, and the
// reader gets the rest from here as soon as it is to be had again. Real nodes, in this process.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Ban } from '../app/contract/shapes.ts'
import type { Client } from '../app/engine/client.ts'
import { open, share, untilTransfers } from '../app/testing/sample-application.ts'
import { MIB, randomBytes } from './content.ts'
import { openScratch } from './scratch.ts'
import { FileInMemory, openStranger } from './stranger.ts'

const SIZE = 40 * MIB
const UPLOAD = 2_000_000 // bytes per second: whatever is withdrawn, something of it is being read
const ROUNDS = 3

const rates = (uploadBytesPerSecond: number, downloadBytesPerSecond: number) => ({
  uploadBytesPerSecond,
  downloadBytesPerSecond,
  reserveBytes: 0
})

async function start(client: Client, link: string, out: string): Promise<string> {
  const { grants } = await client.grant.paths({ paths: [out], use: 'write' })
  const asked = { link, folder: grants[0] ?? null, selection: null, addrs: [], giveUpAfterMs: null }
  return (await client.transfer.start(asked)).id
}

async function bansOf(client: Client): Promise<readonly Ban[]> {
  for await (const { rows } of await client.peer.bans({})) return rows
  return assert.fail('the feed ended')
}

const limit = { timeout: 60_000 }

test('what is paused, cancelled or not kept while somebody reads it costs nobody a ban', limit, async t => {
  await using scratch = openScratch()
  await using a = await open(scratch.at('a'), t.signal, { limits: rates(UPLOAD, 2 * UPLOAD) })
  await using b = await open(scratch.at('b'), t.signal)
  const content = randomBytes(SIZE, 'withdrawn')
  const film = new FileInMemory('film.bin', content)
  await using source = await openStranger([film], t.signal)
  source.network.ban((await b.client.node.info({})).peerId) // what the reader gets, it gets from A
  const [atA = ''] = (await a.client.node.info({})).addrs
  const linkTo = (addr: string): string => `shoal:${film.root.toString()}?a=${encodeURIComponent(addr)}`

  let mine = await start(a.client, linkTo(source.addr), scratch.at('of a'))
  const theirs = await start(b.client, linkTo(atA), scratch.at('of b'))
  let bytes = 0
  /** Until the reader has more, and not all. */
  const reads = async (): Promise<void> => {
    const rows = await untilTransfers(b.client, all => (all.get(theirs)?.received ?? 0) > bytes + MIB / 2)
    bytes = rows.get(theirs)?.received ?? 0
    assert.ok(bytes < SIZE)
    assert.deepEqual(await bansOf(b.client), [])
  }
  await a.page.settings.set({ keepSharing: false })
  for (let round = 0; round < ROUNDS; round++) {
    await reads()
    await a.client.transfer.pause({ id: mine })
    await a.client.transfer.resume({ id: mine })
    await reads()
    await a.client.transfer.cancel({ id: mine })
    mine = await start(a.client, linkTo(source.addr), scratch.at('of a'))
  }
  await reads()
  await a.client.limits.set(rates(UPLOAD, 0))
  const done = (await untilTransfers(a.client, rows => rows.get(mine)?.state === 'done')).get(mine)
  assert.deepEqual(await a.client.share.list({}), [], 'not kept')

  assert.equal((await share(a.client, done?.path ?? '')).root, film.root.toString())
  await reads()
  await a.client.limits.set(rates(0, 0))
  const got = (await untilTransfers(b.client, rows => rows.get(theirs)?.state === 'done')).get(theirs)
  assert.ok(content.equals(readFileSync(got?.path ?? '')))
  assert.deepEqual(await bansOf(b.client), [])
  t.diagnostic(`read ${bytes} bytes of ${SIZE} before the end`)
})
