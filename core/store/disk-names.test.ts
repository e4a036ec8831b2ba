import assert from 'node:assert/strict'
import {
  existsSync,
  fstatSync,
  linkSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeFileSync
} from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { DiskNames, type NameCalls } from './disk-names.ts'
import type { Download } from './download.ts'
import { bench, feed, never, open, type Bench } from '../testing/sample-download.ts'
import { leafOf, sampleBytes, type Sample } from '../testing/sample-share.ts'

const MIB = 1024 * 1024
const FILE: Sample = { '': sampleBytes(2 * MIB, 'x') }
const TREE: Sample = { 'big.bin': sampleBytes(2 * MIB + 9, 'big'), 'sub/a': sampleBytes(900, 'a'), 'sub/b': null }
const ALL = ['rename', 'link', 'unlink', 'rmdir'] as const
const isLinux = process.platform === 'linux'

/** A disk on which the first `times` of these calls fail with the code; waiting takes no time. */
function busy(times: number, which: readonly (keyof NameCalls)[], code = 'EBUSY', platform: NodeJS.Platform = 'win32') {
  const left = new Map(which.map(name => [name, times]))
  const waits: number[] = []
  const seen = { isHeld: (_at: string) => true, onWait: () => {}, onCall: (_at: string) => {} }
  const failing =
    (name: keyof NameCalls, call: (...args: [string, string]) => void) =>
    (...args: string[]): void => {
      const at = plainPath(args[0] ?? '')
      seen.onCall(at)
      const rest = seen.isHeld(at) ? (left.get(name) ?? 0) : 0
      if (rest > 0) left.set(name, rest - 1)
      if (rest > 0) throw Object.assign(new Error('a virus scanner'), { code })
      call(...(args as [string, string])) // as many as the call takes
    }
  const calls = {
    rename: failing('rename', renameSync),
    link: failing('link', linkSync),
    unlink: failing('unlink', unlinkSync),
    rmdir: failing('rmdir', at => rmdirSync(at))
  }
  const wait = async (ms: number): Promise<void> => {
    waits.push(ms)
    seen.onWait()
  }
  return { names: new DiskNames({ calls, platform, wait }), waits, seen }
}

/** The path of something that is named by way of a held folder. */
function plainPath(at: string): string {
  const [held, fd] = /^\/proc\/self\/fd\/(\d+)\//.exec(at) ?? []
  return held == null ? at : path.join(readlinkSync(`/proc/self/fd/${fd}`), at.slice(held.length))
}

/** Files in the folder that this process has open; where folders are held, no file is kept from its name. */
const openIn = (directory: string): string[] => descriptorsIn(directory, fd => !fstatSync(fd).isDirectory())

/** What this process has open of the folder and in it. */
function descriptorsIn(directory: string, counts: (fd: number) => boolean = () => true): string[] {
  const found: string[] = []
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const at = readlinkSync(`/proc/self/fd/${fd}`)
      if (`${at}/`.startsWith(`${directory}/`) && counts(Number(fd))) found.push(at)
    } catch {
      // the one that listed them
    }
  }
  return found
}

async function fed(it: Bench, names: DiskNames): Promise<Download> {
  const download = await open(it, { names })
  await feed(it, download)
  return download
}

test('who holds a file for a moment keeps no download from its name', async t => {
  for (const sample of [FILE, TREE]) {
    for (const code of ['EBUSY', 'EPERM', 'EACCES']) {
      const it = bench(t, sample)
      const { names, waits } = busy(3, ALL, code)
      await using download = await fed(it, names)
      const { path: at } = await download.finish(never)
      assert.equal(at, path.join(it.directory, 'things'))
      assert.deepEqual(readdirSync(it.directory), ['things'], 'and of nothing else')
      assert.deepEqual(waits.slice(0, 3), [20, 40, 80])
    }
  }
})

test('nor a cancelled one from being taken away', async t => {
  for (const sample of [FILE, TREE]) {
    const it = bench(t, sample)
    const { names } = busy(3, ALL, 'EACCES')
    await using download = await fed(it, names)
    await download.discard()
    assert.deepEqual(readdirSync(it.directory), [])
    assert.deepEqual(it.store.db.all('SELECT * FROM download'), [])
  }
})

test('who holds it for good is told of after some ten seconds; nothing is lost, and it may be tried again', async t => {
  for (const sample of [FILE, TREE]) {
    const it = bench(t, sample)
    const { names, waits } = busy(17, ['rename', 'link'])
    await using download = await fed(it, names)
    await download.readLeaf(0)
    const held = download.finish(never)
    await assert.rejects(held, { code: 'not-writable' })
    const waited = waits.reduce((sum, ms) => sum + ms, 0)
    assert.ok(waited > 5_000 && waited < 15_000, `${waited} ms`)
    assert.ok(leafOf(it.indexed, 0).equals(await download.readLeaf(0)), 'served as before')
    for (let attempts = 1; ; attempts++) {
      const finished = await download.finish(never).catch(() => undefined)
      if (finished != null) break
      assert.ok(attempts < 4)
    }
    assert.deepEqual(readdirSync(it.directory), ['things'])
    assert.ok(leafOf(it.indexed, 0).equals(await download.readLeaf(0)))
  }
})

