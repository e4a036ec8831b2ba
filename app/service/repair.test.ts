import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { claimDataDir } from '../../core/store/data-dir.ts'
import { open, scratch, share, untilTransfers } from '../testing/sample-application.ts'
import { readCatalogue } from './catalogue.ts'
import { indexFile, isIndexUnusable, repairIndex } from './repair.ts'

const NOW = Date.UTC(2026, 10, 28)
const MIB = 1024 * 1024

/** The test's deadline is the limit. */
async function eventually(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(20)
}

/** How many shares were not read again yet. */
async function awaited(dataDir: string): Promise<number> {
  const text = await readFile(path.join(dataDir, 'restore.json'), 'utf8').catch(() => '{"shares":[]}')
  return (JSON.parse(text) as { shares: unknown[] }).shares.length
}

type Node = Awaited<ReturnType<typeof open>>
const statesOf = async (node: Node): Promise<string[]> => (await node.client.share.list({})).map(row => row.state)

/** Somebody's data directory whose index is no database any more. */
async function damage(dataDir: string): Promise<void> {
  await writeFile(indexFile(dataDir), 'x'.repeat(100_000))
}

test(
  'shares come back by themselves, also from a disk that comes later; one that changed waits, until it is removed',
  { timeout: 60_000 },
  async t => {
    const dir = await scratch(t)
    const [data, one, two, changed] = ['data', 'one', 'two', 'changed'].map(it => path.join(dir, it)) as [
      string,
      string,
      string,
      string
    ]
    for (const folder of [one, two, changed]) {
      await mkdir(folder)
      await writeFile(path.join(folder, 'f'), randomBytes(100_000))
    }
    claimDataDir(data)
    const roots: string[] = []
    {
      await using node = await open(data, t.signal)
      for (const folder of [one, two, changed]) roots.push((await share(node.client, folder)).root)
    }
    await damage(data)
    await assert.rejects(open(data, t.signal), { code: 'data-damaged' })
    assert.equal(isIndexUnusable(data), true)
    await writeFile(path.join(changed, 'f'), randomBytes(100_000))
    await rename(two, `${two} away`)

    const repaired = repairIndex(data, NOW)
    assert.deepEqual(repaired, { aside: path.join(data, 'damaged-index-2026-11-28T00-00-00'), shares: 3, downloads: 0 })
    assert.equal((await stat(path.join(repaired.aside, 'shoal.db'))).size, 100_000)
    assert.equal(isIndexUnusable(data), false)
    {
      await using node = await open(data, t.signal)
      await eventually(async () => (await statesOf(node)).join() === 'ready,missing,changed')
      assert.equal(await awaited(data), 2)
      await node.client.share.remove({ root: roots[2] ?? '' })
      assert.deepEqual(await statesOf(node), ['ready', 'missing'])
    }
    await rename(`${two} away`, two)
    await damage(data) // and again, with one still awaited
    assert.equal(repairIndex(data, NOW + 1000)?.shares, 2)
    {
      await using node = await open(data, t.signal)
      await eventually(async () => (await statesOf(node)).join() === 'ready,ready')
      assert.deepEqual(new Set((await node.client.share.list({})).map(row => row.root)), new Set(roots.slice(0, 2)))
      await eventually(async () => (await awaited(data)) === 0)
      await node.client.share.remove({ root: roots[1] ?? '' })
    }
    await using node = await open(data, t.signal)
    assert.deepEqual(await statesOf(node), ['ready'], 'what was removed stays so')
  }
)

test('many shares, of an index that was cut off to nothing without a word', { timeout: 60_000 }, async t => {
  const dir = await scratch(t)
  const data = path.join(dir, 'data')
  claimDataDir(data)
  const count = 70 // more than may be prepared at once
  {
    await using node = await open(data, t.signal)
    for (let i = 0; i < count; i++) {
      const file = path.join(dir, `file ${i}`)
      await writeFile(file, `${i}`)
      await share(node.client, file)
    }
  }
  await truncate(indexFile(data), 0)
  {
    await using node = await open(data, t.signal, { offline: true }) // of a command that only asks
    assert.equal((await node.client.share.list({})).length, count, 'shown, though nothing reads them')
  }
  await using node = await open(data, t.signal)
  await eventually(async () => (await statesOf(node)).filter(state => state === 'ready').length === count)
  await eventually(async () => (await awaited(data)) === 0)
})

