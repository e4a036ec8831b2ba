// A transfer goes on where it was, whatever ended it, and whoever is there to send the rest.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { MIB, randomBytes, sha256Of, writeRandomFile } from './content.ts'
import { type Peer, addressOf, bytesOf, receivedOf, startGet, startShare, untilBytes } from './peer.ts'
import { untilDone, untilFailed, untilShared, withoutAddresses } from './peer.ts'
import { openScratch } from './scratch.ts'
import { FileInMemory, openStranger } from './stranger.ts'

const SIZE = 256 * MIB
/** What a kill may cost: requests that were in flight, and no more. */
const LOST_PER_KILL = 24 * MIB
const SHARES = [0.1, 0.5, 0.9]
/** Slow enough that a progress line comes every few per cent. */
const RATE = 80_000_000

test('a getter killed at 10, 50 and 90 % goes on with the same command', { timeout: 180_000 }, async t => {
  await using scratch = openScratch(2 * SIZE)
  const sha256 = writeRandomFile(scratch.at('in', 'file.bin'), SIZE, 'killed getter')
  await using seeder = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder)
  const get = () => startGet(shared.link, scratch.at('out'), { data: scratch.at('b'), downloadLimit: RATE })
  let received = 0
  for (const part of SHARES) {
    await using killed = get()
    await untilBytes(killed, part * SIZE)
    killed.kill('SIGKILL')
    await killed.exited
    received += receivedOf(killed)
    assert.ok(!existsSync(scratch.at('out', 'file.bin')), 'no final name before everything is there')
    assert.ok(existsSync(scratch.at('out', 'file.bin.part')))
  }
  await using last = get()
  const done = await untilDone(last)
  received += done.received
  assert.equal(done.path, scratch.at('out', 'file.bin'))
  assert.equal(await sha256Of(done.path), sha256)
  t.diagnostic(`received ${received} in all for ${SIZE}`)
  assert.ok(received <= SIZE + SHARES.length * LOST_PER_KILL, `received ${received} in all for ${SIZE}`)
  assert.ok(received >= SIZE - SHARES.length * LOST_PER_KILL, `received ${received} in all: the figure is wrong`)
})

test('a getter that goes on after a kill says from its first line what is there', { timeout: 120_000 }, async t => {
  await using scratch = openScratch(2 * SIZE)
  writeRandomFile(scratch.at('in', 'file.bin'), SIZE, 'first line')
  await using seeder = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder)
  await using killed = startGet(shared.link, scratch.at('out'), { data: scratch.at('b'), downloadLimit: RATE })
  await untilBytes(killed, SIZE / 2)
  killed.kill('SIGKILL')
  await killed.exited
  await using last = startGet(shared.link, scratch.at('out'), { data: scratch.at('b') })
  await untilDone(last)
  const fetched = last.lines.flatMap(line =>
    line.event === 'progress' && line.phase === 'fetch' ? [line.bytes ?? 0] : []
  )
  const [first] = fetched
  t.diagnostic(`killed at ${bytesOf(killed)}; the first of ${fetched.length} lines says ${first}`)
  assert.ok(first != null && first >= bytesOf(killed) - LOST_PER_KILL, `began with ${first}`)
  assert.ok(fetched.every((bytes, i) => bytes >= (fetched[i - 1] ?? 0)))
})

test('three kills cost what was in flight, also as the sender counts it', { timeout: 180_000 }, async t => {
  await using scratch = openScratch(2 * SIZE)
  const content = new FileInMemory('file.bin', randomBytes(SIZE, 'counted'))
  await using sender = await openStranger([content], t.signal)
  const options = { data: scratch.at('b'), downloadLimit: RATE, peers: [sender.addr] }
  for (const part of SHARES) {
    await using killed = startGet(content.root.toString(), scratch.at('out'), options)
    await untilBytes(killed, part * SIZE)
    killed.kill('SIGKILL')
    await killed.exited
  }
  await using last = startGet(content.root.toString(), scratch.at('out'), options)
  await untilDone(last)
  t.diagnostic(`${sender.bytesSent} bytes sent in all for ${SIZE}`)
  assert.ok(sender.bytesSent >= SIZE, 'the figure is wrong')
  assert.ok(sender.bytesSent <= SIZE + SHARES.length * LOST_PER_KILL, `${sender.bytesSent} bytes sent for ${SIZE}`)
})

