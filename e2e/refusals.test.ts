// Bad input: each kind has its own exit status and code, one sentence, and nothing is lost.

import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { whyNoRights } from '../app/scripts/needs.mjs'
import { MIB, randomBytes, sha256Of, writeRandomFile } from './content.ts'
import { mountTmpfs } from './mounts.ts'
import { asNobody } from './nobody.ts'
import { runPeer, startGet, startServe, startShare, untilDone, untilFailed, untilShared } from './peer.ts'
import { Program } from './program.ts'
import { openScratch } from './scratch.ts'

/** Listens on every address of its namespace, on two ports, and reports who was dialled. */
const WITNESS = `
  const say = line => console.log(JSON.stringify(line))
  const listen = port => require('node:net').createServer(socket => {
    say({ event: 'dialled', port, to: socket.localAddress })
    socket.destroy()
  }).listen(port, '0.0.0.0')
  listen(4821)
  listen(4822).on('listening', () => say({ event: 'port', port: 4821 }))
`
const skip = whyNoRights() ?? false

const unknownRoot = (): CID => CID.createV1(0x55, create(0x12, randomBytes(32, 'a root nobody has')))

for (const text of ['hello', 'shoal:', 'shoal:bafynotacid?n=x', 'https://example.org/', '', 'shoal:../../etc/passwd']) {
  test(`${JSON.stringify(text)} is not a link: 2 invalid-link`, { timeout: 30_000 }, async () => {
    await using scratch = openScratch()
    await using getter = startGet(text, scratch.at('out'), { data: scratch.at('b') })
    await untilFailed(getter, 2, 'invalid-link', 15_000)
    assert.ok(!existsSync(scratch.at('out')), 'nothing was written')
  })
}

test('a CID of another kind: 2 unsupported-cid', { timeout: 30_000 }, async () => {
  await using scratch = openScratch()
  const cbor = CID.createV1(0x71, create(0x12, randomBytes(32, 'cbor')))
  await using getter = startGet(String(cbor), scratch.at('out'), { data: scratch.at('b') })
  await untilFailed(getter, 2, 'unsupported-cid', 15_000)
})

test('a word that is no command, and a missing argument: 2 usage', { timeout: 30_000 }, async () => {
  await using scratch = openScratch()
  for (const args of [['shard'], ['get'], ['share'], ['get', 'x', '--timeout', 'soon']]) {
    await using peer = await runPeer(args, { data: scratch.at('b') })
    await untilFailed(peer, 2, 'usage')
  }
})

test('a bare CID nobody has: 3 no-providers, after --timeout', { timeout: 60_000 }, async () => {
  await using scratch = openScratch()
  await using getter = startGet(String(unknownRoot()), scratch.at('out'), {
    data: scratch.at('b'),
    more: ['--timeout', '2']
  })
  await untilFailed(getter, 3, 'no-providers', 45_000) // without the option: 60 s
  const took = performance.now() - getter.startedAt
  assert.ok(took >= 2_000, `gave up after ${took} ms`)
})

test('a root nobody has, asked of peers that are there: 3 no-providers', { timeout: 60_000 }, async () => {
  await using scratch = openScratch()
  writeRandomFile(scratch.at('in', 'file.bin'), MIB, 'something else')
  await using seeder = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') })
  const { listening } = await untilShared(seeder)
  await using getter = startGet(String(unknownRoot()), scratch.at('out'), {
    data: scratch.at('b'),
    peers: listening.addrs,
    more: ['--timeout', '2']
  })
  await untilFailed(getter, 3, 'no-providers')
})

test('a path that is not there: 2 not-found', { timeout: 30_000 }, async () => {
  await using scratch = openScratch()
  await using seeder = startShare([scratch.at('no such folder')], { data: scratch.at('a') })
  await untilFailed(seeder, 2, 'not-found')
})

