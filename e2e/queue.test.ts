// Sixty downloads that nobody can send, and one that somebody can: it is not slower for them. Real nodes, in this process.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { RAW } from '../core/cid.ts'
import { parseLink } from '../core/link.ts'
import type { Client } from '../app/engine/client.ts'
import { open, share } from '../app/testing/sample-application.ts'
import { sha256Of, writeRandomFile } from './content.ts'
import { openScratch } from './scratch.ts'

const BYTES = 20_000_000
const RATE = 4_000_000 // bytes per second of the one who sends

/** A link to what nobody has, with the addresses of another one. */
async function nothingAt(link: string, number: number): Promise<string> {
  const cid = CID.create(1, RAW, await sha256.digest(Buffer.from(`nothing ${number}`)))
  return `shoal:${cid.toString()}?n=nothing-${number}&s=5${parseLink(link)
    .addrs.map(it => `&a=${encodeURIComponent(it)}`)
    .join('')}`
}

async function start(client: Client, link: string, out: string): Promise<string> {
  const { grants } = await client.grant.paths({ paths: [out], use: 'write' })
  const asked = { link, folder: grants[0] ?? null, selection: null, addrs: [], giveUpAfterMs: null }
  return (await client.transfer.start(asked)).id
}

async function done(client: Client, id: string): Promise<{ path: string; seconds: number }> {
  for await (const event of await client.transfer.follow({ id }))
    if (event.type === 'done') return { path: event.path ?? '', seconds: event.seconds }
  return assert.fail('the download ended without being done')
}

test(
  '60 downloads that wait beside one that works: done within 1.5 times of its time alone',
  { timeout: 120_000 },
  async t => {
    await using scratch = openScratch()
    await using stack = new AsyncDisposableStack()
    const seeder = stack.use(await open(scratch.at('a'), t.signal))
    const getter = stack.use(await open(scratch.at('b'), t.signal))
    const sums = ['alone', 'beside'].map(name => writeRandomFile(scratch.at('in', name), BYTES, name))
    const links: string[] = []
    for (const name of ['alone', 'beside']) links.push((await share(seeder.client, scratch.at('in', name))).link)
    await seeder.client.limits.set({ uploadBytesPerSecond: RATE, downloadBytesPerSecond: null, reserveBytes: null })
    const { client } = getter
    const alone = await done(client, await start(client, links[0] ?? '', scratch.at('out')))
    const wait = async (from: number, to: number): Promise<void> => {
      for (let i = from; i < to; i++) await start(client, await nothingAt(links[0] ?? '', i), scratch.at('out'))
    }
    await wait(0, 40)
    const id = await start(client, links[1] ?? '', scratch.at('out'))
    await wait(40, 60)
    const beside = await done(client, id)
    t.diagnostic(`${alone.seconds.toFixed(2)} s alone, ${beside.seconds.toFixed(2)} s beside 60`)
    assert.deepEqual([await sha256Of(alone.path), await sha256Of(beside.path)], sums)
    assert.ok(beside.seconds <= 1.5 * alone.seconds, `${beside.seconds} s beside 60, ${alone.seconds} s alone`)
    const waiting = async (): Promise<number> => {
      for await (const _ of await client.transfer.feed({})) {
        const rows = await client.transfer.list({})
        const count = rows.filter(row => row.state === 'finding' && row.place == null).length
        if (count === 60) return count
      }
      return 0
    }
    assert.equal(await waiting(), 60, 'each was tried, and says what it waits for instead of a place in the queue')
  }
)
