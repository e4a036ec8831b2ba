// Getting some files of a share, and then others: what is said of it, and where it goes.
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Preview } from '../contract/shapes.ts'
import type { Client } from '../engine/client.ts'
import { get, open, scratch, share } from '../testing/sample-application.ts'
import { cleanup } from '../../core/testing/cleanup.ts'

const SIZES = { 'a.bin': 2_000_001, 'b/c.bin': 300_000, 'b/d.txt': 40, 'e.bin': 1_500_000, nothing: 0 }
const NAMES = Object.keys(SIZES)

/** A share of five files, and a second node that has got some of them. */
async function some(t: TestContext, selection: number[] | null) {
  const dir = await scratch(t)
  const tree = path.join(dir, 'Things')
  await mkdir(path.join(tree, 'b'), { recursive: true })
  for (const [name, size] of Object.entries(SIZES)) await writeFile(path.join(tree, name), Buffer.alloc(size, name))
  const stack = cleanup(t)
  const seeder = stack.use(await open(path.join(dir, 'a'), t.signal))
  const getter = stack.use(await open(path.join(dir, 'b'), t.signal))
  const { root, link } = await share(seeder.client, tree)
  const out = path.join(dir, 'out')
  const first = await get(getter.client, link, out, selection)
  return { dir, tree, out, root, link, seeder, getter, first, place: path.join(out, 'Things') }
}

async function held(client: Client, link: string): Promise<boolean | undefined> {
  return (await preview(client, link))?.held
}

async function preview(client: Client, link: string): Promise<Preview | undefined> {
  let last: Preview | undefined
  for await (const row of await client.transfer.preview({ link })) last = row
  return last
}

test('of a share of which some files were got, only those are said to be here', { timeout: 60_000 }, async t => {
  const { getter, root, link } = await some(t, [0, 2])
  const [row] = await getter.client.share.list({})
  assert.deepEqual([row?.bytes, row?.files, row?.hereBytes, row?.hereFiles], [3_800_041, 5, 2_000_041, 2])
  assert.equal(await held(getter.page, link), false, 'it is not all here')
  const { rows } = await getter.page.transfer.files({ root, offset: 0, limit: 10 })
  assert.deepEqual(
    rows.map(({ path: names, haveBytes, chosen }) => [names.join('/'), haveBytes, chosen]),
    NAMES.map((name, i) => [name, i === 0 || i === 2 ? SIZES[name as keyof typeof SIZES] : 0, i === 0 || i === 2])
  )
  for await (const event of await getter.client.share.verify({ root })) {
    if (event.type === 'verified') assert.deepEqual([event.bytes, event.bad], [2_000_041, []], 'no more than was read')
  }
})

test('a share that is here whole says so', { timeout: 60_000 }, async t => {
  const { getter, link } = await some(t, null)
  const [row] = await getter.client.share.list({})
  assert.deepEqual([row?.hereBytes, row?.hereFiles], [3_800_041, 5])
  assert.equal(await held(getter.page, link), true)
})

const below = async (folder: string): Promise<string[]> => (await readdir(folder, { recursive: true })).toSorted()

test(
  'everything, after some of it: the rest comes to the same place, and nothing twice',
  { timeout: 60_000 },
  async t => {
    const { getter, root, link, out, place, tree, first } = await some(t, [0, 2])
    assert.equal(first.done.path, place)
    const { grants } = await getter.client.grant.paths({ paths: [out], use: 'write' })
    assert.equal((await preview(getter.page, link))?.hereBytes, 0, 'not in the default folder')
    await getter.page.settings.set({ downloads: grants[0] ?? '' })
    assert.equal((await preview(getter.page, link))?.hereBytes, 2_000_041)
    const { done } = await get(getter.client, link, out)
    assert.deepEqual([done.path, done.bytes, done.received], [place, 3_800_041, 1_800_000])
    assert.deepEqual(
      await below(out),
      (await below(path.dirname(tree))).filter(name => name.startsWith('Things'))
    )
    for (const name of NAMES)
      assert.deepEqual(await readFile(path.join(place, name)), await readFile(path.join(tree, name)))
    const [row] = await getter.client.share.list({})
    assert.deepEqual([row?.hereFiles, row?.state], [5, 'ready'])
    assert.equal((await getter.client.transfer.list({})).length, 1)
    assert.equal(await held(getter.page, link), true)
    const { rows } = await getter.page.transfer.files({ root, offset: 0, limit: 10 })
    assert.ok(rows.every(file => file.chosen && file.haveBytes === file.bytes))
  }
)

test(
  'other files come to the same place also when what was received is not kept as a share',
  { timeout: 60_000 },
  async t => {
    const { getter, link, out, place, first } = await some(t, [2])
    await getter.page.settings.set({ keepSharing: false })
    await getter.client.share.remove({ root: first.done.root })
    const { done } = await get(getter.client, link, out, [1, 2])
    assert.deepEqual([done.path, done.received], [place, SIZES['b/c.bin']])
    assert.deepEqual(await getter.client.share.list({}), [])
    const last = await get(getter.client, link, out, [3])
    assert.deepEqual(await below(out), ['Things', 'Things/b', 'Things/b/c.bin', 'Things/b/d.txt', 'Things/e.bin'])
    assert.equal(last.done.path, place)
  }
)