test('a name with a backslash: 6 unsafe-name', { timeout: 30_000 }, async () => {
  await using scratch = openScratch()
  writeRandomFile(scratch.at('in', 'folder', 'back\\slash'), 10, 'backslash')
  await using seeder = startShare([scratch.at('in', 'folder')], { data: scratch.at('a') })
  await untilFailed(seeder, 6, 'unsafe-name')
})

test('a file that cannot be read: 6 unreadable, or left out when told so', { timeout: 60_000, skip }, async () => {
  await using scratch = openScratch()
  writeRandomFile(scratch.at('in', 'folder', 'open'), 1000, 'open')
  writeRandomFile(scratch.at('in', 'folder', 'closed'), 1000, 'closed')
  chmodSync(scratch.dir, 0o755)
  chmodSync(scratch.at('in', 'folder', 'closed'), 0o600)
  const options = asNobody(scratch.at('nobody'))
  await using refused = startShare([scratch.at('in', 'folder')], options)
  const error = await untilFailed(refused, 6, 'unreadable')
  assert.match(error.message, /closed/)
  await using allowed = startShare([scratch.at('in', 'folder')], { ...options, more: ['--skip-unreadable'] })
  const { shared } = await untilShared(allowed)
  assert.deepEqual([shared.files, shared.bytes], [1, 1000])
})

test(
  'a folder that is not a data directory: 8 data-foreign, and it is left as it was',
  { timeout: 30_000 },
  async () => {
    await using scratch = openScratch()
    writeRandomFile(scratch.at('a', 'letters', 'to my aunt.txt'), 1000, 'letter')
    await using peer = await runPeer(['ls'], { data: scratch.at('a') })
    await untilFailed(peer, 8, 'data-foreign')
    assert.deepEqual(readdirSync(scratch.at('a')), ['letters'])
  }
)

test('a database from a newer version: 8 data-newer, and it is left as it was', { timeout: 60_000 }, async () => {
  await using scratch = openScratch()
  const file = scratch.at('in', 'file.bin')
  writeRandomFile(file, 1000, 'newer')
  const first = startShare([file], { data: scratch.at('a') })
  await untilShared(first)
  first.kill('SIGINT')
  await first.finish()
  const db = new DatabaseSync(scratch.at('a', 'shoal.db'))
  db.exec('PRAGMA user_version = 9999')
  db.close()
  const before = await sha256Of(scratch.at('a', 'shoal.db'))
  await using second = startShare([file], { data: scratch.at('a') })
  await untilFailed(second, 8, 'data-newer')
  assert.equal(await sha256Of(scratch.at('a', 'shoal.db')), before)
})

test('a data directory of a newer format: 8 data-newer', { timeout: 30_000 }, async () => {
  await using scratch = openScratch()
  mkdirSync(scratch.at('a'))
  writeFileSync(scratch.at('a', 'shoal.json'), JSON.stringify({ format: 9999 }))
  await using peer = startServe({ data: scratch.at('a') })
  await untilFailed(peer, 8, 'data-newer')
})

test('a destination that cannot be written: 6 not-writable', { timeout: 60_000, skip }, async () => {
  await using scratch = openScratch()
  writeRandomFile(scratch.at('in', 'file.bin'), 2 * MIB, 'read-only')
  await using seeder = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder)
  using mount = mountTmpfs(scratch.at('out'), 16 * MIB)
  mount.makeReadOnly()
  const more = ['--reserve', '0'] // or it is the room that is missing
  await using getter = startGet(shared.link, scratch.at('out'), { data: scratch.at('b'), more })
  await untilFailed(getter, 6, 'not-writable')
  await using nested = startGet(shared.link, scratch.at('out', 'new folder'), { data: scratch.at('b'), more })
  await untilFailed(nested, 6, 'not-writable')
})

test(
  'a destination that is a file, or inside one: 6 not-writable, and it is left as it was',
  { timeout: 60_000 },
  async () => {
    await using scratch = openScratch()
    const file = scratch.at('in', 'file.bin')
    const sha256 = writeRandomFile(file, 2 * MIB, 'a file in the way')
    await using seeder = startShare([file], { data: scratch.at('a') })
    const { shared } = await untilShared(seeder)
    for (const out of [file, path.join(file, 'folder')]) {
      await using getter = startGet(shared.link, out, { data: scratch.at('b') })
      await untilFailed(getter, 6, 'not-writable')
    }
    assert.equal(await sha256Of(file), sha256)
  }
)

