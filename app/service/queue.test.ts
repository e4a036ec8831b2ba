// Downloads that wait in the queue, with real nodes: who receives, who waits, and what is said of them.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { RAW } from '../../core/cid.ts'
import type { Transfer } from '../contract/shapes.ts'
import type { Client } from '../engine/client.ts'
import { open, scratch, share, untilTransfers as until } from '../testing/sample-application.ts'
import { cleanup } from '../../core/testing/cleanup.ts'

const RATE = 4_000_000 // bytes per second
const NO_LIMITS = { uploadBytesPerSecond: 0, downloadBytesPerSecond: null, reserveBytes: null }

/** A node that shares some files, each with a link, slowly; and one that gets them. */
async function pair(t: TestContext, sizes: readonly number[]) {
  const dir = await scratch(t)
  const stack = cleanup(t)
  const seeder = stack.use(await open(path.join(dir, 'a'), t.signal))
  const getter = stack.use(await open(path.join(dir, 'b'), t.signal))
  const links: string[] = []
  await mkdir(path.join(dir, 'from'))
  for (const [i, size] of sizes.entries()) {
    const file = path.join(dir, 'from', `file-${i}`)
    await writeFile(file, randomBytes(size))
    links.push((await share(seeder.client, file)).link)
  }
  await seeder.client.limits.set({ uploadBytesPerSecond: RATE, downloadBytesPerSecond: null, reserveBytes: null })
  return { dir, seeder, getter, links, out: path.join(dir, 'out') }
}

async function start(client: Client, link: string, out: string, first = false): Promise<string> {
  const { grants } = await client.grant.paths({ paths: [out], use: 'write' })
  const folder = grants[0] ?? null
  const asked = { link, folder, selection: null, addrs: [], giveUpAfterMs: null, first }
  return (await client.transfer.start(asked)).id
}

/** What nobody has, said to be at the addresses of a link. */
async function nothing(link: string): Promise<string> {
  const cid = CID.create(1, RAW, await sha256.digest(randomBytes(8)))
  return link.replace(/^shoal:[^?]+/, `shoal:${cid.toString()}`).replace(/\?n=[^&]*&s=[^&]*/, '?n=nothing&s=5')
}

const states = (rows: Map<string, Transfer>, ids: readonly string[]): string[] =>
  ids.map(id => `${rows.get(id)?.state} ${rows.get(id)?.place}`)

test(
  'one at a time: the others wait, say where in the queue, and follow by themselves',
  { timeout: 60_000 },
  async t => {
    const { seeder, getter, links, out, dir } = await pair(t, [30_000_000, 2_000_000, 2_000_000])
    const { client } = getter
    await client.settings.set({ activeDownloads: 1 })
    const ids: string[] = []
    for (const link of links) ids.push(await start(client, link, out))
    await until(client, rows => states(rows, ids).join() === 'fetching null,queued 1,queued 2')
    const events = []
    for await (const event of await client.transfer.follow({ id: ids[1]! })) {
      if (events.length === 0) await seeder.client.limits.set(NO_LIMITS) // what was to be seen of the first one was
      events.push(event.type === 'progress' ? event.phase : event.type)
    }
    assert.equal(events[0], 'find')
    assert.equal(events.at(-1), 'done')
    await until(client, rows => ids.every(id => rows.get(id)?.state === 'done'))
    for (const i of [0, 1, 2])
      assert.deepEqual(await readFile(path.join(out, `file-${i}`)), await readFile(path.join(dir, `from/file-${i}`)))
  }
)

test('start now, first, move, pause and resume change who is next', { timeout: 60_000 }, async t => {
  const { getter, links, out } = await pair(t, [20_000_000, 20_000_001, 20_000_002, 20_000_003])
  const { client } = getter
  await client.settings.set({ activeDownloads: 1 })
  const [a, b, c] = [
    await start(client, links[0]!, out),
    await start(client, links[1]!, out),
    await start(client, links[2]!, out)
  ]
  const ids = [a, b, c]
  const until3 = (wanted: string) => until(client, rows => states(rows, ids).join() === wanted)
  await until3('fetching null,queued 1,queued 2')
  await client.transfer.move({ id: c, before: b })
  await until3('fetching null,queued 2,queued 1')
  await client.transfer.startNow({ id: b })
  await until3('queued 1,fetching null,queued 2')
  await client.transfer.pause({ id: b })
  await until3('fetching null,paused null,queued 1')
  await client.transfer.resume({ id: b })
  await until3('fetching null,queued 2,queued 1')
  const d = await start(client, links[3]!, out, true)
  await until(client, rows => states(rows, [...ids, d]).join() === 'queued 1,queued 3,queued 2,fetching null')
  await client.settings.set({ activeDownloads: 4 })
  await until(client, rows => [...ids, d].every(id => rows.get(id)?.state === 'fetching'))
  await assert.rejects(client.transfer.startNow({ id: 'nobody' }), { code: 'not-found' })
  await assert.rejects(client.transfer.move({ id: a, before: 'nobody' }), { code: 'not-found' })
})

