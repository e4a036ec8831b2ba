// Who else has a share: said as long as it is connected, also when it has everything and asks for nothing any more.
import assert from 'node:assert/strict'
import { appendFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import type { Client } from '../engine/client.ts'
import { get, open, scratch, share } from '../testing/sample-application.ts'

async function untilTold(client: Client, copies: number): Promise<void> {
  const options = { signal: AbortSignal.timeout(20_000) }
  for await (const { rows } of await client.share.feed({}, options)) if (rows.some(row => row.copies === copies)) return
}

test('a copy elsewhere is told of until its holder leaves', { timeout: 60_000 }, async t => {
  const dir = await scratch(t)
  const file = path.join(dir, 'film.bin')
  await writeFile(file, Buffer.alloc(3_000_000, 'film'))
  await using seeder = await open(path.join(dir, 'a'), t.signal)
  const { root, link } = await share(seeder.client, file)
  const told = async (client: Client): Promise<(number | undefined)[]> => {
    const [row] = await client.share.list({})
    return [row?.copies, row?.readers]
  }
  {
    await using getter = await open(path.join(dir, 'b'), t.signal)
    await get(getter.client, link, path.join(dir, 'out'))
    await untilTold(seeder.client, 1)
    for await (const row of await getter.page.transfer.preview({ link })) assert.equal(row.root, root) // the root is opened and closed once more
    assert.deepEqual(await told(seeder.client), [1, 0], 'and stays')
    for await (const { others } of await seeder.page.share.details({ root })) {
      assert.deepEqual(
        others.map(({ isComplete }) => isComplete),
        [true]
      )
      break
    }
  }
  await untilTold(seeder.client, 0)
})

test('who shares it no longer is no copy any more, though it stays connected', { timeout: 60_000 }, async t => {
  const dir = await scratch(t)
  const file = path.join(dir, 'film.bin')
  await writeFile(file, Buffer.alloc(3_000_000, 'film'))
  await using seeder = await open(path.join(dir, 'a'), t.signal)
  await using getter = await open(path.join(dir, 'b'), t.signal)
  const { root, link } = await share(seeder.client, file)
  const { done } = await get(getter.client, link, path.join(dir, 'out'))
  await untilTold(seeder.client, 1)
  await getter.client.share.remove({ root })
  await untilTold(seeder.client, 0)
  await share(getter.client, done.path ?? '')
  await untilTold(seeder.client, 1)
  await appendFile(done.path ?? '', 'more')
  await getter.client.share.list({}) // looks at the files
  await untilTold(seeder.client, 0)
  assert.equal((await seeder.client.peer.list({})).length, 1, 'connected all the while')
})

test('who does not keep what it got is no copy', { timeout: 60_000 }, async t => {
  const dir = await scratch(t)
  const [kept, passing] = [path.join(dir, 'kept.bin'), path.join(dir, 'passing.bin')]
  await writeFile(kept, Buffer.alloc(3_000_000, 'kept'))
  await writeFile(passing, Buffer.alloc(3_000_000, 'passing'))
  await using seeder = await open(path.join(dir, 'a'), t.signal)
  await using getter = await open(path.join(dir, 'b'), t.signal)
  const first = await share(seeder.client, passing)
  const second = await share(seeder.client, kept)
  await getter.page.settings.set({ keepSharing: false })
  await get(getter.client, first.link, path.join(dir, 'out'))
  await getter.page.settings.set({ keepSharing: true })
  await get(getter.client, second.link, path.join(dir, 'out'))
  const told = async (): Promise<Map<string, number>> =>
    new Map((await seeder.client.share.list({})).map(row => [row.root, row.copies]))
  await untilTold(seeder.client, 1)
  for await (const _ of await seeder.client.share.feed({})) {
    const now = await told()
    if (now.get(second.root) === 1 && now.get(first.root) === 0) break
  }
})
