// Shoal's own folder is no place for what a page sends or for downloads, by whatever way it is named; and nothing in it is shared from the page.
import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { openClient, portSocket } from '../engine/client.ts'
import { openHost } from './host.ts'
import { cleanup } from '../../core/testing/cleanup.ts'

const LIMITS = { uploadBytesPerSecond: null, downloadBytesPerSecond: null, reserveBytes: 0 }
const limit = { timeout: 30_000 }

/** A node whose page may choose from a home folder, and whose data directory, with that of another Shoal, is in there. */
async function open(t: TestContext) {
  const dir = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'shoal-own-data-')))
  const stack = cleanup(t)
  stack.defer(() => rmSync(dir, { recursive: true }))
  const home = path.join(dir, 'home')
  const [data, other] = [path.join(home, 'shoal'), path.join(home, 'deep', 'other')]
  for (const at of [data, other]) mkdirSync(at, { recursive: true })
  symlinkSync('shoal', path.join(home, 'way'))
  const start = async (dataDir: string) => {
    const engine = { version: '0', offline: false, network: 'loopback', peers: [], bootstrap: null } as const
    const listen = ['/ip4/127.0.0.1/tcp/0']
    const folders = dataDir === data ? [home] : []
    const options = { ...engine, dataDir, listen, limits: LIMITS, folders }
    return await openHost({ engine: options, ...(dataDir === data && { ui: { port: 0 } }) }, t.signal)
  }
  await using second = await start(other)
  await second.client.node.info({})
  const host = stack.use(await start(data))
  for (const at of [data, other]) mkdirSync(path.join(at, 'logs'), { recursive: true })
  const authorization = `Bearer ${host.uiUrl?.split('token=')[1]}`
  const ask = async (
    method: string,
    at: string,
    body?: string
  ): Promise<{ status: number; code?: string; id?: string; grants?: string[] }> => {
    const answer = await fetch(new URL(at, host.uiUrl ?? ''), {
      method,
      headers: { authorization },
      body: body ?? null
    })
    return { status: answer.status, ...((await answer.json()) as object) }
  }
  const upload = async (inside: string[]) =>
    ask('POST', '/api/uploads', JSON.stringify({ folder: 0, path: inside, bytes: 5 }))
  const page = openClient(portSocket(host.engine.connect('ui')))
  return { dir, home, data, other, client: host.client, page, ask, upload }
}

const INSIDE = [['shoal'], ['shoal', 'logs'], ['way'], ['deep', 'other'], ['deep', 'other', 'logs']]

test('the downloads folder is none of Shoal’s own, nor in one', limit, async t => {
  const { home, data, other, client, page } = await open(t)
  const before = await client.settings.get({})
  const saved = readFileSync(path.join(data, 'settings.json'), 'utf8')
  /** Without the room there, which is whoever else's writes too. */
  const where = async () => {
    const { name, folder } = (await client.settings.storage({})).downloads
    return { name, folder }
  }
  const downloads = await where()
  for (const named of [
    data,
    other,
    path.join(data, 'logs'),
    path.join(data, 'not', 'there', 'yet'),
    path.join(home, 'way')
  ]) {
    const { grants } = await client.grant.paths({ paths: [named], use: 'write' })
    await assert.rejects(
      client.settings.set({ name: 'Other', downloads: grants[0] ?? '' }),
      { code: 'forbidden' },
      named
    )
  }
  for (const inside of INSIDE)
    await assert.rejects(page.grant.inside({ folder: 0, path: inside, use: 'write' }), { code: 'forbidden' })
  assert.deepEqual(await client.settings.get({}), before, 'and nothing else was changed with it')
  assert.equal(readFileSync(path.join(data, 'settings.json'), 'utf8'), saved)
  assert.deepEqual(await where(), downloads)
  assert.ok(!existsSync(path.join(data, 'not')))
  const { grants } = await client.grant.paths({ paths: [home], use: 'write' })
  await client.settings.set({ downloads: grants[0] ?? '' }) // it holds both, and is none itself
})

test('an upload through the page lands in none, and nothing of one is shared from the page', limit, async t => {
  const { home, data, other, page, ask, upload } = await open(t)
  const kept = ['shoal/identity.key', 'shoal/run.json', 'deep/other/identity.key'].map(at => path.join(home, at))
  const before = kept.map(at => readFileSync(at, 'latin1'))
  for (const inside of INSIDE) {
    assert.deepEqual([inside, (await upload(inside)).code], [inside, 'forbidden'])
    await assert.rejects(page.grant.inside({ folder: 0, path: inside, use: 'read' }), { code: 'forbidden' })
    await assert.rejects(page.grant.entries({ folder: 0, path: inside }), { code: 'forbidden' })
  }
  await assert.rejects(page.grant.inside({ folder: 0, path: ['shoal', 'identity.key'], use: 'read' }), {
    code: 'forbidden'
  })
  const { id } = await upload([])
  for (const names of ['shoal/identity.key', 'way/run.json', 'deep/other/new.txt'])
    assert.equal((await ask('PUT', `/api/uploads/${id}/${names}`, 'x')).status, 201, names)
  assert.equal((await ask('PUT', `/api/uploads/${id}/..%2Fshoal%2Fx`, 'x')).code, 'unsafe-name')
  assert.deepEqual((await ask('POST', `/api/uploads/${id}`)).grants?.length, 3)
  assert.deepEqual(
    kept.map(at => readFileSync(at, 'latin1')),
    before
  )
  for (const at of [data, other])
    assert.ok(!readdirSync(at, { recursive: true }).some(name => /^(x|new\.txt)$/.test(String(name))))
  for (const at of ['shoal (2)/identity.key', 'way (2)/run.json', 'deep (2)/other/new.txt'])
    assert.equal(readFileSync(path.join(home, at), 'utf8'), 'x', 'beside it, under another name')
  const names = (await page.grant.entries({ folder: 0, path: [] })).map(({ name }) => name)
  assert.ok(!names.includes('shoal') && !names.includes('way'), names.join())
})
