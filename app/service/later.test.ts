// A root that nobody has yet.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { open, scratch, share } from '../testing/sample-application.ts'

test('what a connected peer shares later begins at once', { timeout: 40_000 }, async t => {
  const dir = await scratch(t)
  const file = path.join(dir, 'film.bin')
  await writeFile(file, Buffer.alloc(3_000_000, 'film'))
  await using seeder = await open(path.join(dir, 'a'), t.signal)
  const { root, link } = await share(seeder.client, file)
  await seeder.client.share.remove({ root })
  await using getter = await open(path.join(dir, 'b'), t.signal)
  const { grants } = await getter.client.grant.paths({ paths: [path.join(dir, 'out')], use: 'write' })
  const folder = grants[0] ?? null
  const { id } = await getter.client.transfer.start({ link, folder, selection: null, addrs: [], giveUpAfterMs: null })
  for await (const { rows } of await getter.client.transfer.feed({})) {
    if (rows.some(row => row.waitingFor === 'peers')) break // its peer has answered, and does not have it
  }
  assert.equal((await getter.client.peer.list({})).length, 1)
  await share(seeder.client, file)
  const sharedAt = performance.now()
  for await (const event of await getter.client.transfer.follow({ id })) if (event.type === 'done') break
  assert.ok(performance.now() - sharedAt < 5_000, 'it was told, and did not have to ask again')
})