test(
  'what is chosen while it runs, or after it was paused, comes to what was chosen before',
  { timeout: 60_000 },
  async t => {
    const { getter, seeder, link, dir } = await some(t, [4])
    const out = path.join(dir, 'second')
    const { client } = getter
    const start = async (selection: number[] | null): Promise<string> => {
      const { grants } = await client.grant.paths({ paths: [out], use: 'write' })
      const folder = grants[0] ?? null
      return (await client.transfer.start({ link, folder, selection, addrs: [], giveUpAfterMs: null })).id
    }
    const total = async (id: string): Promise<number | null | undefined> => {
      for (;;) {
        const row = (await client.transfer.list({})).find(it => it.id === id)
        if (row?.total != null) return row.total
        await new Promise(resolve => setImmediate(resolve))
      }
    }
    await seeder.client.limits.set({ uploadBytesPerSecond: 200_000, downloadBytesPerSecond: null, reserveBytes: null })
    const id = await start([0])
    assert.equal(await total(id), SIZES['a.bin'])
    const follower = client.transfer.follow({ id })
    assert.equal(await start([2]), id)
    assert.equal(await total(id), SIZES['a.bin'] + SIZES['b/d.txt'], 'while it runs')
    await client.transfer.pause({ id })
    await start([1])
    assert.equal(await total(id), SIZES['a.bin'] + SIZES['b/d.txt'] + SIZES['b/c.bin'], 'after a pause')
    await seeder.client.limits.set({ uploadBytesPerSecond: 0, downloadBytesPerSecond: null, reserveBytes: null })
    let last
    for await (const event of await client.transfer.follow({ id })) last = event
    assert.equal(last?.type, 'done')
    assert.deepEqual(await below(out), ['Things', 'Things/a.bin', 'Things/b', 'Things/b/c.bin', 'Things/b/d.txt'])
    for await (const event of await follower) last = event
    assert.equal(last?.type, 'paused', 'who followed the first saw it go on, until it was paused')
  }
)

test(
  'a paused transfer shows its files and what is here of them, also after a restart',
  { timeout: 60_000 },
  async t => {
    const dir = await scratch(t)
    const tree = path.join(dir, 'Things')
    await mkdir(tree)
    for (const name of ['a', 'b', 'c']) await writeFile(path.join(tree, name), Buffer.alloc(2_000_000, name))
    await using seeder = await open(path.join(dir, 'a'), t.signal)
    const { root, link } = await share(seeder.client, tree)
    await seeder.client.limits.set({
      uploadBytesPerSecond: 1_500_000,
      downloadBytesPerSecond: null,
      reserveBytes: null
    })
    let id = ''
    {
      await using getter = await open(path.join(dir, 'b'), t.signal)
      const { grants } = await getter.client.grant.paths({ paths: [path.join(dir, 'out')], use: 'write' })
      const folder = grants[0] ?? null
      id = (await getter.client.transfer.start({ link, folder, selection: [0, 1], addrs: [], giveUpAfterMs: null })).id
      for await (const event of await getter.client.transfer.follow({ id })) {
        if (event.type === 'progress' && event.bytes > 1_000_000) break
      }
      await getter.client.transfer.pause({ id })
      const { grants: again } = await getter.client.grant.paths({ paths: [path.join(dir, 'out')], use: 'write' })
      await getter.page.settings.set({ downloads: again[0] ?? '' })
    }
    await using getter = await open(path.join(dir, 'b'), t.signal)
    const { rows } = await getter.page.transfer.files({ root, offset: 0, limit: 10 })
    assert.deepEqual(
      rows.map(row => row.chosen),
      [true, true, false]
    )
    const [row] = await getter.page.transfer.list({})
    const here = rows.reduce((sum, file) => sum + file.haveBytes, 0)
    assert.ok(row?.state === 'paused' && here > 1_000_000 && here === row.bytes, `${here} of ${row?.bytes}`)
    assert.equal(row.folder, 'out')
    for await (const preview of await getter.page.transfer.preview({ link })) assert.equal(preview.hereBytes, here)
    const details = []
    for await (const value of await getter.page.transfer.details({ id })) details.push(value)
    assert.equal(details.length, 1)
    assert.ok(details[0]?.map.cells.includes(255) && details[0].map.cells.includes(0))
  }
)

test('a link that carries the name of a folder of mine reads nothing of it', { timeout: 60_000 }, async t => {
  const dir = await scratch(t)
  const mine = path.join(dir, 'out', 'Mine')
  await mkdir(mine, { recursive: true })
  await writeFile(path.join(mine, 'big.bin'), Buffer.alloc(32_000_000, 'mine'))
  await writeFile(path.join(dir, 'other'), 'other')
  await using node = await open(path.join(dir, 'a'), t.signal)
  const read = async (): Promise<number> =>
    Number(/^rchar: (\d+)$/m.exec(await readFile('/proc/self/io', 'latin1'))?.[1])
  const { grants } = await node.client.grant.paths({ paths: [path.join(dir, 'out')], use: 'write' })
  const link = 'shoal:bafybeigwdr2vjeyanxzjwgezp36qviolwfszabu4juvhlwiiouye7d3rri?n=Mine'
  const before = await read()
  const started = { link, folder: grants[0] ?? null, selection: null, addrs: [], giveUpAfterMs: 0 }
  const { id } = await node.client.transfer.start(started)
  await assert.rejects(
    async () => {
      for await (const event of await node.client.transfer.follow({ id })) assert.notEqual(event.type, 'done')
    },
    { code: 'no-providers' }
  )
  assert.ok((await read()) - before < 16_000_000, `${(await read()) - before} bytes read`)
})