test('a getter killed at full speed loses only what was in flight', { timeout: 120_000 }, async t => {
  await using scratch = openScratch(2 * SIZE)
  const sha256 = writeRandomFile(scratch.at('in', 'file.bin'), SIZE, 'full speed')
  await using seeder = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder)
  await using killed = startGet(shared.link, scratch.at('out'), { data: scratch.at('b') })
  await untilBytes(killed, 0.3 * SIZE)
  killed.kill('SIGKILL')
  await killed.exited
  await using last = startGet(shared.link, scratch.at('out'), { data: scratch.at('b') })
  const done = await untilDone(last)
  assert.equal(await sha256Of(done.path), sha256)
  t.diagnostic(`killed at ${bytesOf(killed)}, then received ${done.received} of ${SIZE}`)
  assert.ok(
    done.received <= SIZE - bytesOf(killed) + LOST_PER_KILL,
    `received ${done.received} after ${bytesOf(killed)}`
  )
})

test(
  'seeders killed at 10, 50 and 90 %: another peer named by --peer sends the rest',
  { timeout: 240_000 },
  async t => {
    await using scratch = openScratch(2 * SIZE)
    await using seeders = new AsyncDisposableStack()
    const sha256 = writeRandomFile(scratch.at('in', 'file.bin'), SIZE, 'killed seeder')
    const share = (name: string) => seeders.use(startShare([scratch.at('in', 'file.bin')], { data: scratch.at(name) }))
    const get = async (seeder: Peer, downloadLimit: number) => {
      const { shared } = await untilShared(seeder)
      const peers = [await addressOf(seeder)]
      return startGet(withoutAddresses(shared.link), scratch.at('out'), { data: scratch.at('b'), peers, downloadLimit })
    }
    let received = 0
    for (const part of SHARES) {
      const seeder = share(`seeder killed at ${part}`)
      await using getter = await get(seeder, RATE)
      await untilBytes(getter, part * SIZE)
      seeder.kill('SIGKILL')
      await seeder.exited
      getter.kill('SIGINT')
      await untilFailed(getter, 130, 'cancelled', 10_000)
      received += receivedOf(getter)
    }
    await using last = await get(share('seeder that stays'), 0)
    const done = await untilDone(last)
    received += done.received
    assert.equal(await sha256Of(done.path), sha256)
    t.diagnostic(`received ${received} in all for ${SIZE}`)
    assert.ok(received <= SIZE + SHARES.length * LOST_PER_KILL, `received ${received} in all for ${SIZE}`)
  }
)

test('a getter that waits for its only source goes on when it comes back', { timeout: 120_000 }, async () => {
  await using scratch = openScratch()
  const size = 32 * MIB
  const sha256 = writeRandomFile(scratch.at('in', 'file.bin'), size, 'came back')
  await using first = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') })
  const { shared } = await untilShared(first)
  await using getter = startGet(shared.link, scratch.at('out'), { data: scratch.at('b'), downloadLimit: 16_000_000 })
  await untilBytes(getter, size / 4)
  first.kill('SIGKILL')
  await first.exited
  await using second = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') }) // same identity, same port
  const done = await untilDone(getter, 90_000)
  assert.equal(await sha256Of(done.path), sha256)
  assert.equal(second.exit, undefined)
})

test('Ctrl-C ends with 130 and keeps everything; the same command goes on', { timeout: 120_000 }, async () => {
  await using scratch = openScratch()
  const size = 32 * MIB
  const sha256 = writeRandomFile(scratch.at('in', 'file.bin'), size, 'interrupted')
  await using seeder = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder)
  await using stopped = startGet(shared.link, scratch.at('out'), { data: scratch.at('b'), downloadLimit: 16_000_000 })
  await untilBytes(stopped, size / 2)
  stopped.kill('SIGINT')
  await untilFailed(stopped, 130, 'cancelled', 10_000)
  const kept = bytesOf(stopped)
  await using resumed = startGet(shared.link, scratch.at('out'), { data: scratch.at('b') })
  const done = await untilDone(resumed)
  assert.equal(await sha256Of(done.path), sha256)
  assert.ok(done.received <= size - kept + LOST_PER_KILL / 4, `received ${done.received} after ${kept} were there`)
})