test('loopback mode dials loopback only, whatever a link names', { timeout: 60_000, skip }, async () => {
  await using scratch = openScratch()
  // In a namespace without an uplink, where the private address is this machine's own: a dial would be seen, and go nowhere.
  const setUp = 'ip link set lo up && ip addr add 10.9.9.9/32 dev lo && exec "$@"'
  await using witness = new Program<{ event: 'port' | 'dialled'; port: number; to?: string }>({
    args: ['-e', WITNESS],
    prefix: ['unshare', '--net', '--', 'sh', '-c', setUp, 'sh']
  })
  const { port } = await witness.line('port')
  const peer = '/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
  const hints = [`/ip4/10.9.9.9/tcp/${port}${peer}`, `/dns4/localhost/tcp/${port + 1}${peer}`]
  const allowed = `/ip4/127.0.0.1/tcp/${port}${peer}`
  const query = [...hints, allowed].map(hint => `a=${encodeURIComponent(hint)}`).join('&')
  const link = `shoal:${unknownRoot().toString()}?${query}`
  await using getter = startGet(link, scratch.at('out'), {
    data: scratch.at('b'),
    more: ['--timeout', '5'],
    prefix: ['nsenter', `--net=/proc/${witness.pid}/ns/net`, '--']
  })
  await untilFailed(getter, 3, 'no-providers')
  await witness.line('dialled', line => line.to === '127.0.0.1' && line.port === port, 1_000)
  const elsewhere = witness.lines.filter(line => line.event === 'dialled' && line.to !== '127.0.0.1')
  const byName = witness.lines.filter(line => line.event === 'dialled' && line.port === port + 1)
  assert.deepEqual([elsewhere, byName], [[], []])
})

test('an address that the mode excludes, named by the user: 6 forbidden', { timeout: 30_000 }, async () => {
  await using scratch = openScratch()
  const peers = ['/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5']
  await using getter = startGet(unknownRoot().toString(), scratch.at('out'), { data: scratch.at('b'), peers })
  await untilFailed(getter, 6, 'forbidden')
})

test('what stands at the destination is never overwritten', { timeout: 60_000 }, async () => {
  await using scratch = openScratch()
  const size = 2 * MIB
  const sha256 = writeRandomFile(scratch.at('in', 'file.bin'), size, 'wanted')
  const other = writeRandomFile(scratch.at('out', 'file.bin'), size, 'in its place')
  const part = writeRandomFile(scratch.at('out', 'file (2).bin.part'), 100, 'a part of something')
  await using seeder = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder)
  await using getter = startGet(shared.link, scratch.at('out'), { data: scratch.at('b') })
  const done = await untilDone(getter)
  assert.notEqual(done.path, scratch.at('out', 'file.bin'))
  assert.match(path.basename(done.path), /\((2|3)\)/)
  assert.equal(await sha256Of(done.path), sha256)
  assert.equal(await sha256Of(scratch.at('out', 'file.bin')), other)
  assert.equal(await sha256Of(scratch.at('out', 'file (2).bin.part')), part)
})

test('what is already there is done without a network', { timeout: 60_000 }, async () => {
  await using scratch = openScratch()
  writeRandomFile(scratch.at('in', 'file.bin'), 3 * MIB, 'there')
  const seeder = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder)
  seeder.kill('SIGINT')
  await seeder.finish()
  const more = ['--timeout', '5']
  await using getter = startGet(shared.link, scratch.at('in'), { data: scratch.at('b'), more })
  const done = await untilDone(getter)
  assert.deepEqual([done.path, done.received, done.bytes], [scratch.at('in', 'file.bin'), 0, 3 * MIB])
})
