// Two programs on one machine: what is big comes over a bulk link.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { startGet, startShare, untilDone, untilShared } from './peer.ts'
import { openScratch } from './scratch.ts'

const MIB = 1024 * 1024
const RATE = 24_000_000 // bytes per second: there is time for a link, on a busy machine too

test('big leaves come over a bulk link, and are what was shared', { timeout: 120_000 }, async () => {
  await using scratch = openScratch(512 * MIB)
  const bytes = randomBytes(128 * MIB)
  writeFileSync(scratch.at('big.bin'), bytes)
  const env = { SHOAL_TRACE: 'exchange' }
  await using seeder = startShare([scratch.at('big.bin')], { data: scratch.at('a'), uploadLimit: RATE, env })
  const { shared } = await untilShared(seeder)
  await using getter = startGet(shared.link, scratch.at('out'), { data: scratch.at('b'), env })
  await untilDone(getter)
  assert.match(getter.stderr, /^\S+Z exchange bulk-up peer=….{8} how=asking$/m)
  assert.match(seeder.stderr, /^\S+Z exchange bulk-up peer=….{8} how=serving$/m)
  assert.ok(readFileSync(scratch.at('out', 'big.bin')).equals(bytes))
})
