// One process holds a data directory; the others ask it.

import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { test } from 'node:test'
import { whyNoRights } from '../app/scripts/needs.mjs'
import { MIB, sha256Of, treeBytes, writeRandomFile, writeSparseFile } from './content.ts'
import { bytesOf, runPeer, startGet, startPeer, startServe, startShare, untilBytes } from './peer.ts'
import { untilDone, untilFailed, untilShared } from './peer.ts'
import { openScratch } from './scratch.ts'

test('share through a running node prints its lines and exits 0; the node serves it', { timeout: 60_000 }, async () => {
  await using scratch = openScratch()
  const sha256 = writeRandomFile(scratch.at('in', 'file.bin'), 2 * MIB, 'second')
  await using server = startServe({ data: scratch.at('a') })
  const { addrs } = await server.line('listening')
  await using second = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') })
  const { shared, listening } = await untilShared(second)
  assert.equal((await second.finish()).code, 0)
  assert.deepEqual(listening.addrs, addrs)
  const ls = await runPeer(['ls'], { data: scratch.at('a') })
  const row = await ls.line('share')
  assert.deepEqual([row.root, row.name, row.bytes, row.state], [shared.root, 'file.bin', 2 * MIB, 'ready'])
  await using getter = startGet(shared.link, scratch.at('out'), { data: scratch.at('b') })
  assert.equal(await sha256Of((await untilDone(getter)).path), sha256)
})

test(
  'get through a running node follows to the end; Ctrl-C pauses it and the same command goes on',
  { timeout: 90_000 },
  async () => {
    await using scratch = openScratch()
    const size = 24 * MIB
    const sha256 = writeRandomFile(scratch.at('in', 'file.bin'), size, 'through')
    await using seeder = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a'), uploadLimit: 8_000_000 })
    const { shared } = await untilShared(seeder)
    await using server = startServe({ data: scratch.at('b') })
    await server.line('listening')
    await using followed = startGet(shared.link, scratch.at('out'), { data: scratch.at('b') })
    await untilBytes(followed, size / 3)
    followed.kill('SIGINT')
    await untilFailed(followed, 130, 'cancelled', 10_000)
    assert.equal(server.exit, undefined)
    const paused = await runPeer(['transfers'], { data: scratch.at('b') })
    assert.equal((await paused.line('transfer')).state, 'paused')
    assert.ok(bytesOf(followed) < size)
    await using again = startGet(shared.link, scratch.at('out'), { data: scratch.at('b') })
    const done = await untilDone(again)
    assert.equal(await sha256Of(done.path), sha256)
  }
)

test('another --listen than the running node has: 8 already-running', { timeout: 60_000 }, async () => {
  await using scratch = openScratch()
  await using server = startServe({ data: scratch.at('a') })
  await server.line('listening')
  await using second = startServe({ data: scratch.at('a'), more: ['--listen', '/ip4/127.0.0.1/tcp/1'] })
  await untilFailed(second, 8, 'already-running')
  assert.equal(server.exit, undefined)
})

test(
  'another --network than the running node has: 8 already-running',
  { timeout: 60_000, skip: whyNoRights() ?? false },
  async () => {
    await using scratch = openScratch()
    // In a network namespace without an uplink: should the refusal be missing, nothing is sent anywhere.
    const prefix = ['unshare', '--net', '--', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh']
    await using server = startServe({ data: scratch.at('a'), prefix })
    await server.line('listening')
    const inside = ['nsenter', `--net=/proc/${server.pid}/ns/net`, '--']
    await using second = startServe({ data: scratch.at('a'), network: 'lan', prefix: inside })
    await untilFailed(second, 8, 'already-running')
    assert.equal(server.exit, undefined)
  }
)

test('kill -9 leaves nothing that keeps the next one out', { timeout: 60_000 }, async () => {
  await using scratch = openScratch()
  await using first = startServe({ data: scratch.at('a') })
  const { peerId } = await first.line('listening')
  first.kill('SIGKILL')
  await first.exited
  await using second = startServe({ data: scratch.at('a') })
  assert.equal((await second.line('listening')).peerId, peerId)
  assert.equal(statSync(scratch.at('a', 'identity.key')).mode & 0o777, 0o600)
  assert.equal(statSync(scratch.at('a')).mode & 0o777, 0o700)
  second.kill('SIGTERM')
  await second.finish(10_000)
  assert.ok(!existsSync(scratch.at('a', 'run.json')), 'it takes its door with it')
})

test('info says what runs', { timeout: 60_000 }, async () => {
  await using scratch = openScratch()
  await using server = startServe({ data: scratch.at('a') })
  const { peerId, addrs } = await server.line('listening')
  const { url } = await server.line('ui')
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\//)
  await using asked = startPeer(['info'], { data: scratch.at('a') })
  const info = await asked.line('info')
  assert.deepEqual([info.peerId, info.network, info.data], [peerId, 'loopback', scratch.at('a')])
  assert.deepEqual(info.addrs, addrs)
  assert.ok(addrs.length > 0 && addrs.every(addr => /^\/(ip4\/127\.|ip6\/::1\/).*\/p2p\//.test(addr)), addrs.join(' '))
  assert.equal((await asked.finish()).code, 0)
})

test('sharing in place adds next to nothing to the data directory', { timeout: 120_000 }, async () => {
  await using scratch = openScratch()
  const size = 1024 * MIB // the 10 GiB of the promise are in the long tests
  writeSparseFile(scratch.at('sparse.bin'), size)
  const seeder = startShare([scratch.at('sparse.bin')], { data: scratch.at('a') })
  await using owner = seeder
  await untilShared(seeder, 100_000)
  owner.kill('SIGINT')
  await seeder.finish()
  assert.ok(treeBytes(scratch.at('a')) <= 0.002 * size + 512 * 1024, `${treeBytes(scratch.at('a'))} bytes`)
})
