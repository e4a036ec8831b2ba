import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { openHost } from '../app/host/host.ts'
import { readRunFile } from '../app/host/run-file.ts'
import { EngineHost } from './engine-host.ts'

const entry = new URL('../app/testing/fake-worker.ts', import.meta.url)

function scratch() {
  const dir = mkdtempSync(path.join(tmpdir(), 'shoal-engine-host-'))
  const changes: boolean[] = []
  const changed = Promise.withResolvers<void>()
  const limits = { uploadBytesPerSecond: null, downloadBytesPerSecond: null, reserveBytes: null }
  const engine = { dataDir: dir, version: '1', offline: false, network: 'loopback', listen: [], peers: [], bootstrap: null, limits, folders: [] } as const // prettier-ignore
  const host = new EngineHost(
    async signal => openHost({ engine, entry }, signal),
    isRunning => {
      changes.push(isRunning)
      if (!isRunning) changed.resolve()
    }
  )
  const end = async (): Promise<void> => {
    await host[Symbol.asyncDispose]()
    rmSync(dir, { recursive: true })
  }
  return { dir, host, changes, ended: changed.promise, [Symbol.asyncDispose]: end }
}

test('an engine that dies is told of, gives its directory back and is started again', async t => {
  await using it = scratch()
  const { host } = it
  assert.throws(() => host.client, { code: 'internal' })
  assert.equal(await host.connect(), undefined)
  await Promise.all([host.start(t.signal), host.start(t.signal)])
  assert.deepEqual(it.changes, [true], 'two that ask at once start one')
  const port = await host.connect()
  assert.ok(port != null)
  const closed = once(port, 'close')
  await host.client.node.dial({ addr: '/crash' }).catch(() => {})
  await it.ended
  await closed
  assert.deepEqual(it.changes, [true, false])
  assert.equal(readRunFile(it.dir), undefined)
  assert.throws(() => host.client, { code: 'internal' })
  await host.start(t.signal)
  assert.equal((await host.client.node.info({})).version, '1')
})

test('a page that connects while the engine starts is connected when it has; one that was told to stop is no crash', async t => {
  await using it = scratch()
  const starting = it.host.start(t.signal)
  const port = await it.host.connect()
  assert.ok(port != null)
  await starting
  await it.host[Symbol.asyncDispose]()
  assert.deepEqual(it.changes, [true])
  assert.equal(await it.host.connect(), undefined)
})
