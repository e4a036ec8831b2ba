// A peer that sends other bytes than the link names is refused, is named with the reason, and may be allowed again. Real nodes, in this process.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ban } from '../app/contract/shapes.ts'
import type { Client } from '../app/engine/client.ts'
import { Bans } from '../app/service/bans.ts'
import { open } from '../app/testing/sample-application.ts'
import { MIB, randomBytes } from './content.ts'
import { openScratch } from './scratch.ts'
import { FalseLeaves, openStranger } from './stranger.ts'

async function bansOnce(client: Client, holds: (rows: readonly Ban[]) => boolean): Promise<readonly Ban[]> {
  const rows = new Map<string, Ban>()
  for await (const update of await client.peer.bans({})) {
    if (update.whole) rows.clear()
    for (const row of update.rows) rows.set(row.peerId, row)
    for (const id of update.removed) rows.delete(id)
    if (holds([...rows.values()])) return [...rows.values()]
  }
  return assert.fail('the feed ended')
}

test('a liar is refused, also after a restart, until the user allows it again', { timeout: 90_000 }, async t => {
  await using scratch = openScratch()
  const content = new FalseLeaves('file.bin', randomBytes(6 * MIB + 17, 'lies'))
  await using liar = await openStranger([content], t.signal)
  const liarId = liar.addr.slice(liar.addr.lastIndexOf('/') + 1)
  {
    await using getter = await open(scratch.at('b'), t.signal)
    const { client } = getter
    const { grants } = await client.grant.paths({ paths: [scratch.at('out')], use: 'write' })
    const link = `shoal:${content.root.toString()}?a=${encodeURIComponent(liar.addr)}`
    await client.transfer.start({ link, folder: grants[0] ?? null, selection: null, addrs: [], giveUpAfterMs: null })
    const [ban] = await bansOnce(client, rows => rows.length > 0)
    assert.deepEqual([ban?.peerId, ban?.reason], [liarId, 'wrong-bytes'])
    await assert.rejects(client.node.dial({ addr: liar.addr }), { code: 'forbidden' })
  }
  await using again = await open(scratch.at('b'), t.signal)
  const { client } = again
  await bansOnce(client, rows => rows.some(row => row.peerId === liarId))
  await assert.rejects(client.node.dial({ addr: liar.addr }), { code: 'forbidden' })
  const [transfer] = await client.transfer.list({})
  await client.transfer.pause({ id: transfer?.id ?? '' })
  await again.page.peer.allow({ peerId: liarId })
  await bansOnce(client, rows => rows.length === 0)
  await client.node.dial({ addr: liar.addr })
  await assert.rejects(client.peer.allow({ peerId: liarId }), { code: 'not-found' })
})

test('who only refused what it had offered is refused for this run, and not kept', () => {
  const kept = new Map<string, number>()
  const bans = new Bans({
    load: () => [],
    save: (peerId, until) => void kept.set(peerId, until),
    forget: peerId => void kept.delete(peerId)
  })
  bans.add({ peerId: 'odd', name: 'Odd', reason: 'refused', until: 10 })
  bans.add({ peerId: 'liar', name: '', reason: 'wrong-bytes', until: 20 })
  bans.add({ peerId: 'liar', name: 'Liar', reason: 'refused', until: 30 })
  assert.deepEqual([...kept], [['liar', 20]], 'the worse reason stays')
  assert.deepEqual(bans.takeOver(10), ['odd'])
  assert.equal(bans.lift('odd'), false)
  assert.equal(bans.lift('liar'), true)
  assert.deepEqual([...kept], [])
})
