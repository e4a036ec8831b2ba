// For tests: the whole application, inline, on loopback, and what a user does with it.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { type Client, openClient, portSocket } from '../engine/client.ts'
import { startInline } from '../engine/engine.ts'
import type { EngineOptions } from '../engine/options.ts'
import type { ShareEvent, Transfer, TransferEvent } from '../contract/shapes.ts'
import { openApplication } from '../service/application.ts'
import { cleanup } from '../../core/testing/cleanup.ts'

/** A folder of its own, removed after the test. */
export async function scratch(t: TestContext): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'shoal-app-'))
  cleanup(t).defer(async () => rm(dir, { recursive: true }))
  return dir
}

export const optionsIn = (dataDir: string): EngineOptions => ({
  dataDir,
  version: '0.0.0',
  offline: false,
  network: 'loopback',
  listen: ['/ip4/127.0.0.1/tcp/0'],
  peers: [],
  bootstrap: null,
  limits: { uploadBytesPerSecond: null, downloadBytesPerSecond: null, reserveBytes: 0 },
  folders: []
})

export async function open(dataDir: string, signal: AbortSignal, more: Partial<EngineOptions> = {}) {
  await mkdir(dataDir, { recursive: true })
  const options = { ...optionsIn(dataDir), ...more }
  const engine = await startInline(openApplication, options, signal, (call, error) =>
    assert.fail(`${call}: ${String(error)}`)
  )
  const port = engine.connect('cli')
  return {
    client: openClient(portSocket(port)),
    page: openClient(portSocket(engine.connect('ui'))),
    async [Symbol.asyncDispose]() {
      port.close()
      await engine[Symbol.asyncDispose]()
    }
  }
}

export async function share(client: Client, ...paths: string[]): Promise<ShareEvent & { type: 'shared' }> {
  const { grants } = await client.grant.paths({ paths, use: 'read' })
  const { job } = await client.share.create({ grants, skipUnreadable: false })
  return await followed(client, job)
}

export async function followed(client: Client, job: string): Promise<ShareEvent & { type: 'shared' }> {
  for await (const event of await client.share.follow({ job })) if (event.type === 'shared') return event
  return assert.fail('the job ended without a share')
}

export async function get(client: Client, link: string, directory: string, selection: number[] | null = null) {
  const { grants } = await client.grant.paths({ paths: [directory], use: 'write' })
  const folder = grants[0] ?? null
  const { id } = await client.transfer.start({ link, folder, selection, addrs: [], giveUpAfterMs: 10_000 })
  const events: TransferEvent[] = []
  for await (const event of await client.transfer.follow({ id })) events.push(event)
  const last = events.at(-1)
  assert.ok(last?.type === 'done', `ended with ${last?.type}`)
  return { id, done: last, events }
}

/** Waits until the downloads are so, and returns them by id; the test's deadline is the limit. */
export async function untilTransfers(
  client: Client,
  holds: (rows: Map<string, Transfer>) => boolean
): Promise<Map<string, Transfer>> {
  const rows = new Map<string, Transfer>()
  for await (const update of await client.transfer.feed({})) {
    if (update.whole) rows.clear()
    for (const row of update.rows) rows.set(row.id, row)
    for (const id of update.removed) rows.delete(id)
    if (holds(rows)) return rows
  }
  return assert.fail('the feed ended')
}
