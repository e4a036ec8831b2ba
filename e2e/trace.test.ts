// SHOAL_TRACE from outside: what a transfer does is on standard error, and nothing of what it is about.

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  addressOf,
  startPeer,
  startGet,
  startShare,
  untilDone,
  untilFailed,
  untilShared,
  withoutAddresses
} from './peer.ts'
import { openScratch } from './scratch.ts'

test('every area says what it does, and no name, path, address or whole root', { timeout: 60_000 }, async () => {
  await using scratch = openScratch()
  mkdirSync(scratch.at('diary'))
  for (const name of ['ana.txt', 'bob.txt']) writeFileSync(scratch.at('diary', name), `dear diary of ${name}`)
  await using seeder = startShare([scratch.at('diary')], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder)
  await using getter = startGet(withoutAddresses(shared.link), scratch.at('out'), {
    data: scratch.at('b'),
    peers: [await addressOf(seeder)],
    env: { SHOAL_TRACE: 'exchange,fetch,store,network' }
  })
  await untilDone(getter)
  const { stderr } = getter
  for (const expected of [
    /^\S+Z network dial\b.* via=peer\b/m,
    /^\S+Z network link-up peer=….{8} direction=outbound near=true$/m,
    /^\S+Z exchange sent peer=….{8} frameBytes=\d+ type=open sid=1 root=….{8}$/m,
    /^\S+Z exchange received .* type=info\b/m,
    /^\S+Z fetch input type=leaf-written ordinal=0$/m,
    /^\S+Z fetch effect type=done$/m,
    /^\S+Z store commit leaves=2 files=2$/m,
    /^\S+Z store renamed type=folder attempts=1$/m
  ])
    assert.match(stderr, expected)
  const { root } = shared
  for (const secret of ['diary', 'ana', 'bob', scratch.dir, '127.0.0.1', root])
    assert.ok(!stderr.includes(secret), `${secret} in:\n${stderr}`)
})

test('an area there is none of: one sentence, and nothing is begun', { timeout: 60_000 }, async () => {
  await using scratch = openScratch()
  await using peer = startPeer(['info'], { data: scratch.at('a'), env: { SHOAL_TRACE: 'disk' } })
  const { message } = await untilFailed(peer, 2, 'usage')
  assert.equal(message, 'SHOAL_TRACE knows exchange, fetch, store, network, loop, and not “disk”.')
})