test(
  'ended while it reads, and whatever is removed meanwhile: nothing else is forgotten',
  { timeout: 60_000 },
  async t => {
    const dir = await scratch(t)
    const data = path.join(dir, 'data')
    claimDataDir(data)
    const roots: string[] = []
    {
      await using node = await open(data, t.signal)
      for (const name of ['one', 'two', 'three']) {
        await writeFile(path.join(dir, name), randomBytes(2 * MIB))
        roots.push((await share(node.client, path.join(dir, name))).root)
      }
    }
    await damage(data)
    assert.equal(repairIndex(data, NOW)?.shares, 3)
    const catalogued = (): string[] => readCatalogue(data)?.shares.map(({ root }) => root) ?? []
    {
      await using _node = await open(data, t.signal, { offline: true })
      assert.deepEqual(catalogued(), roots, 'the oldest first')
    }
    {
      await using _node = await open(data, t.signal) // and closed again at once
    }
    await using node = await open(data, t.signal, { offline: true }) // nothing is read
    const known = (await node.client.share.list({})).map(({ root }) => root)
    assert.deepEqual(known.toSorted(), roots.toSorted(), 'shared, or still to be read')
    assert.ok((await awaited(data)) > 0, 'it was ended before it was over')
    await node.client.share.remove({ root: roots[2] ?? '' })
    await eventually(async () => catalogued().length === 2)
    assert.ok(!catalogued().includes(roots[2] ?? ''), 'what was removed does not come back with the next repair')
  }
)

test('downloads go on with what their .part holds', { timeout: 60_000 }, async t => {
  const dir = await scratch(t)
  const [data, file, out] = [path.join(dir, 'data'), path.join(dir, 'film'), path.join(dir, 'out')]
  await writeFile(file, randomBytes(12 * MIB))
  await using seeder = await open(path.join(dir, 'seeder'), t.signal)
  const { link, root } = await share(seeder.client, file)
  await seeder.client.share.limit({ root, uploadBytesPerSecond: 2 * MIB })
  claimDataDir(data)
  let before = 0
  {
    await using getter = await open(data, t.signal)
    const { grants } = await getter.client.grant.paths({ paths: [out], use: 'write' })
    const { id } = await getter.client.transfer.start({ link, folder: grants[0] ?? null, selection: null, addrs: [], giveUpAfterMs: null }) // prettier-ignore
    const rows = await untilTransfers(getter.client, it => (it.get(id)?.bytes ?? 0) >= 4 * MIB)
    before = rows.get(id)?.bytes ?? 0
  }
  await damage(data)
  assert.equal(repairIndex(data, NOW)?.downloads, 1)
  await seeder.client.share.limit({ root, uploadBytesPerSecond: 0 })
  await using getter = await open(data, t.signal)
  const rows = await untilTransfers(getter.client, it => [...it.values()].every(row => row.state === 'done'))
  const [row] = rows.values()
  assert.ok(
    (row?.received ?? Infinity) <= 12 * MIB - before + 2 * MIB,
    `${row?.received} of ${12 * MIB}, ${before} were there`
  )
  assert.deepEqual(await readdir(out), ['film'])
  assert.deepEqual(await readFile(path.join(out, 'film')), await readFile(file))
})

test('an index in order is left alone; one without a catalogue becomes an empty one', async t => {
  const data = await scratch(t)
  claimDataDir(data)
  {
    await using _node = await open(data, t.signal, { offline: true })
  }
  assert.equal(repairIndex(data, NOW), undefined)
  assert.equal((await readdir(data)).includes('restore.json'), false)
  await damage(data)
  await rm(path.join(data, 'catalogue.json'))
  assert.deepEqual(repairIndex(data, NOW)?.shares, 0)
  await using node = await open(data, t.signal, { offline: true })
  assert.deepEqual(await node.client.share.list({}), [])
})

test('a catalogue that was cut off is none, and harms nothing', async t => {
  const data = await scratch(t)
  claimDataDir(data)
  {
    await using _node = await open(data, t.signal, { offline: true })
  }
  await truncate(path.join(data, 'catalogue.json'), 20)
  await damage(data)
  assert.deepEqual(repairIndex(data, NOW)?.shares, 0)
})