test('the order stays over a restart', { timeout: 60_000 }, async t => {
  const { getter, links, out, dir } = await pair(t, [20_000_000, 20_000_001, 20_000_002])
  const { client } = getter
  await client.settings.set({ activeDownloads: 1 })
  const ids: string[] = []
  for (const link of links) ids.push(await start(client, link, out))
  await client.transfer.move({ id: ids[2]!, before: ids[1]! })
  await until(client, rows => states(rows, ids).join() === 'fetching null,queued 2,queued 1')
  await getter[Symbol.asyncDispose]()
  await using again = await open(path.join(dir, 'b'), t.signal)
  await until(again.client, rows => states(rows, ids).join() === 'fetching null,queued 2,queued 1')
})

test(
  'one that nobody can send lets others go first, says so, and goes on when somebody can',
  { timeout: 60_000 },
  async t => {
    const { getter, seeder, links, out, dir } = await pair(t, [6_000_000])
    const { client } = getter
    await client.settings.set({ activeDownloads: 1 })
    const late = path.join(dir, 'late')
    await writeFile(late, randomBytes(3_000_000))
    const { link: lateLink, root } = await share(seeder.client, late)
    await seeder.client.share.remove({ root })
    const waits = await start(client, lateLink, out)
    const goes = await start(client, links[0]!, out)
    await until(client, rows => states(rows, [waits, goes]).join() === 'finding null,fetching null')
    await share(seeder.client, late)
    await until(client, rows => rows.get(waits)?.state === 'done')
    assert.deepEqual(await readFile(path.join(out, 'late')), await readFile(late))
  }
)

test('how long to wait before giving up counts from the first turn on', { timeout: 60_000 }, async t => {
  const { getter, links, out } = await pair(t, [12_000_000])
  const { client } = getter
  await client.settings.set({ activeDownloads: 1 })
  const goes = await start(client, links[0]!, out)
  await until(client, rows => rows.get(goes)?.state === 'fetching')
  const { grants } = await client.grant.paths({ paths: [out], use: 'write' })
  const asked = {
    link: await nothing(links[0]!),
    folder: grants[0] ?? null,
    selection: null,
    addrs: [],
    giveUpAfterMs: 300
  }
  const { id } = await client.transfer.start(asked)
  await until(client, rows => rows.get(id)?.state === 'queued')
  const rows = await until(client, it => it.get(id)?.state === 'failed')
  assert.equal(rows.get(id)?.error?.code, 'no-providers')
  assert.equal(rows.get(goes)?.state, 'done', 'it had no turn before')
})

test(
  'a cancel that the disk refuses leaves it paused, its turn goes on, and it may be cancelled again',
  { timeout: 60_000 },
  async t => {
    const { getter, links, out } = await pair(t, [20_000_000, 20_000_001])
    const { client } = getter
    await client.settings.set({ activeDownloads: 1 })
    const ids = [await start(client, links[0]!, out), await start(client, links[1]!, out)]
    await until(client, rows => rows.get(ids[0]!)?.state === 'fetching' && rows.get(ids[0]!)!.bytes > 0)
    const part = path.join(out, 'file-0.part')
    await rm(part)
    await mkdir(part) // no file that could be removed
    await assert.rejects(client.transfer.cancel({ id: ids[0]! }))
    await until(client, rows => states(rows, ids).join() === 'paused null,fetching null')
    await rm(part, { recursive: true })
    await client.transfer.cancel({ id: ids[0]! })
    await until(client, rows => !rows.has(ids[0]!))
  }
)

test('cancelled half way and started again at once, it is got in full', { timeout: 60_000 }, async t => {
  const { seeder, getter, links, out, dir } = await pair(t, [20_000_000])
  const { client } = getter
  const id = await start(client, links[0]!, out)
  await until(client, rows => rows.get(id)!.bytes > 0)
  const cancelled = client.transfer.cancel({ id })
  assert.equal(await start(client, links[0]!, out), id)
  await cancelled
  await seeder.client.limits.set(NO_LIMITS)
  const rows = await until(client, it => it.get(id)?.state === 'done')
  assert.equal(rows.get(id)?.received, 20_000_000, 'from the beginning')
  assert.deepEqual(await readFile(path.join(out, 'file-0')), await readFile(path.join(dir, 'from/file-0')))
})