test('a file that has its name and cannot lose the other one yet gets no third', async t => {
  const it = bench(t, FILE)
  const { names } = busy(17, ['unlink']) // the first attempt gives up after sixteen
  await using download = await fed(it, names)
  await assert.rejects(download.finish(never), { code: 'not-writable' })
  const { path: at } = await download.finish(never)
  assert.equal(at, path.join(it.directory, 'things'))
  assert.deepEqual(readdirSync(it.directory), ['things'])
})

test('a cancelled one that is held for good is still known, and taken away another time', async t => {
  for (const sample of [FILE, TREE]) {
    const it = bench(t, sample)
    const { names } = busy(16, ['unlink'])
    await using download = await fed(it, names)
    await assert.rejects(download.discard(), { code: 'not-writable' })
    if (isLinux) assert.deepEqual(descriptorsIn(it.directory), [], 'nothing of it is open, no folder either')
    await using again = await open(it)
    await again.discard()
    assert.deepEqual(readdirSync(it.directory), [])
  }
})

test('on other systems these codes mean what they say', async t => {
  for (const code of ['EBUSY', 'EPERM', 'EACCES']) {
    const it = bench(t, TREE)
    const { names, waits } = busy(2, ['rename'], code, 'linux')
    await using download = await fed(it, names)
    await assert.rejects(download.finish(never), { code: 'not-writable' })
    assert.deepEqual(waits, [])
  }
})

test('an end of waiting ends it', async t => {
  const it = bench(t, FILE)
  const life = new AbortController()
  const { names, seen } = busy(Infinity, ['rename', 'link'])
  await using download = await fed(it, names)
  seen.onWait = () => life.abort(new Error('stopped'))
  await assert.rejects(download.finish(life.signal), /stopped/)
})

test('who reads while it gets its name waits, and opens nothing meanwhile', { skip: !isLinux }, async t => {
  for (const sample of [FILE, TREE]) {
    const it = bench(t, sample)
    const { names, seen } = busy(2, ['rename', 'link'])
    await using download = await fed(it, names)
    await download.readLeaf(1) // has the file open
    const part = path.join(it.directory, 'things.part')
    const reading: Promise<Uint8Array>[] = [download.readLeaf(0)]
    let calls = 0
    seen.isHeld = from => from === part
    seen.onWait = () => void reading.push(download.readLeaf(0), download.readLeaf(1))
    seen.onCall = from => {
      if (from !== part) return
      calls++
      assert.deepEqual(openIn(it.directory), [])
    }
    const changes: object[] = []
    download.watch(change => changes.push(change))
    await download.finish(never)
    const [before, ...meanwhile] = await Promise.all(reading)
    assert.ok(leafOf(it.indexed, 0).equals(before!))
    assert.ok(calls >= 3 && meanwhile.length >= 4, 'failed twice')
    for (const [i, leaf] of meanwhile.entries()) assert.ok(leafOf(it.indexed, i % 2).equals(leaf))
    assert.deepEqual(changes, [{ state: 'ready' }], 'nothing was taken back')
    assert.deepEqual(readdirSync(it.directory), ['things'])
  }
})

test('who reads while it is taken away is told first, refused, and opens nothing', { skip: !isLinux }, async t => {
  for (const sample of [FILE, TREE]) {
    const it = bench(t, sample)
    const { names, seen } = busy(2, ['unlink'])
    await using download = await fed(it, names)
    await download.readLeaf(1)
    const before = download.readLeaf(0)
    const told: object[] = []
    download.watch(change => told.push(change))
    const reading: Promise<unknown>[] = []
    seen.onWait = () => void reading.push(assert.rejects(download.readLeaf(0), { code: 'not-found' }))
    seen.onCall = () => assert.deepEqual(openIn(it.directory), [])
    const discarded = download.discard()
    assert.deepEqual(told, [{ withdrawn: true }], 'before anybody is refused')
    await assert.rejects(download.readLeaf(1), { code: 'not-found' })
    await discarded
    assert.ok(leafOf(it.indexed, 0).equals(await before), 'what had begun is answered')
    await Promise.all(reading)
    assert.deepEqual(readdirSync(it.directory), [])
  }
})

test('who holds a file for a moment keeps nobody from going on: what is not whole any more loses its own name', async t => {
  const it = bench(t, TREE)
  {
    await using before = await open(it)
    await feed(it, before, [0, 3])
  }
  const at = path.join(it.directory, 'things.part', 'sub', 'a')
  writeFileSync(at, 'something else')
  const { names, waits } = busy(3, ALL)
  await using download = await open(it, { names })
  assert.deepEqual(waits, [20, 40, 80])
  assert.ok(existsSync(`${at}.part`) && !existsSync(at), 'the name of what is not whole')
  await feed(it, download)
  await download.finish(never)
  assert.deepEqual(readdirSync(path.join(it.directory, 'things', 'sub')), ['a', 'b'])
})

test('nor of a file that had got its own name beside the other one', async t => {
  const it = bench(t, FILE)
  {
    const { names } = busy(Infinity, ['unlink'])
    await using before = await fed(it, names)
    await assert.rejects(before.finish(never), { code: 'not-writable' })
  }
  assert.deepEqual(readdirSync(it.directory), ['things', 'things.part'])
  const { names, waits } = busy(3, ALL)
  await using download = await open(it, { names })
  assert.deepEqual(waits, [20, 40, 80])
  const { path: at } = await download.finish(never)
  assert.equal(at, path.join(it.directory, 'things'))
  assert.deepEqual(readdirSync(it.directory), ['things'])
})
