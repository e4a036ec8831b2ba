// Getting some files of a share, and then others: what is said of it, and where it goes.
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Client } from '../engine/client.ts'
import { get, open, scratch, share } from './sample-application.ts'

const SIZES = { 'a.bin': 2_000_001, 'b/c.bin': 300_000, 'b/d.txt': 40, 'e.bin': 1_500_000, nothing: 0 }
const NAMES = Object.keys(SIZES)

/** A share of five files, and a second node that has got some of them. */
async function some(t: TestContext, selection: number[] | null) {
  const dir = await scratch(t)
  const tree = path.join(dir, 'Things')
  await mkdir(path.join(tree, 'b'), { recursive: true })
  for (const [name, size] of Object.entries(SIZES)) await writeFile(path.join(tree, name), Buffer.alloc(size, name))
  const stack = new AsyncDisposableStack()
  t.after(async () => stack.disposeAsync())
  const seeder = stack.use(await open(path.join(dir, 'a'), t.signal))
  const getter = stack.use(await open(path.join(dir, 'b'), t.signal))
  const { root, link } = await share(seeder.client, tree)
  const out = path.join(dir, 'out')
  const first = await get(getter.client, link, out, selection)
  return { dir, tree, out, root, link, seeder, getter, first, place: path.join(out, 'Things') }
}

async function held(client: Client, link: string): Promise<boolean | undefined> {
  let last: boolean | undefined
  for await (const row of await client.transfer.preview({ link })) last = row.held
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
