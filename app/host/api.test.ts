import assert from 'node:assert/strict'
import {
  statfsSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { openClient, portSocket } from '../engine/client.ts'
import { startInline } from '../engine/engine.ts'
import { CONTENT, openFake, ROOT } from '../testing/fake-service.ts'
import type { EngineOptions } from '../engine/options.ts'
import { Folders } from '../service/folders.ts'
import { dispositionFor, Downloads, rangeOf } from './downloads.ts'
import { newToken } from './guard.ts'
import { openServer } from './server.ts'
import { Uploads } from './uploads.ts'

const OPTIONS: EngineOptions = {
  dataDir: '/nowhere',
  version: '1.2.3',
  offline: false,
  network: 'loopback',
  listen: [],
  peers: [],
  bootstrap: null,
  limits: { uploadBytesPerSecond: null, downloadBytesPerSecond: null, reserveBytes: null },
  folders: []
}

interface Answer {
  status: number
  headers: http.IncomingHttpHeaders
  body: string
  json: { id?: string; url?: string; code?: string; grants?: string[] }
}

async function open(signal: AbortSignal, reserveBytes = 0) {
  const stack = new AsyncDisposableStack()
  const dir = mkdtempSync(path.join(os.tmpdir(), 'shoal-api-'))
  stack.defer(() => rmSync(dir, { recursive: true, force: true }))
  const inbox = path.join(dir, 'inbox')
  mkdirSync(inbox)
  const engine = stack.use(await startInline(openFake, OPTIONS, signal))
  const client = openClient(portSocket(engine.connect('cli')))
  const clock = { now: 0 }
  const granted: string[][] = []
  const uploads = new Uploads({
    folders: new Folders([inbox]),
    grants: async paths => {
      granted.push([...paths])
      return (await client.grant.paths({ paths: [...paths], use: 'read' })).grants
    },
    reserveBytes: () => Promise.resolve(reserveBytes)
  })
  stack.use(uploads)
  const downloads = new Downloads({ client: () => client, now: () => clock.now })
  const tokens = { cli: newToken(), ui: newToken() }
  const api = { uploads, downloads }
  const server = stack.use(
    await openServer({ tokens, port: 0, page: new Map(), connect: door => engine.connect(door), api })
  )
  const authorization = `Bearer ${tokens.ui}`
  const ask = (method: string, url: string, body?: string | Buffer, headers: http.OutgoingHttpHeaders = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const all = { authorization, ...headers }
      const target = { host: '127.0.0.1', port: server.port, path: url, method, headers: all, agent: false }
      const request = http.request(target)
      request.on('error', reject)
      request.on('response', response => {
        let text = ''
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
        response.on('end', () => {
          const isJson = response.headers['content-type'] === 'application/json'
          // what our own server sends
          const json = (isJson ? JSON.parse(text) : {}) as Answer['json']
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text, json })
        })
      })
      request.end(body)
    })
  const start = async (bytes: number): Promise<string> => {
    const { status, json } = await ask('POST', '/api/uploads', JSON.stringify({ folder: 0, path: [], bytes }))
    assert.equal(status, 200)
    return `/api/uploads/${json.id}`
  }
  return {
    dir,
    inbox,
    ask,
    start,
    granted,
    clock,
    server,
    authorization,
    [Symbol.asyncDispose]: () => stack.disposeAsync()
  }
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort((a, b) => (a < b ? -1 : 1))

test('a drop arrives under its own names, is granted by its top names, and overwrites nothing', async t => {
  await using it = await open(t.signal)
  writeFileSync(path.join(it.inbox, 'a.txt'), 'mine')
  mkdirSync(path.join(it.inbox, 'Photos'))
  const at = await it.start(11)
  assert.equal((await it.ask('PUT', `${at}/a.txt`, 'theirs')).status, 201)
  assert.equal((await it.ask('PUT', `${at}/Photos/%C3%A4/1.jpg`, '12345')).status, 201)
  const done = await it.ask('POST', at)
  assert.equal(done.json.grants?.length, 2)
  assert.deepEqual(it.granted, [['a (2).txt', 'Photos (2)'].map(name => path.join(it.inbox, name))])
  assert.deepEqual(filesIn(it.inbox), [
    'Photos',
    'Photos (2)',
    'Photos (2)/ä',
    'Photos (2)/ä/1.jpg',
    'a (2).txt',
    'a.txt'
  ])
  assert.equal(readFileSync(path.join(it.inbox, 'a.txt'), 'utf8'), 'mine')
  assert.equal((await it.ask('POST', at)).status, 404, 'it is over')
})

test('a name that would escape is refused and leaves nothing', async t => {
  await using it = await open(t.signal)
  symlinkSync(it.dir, path.join(it.inbox, 'way-out'))
  const at = await it.start(100)
  for (const name of ['..', '.', '%2e%2e', '..%2Fx', 'a%2Fb', 'a%5Cb', '%00', 'x/../../y', 'x/%2e%2e/y', '%ff', '%']) {
    const { status } = await it.ask('PUT', `${at}/${name}`, 'x')
    assert.ok(status === 400 || status === 404, `${name}: ${status}`)
  }
  assert.equal((await it.ask('PUT', `${at}/way-out/x`, 'x')).status, 201)
  assert.deepEqual(
    filesIn(it.dir).filter(name => !name.startsWith('inbox')),
    [],
    'nothing beside the folder'
  )
  assert.equal(readFileSync(path.join(it.inbox, 'way-out (2)/x'), 'utf8'), 'x')
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ minLength: 1, unit: 'binary' }), { minLength: 1, maxLength: 3 }),
      async names => {
        const url = names.map(name => encodeURIComponent(name.toWellFormed())).join('/')
        const { status } = await it.ask('PUT', `${at}/${url}`, '')
        assert.ok([201, 400, 404].includes(status), `${JSON.stringify(names)}: ${status}`)
      }
    ),
    { numRuns: 40 }
  )
  assert.deepEqual(
    filesIn(it.dir).filter(name => !name.startsWith('inbox')),
    []
  )
})

test('no more is taken than was announced, and no file without its length', async t => {
  await using it = await open(t.signal)
  const at = await it.start(5)
  assert.equal((await it.ask('PUT', `${at}/big`, '123456')).status, 413)
  assert.equal((await it.ask('PUT', `${at}/chunked`, 'x', { 'transfer-encoding': 'chunked' })).status, 400)
  assert.equal((await it.ask('PUT', `${at}/ok`, '12345')).status, 201)
  assert.equal((await it.ask('PUT', `${at}/one-more`, '1')).status, 413)
  assert.equal((await it.ask('PUT', `${at}/ok`, '')).status, 400, 'twice')
  assert.deepEqual(filesIn(it.inbox), ['ok'])
})

test('no room is told before anything is written', async t => {
  await using it = await open(t.signal, Number.MAX_SAFE_INTEGER)
  const { status, json } = await it.ask('POST', '/api/uploads', JSON.stringify({ folder: 0, path: [], bytes: 1 }))
  assert.deepEqual([status, json.code], [507, 'disk-full'])
})

test('a folder that was not offered is not there, and a path out of one is refused', async t => {
  await using it = await open(t.signal)
  for (const [wrong, status] of [
    [{ folder: 1, path: [], bytes: 0 }, 404],
    [{ folder: 0, path: ['..'], bytes: 0 }, 403],
    [{ folder: 0, path: ['a/../..'], bytes: 0 }, 403],
    [{ folder: -1, path: [], bytes: 0 }, 400],
    [{ folder: 0, path: [], bytes: 1.5 }, 400],
    [[], 400]
  ] as const)
    assert.equal((await it.ask('POST', '/api/uploads', JSON.stringify(wrong))).status, status, JSON.stringify(wrong))
  assert.equal((await it.ask('POST', '/api/uploads', '{')).status, 400)
  assert.equal((await it.ask('POST', '/api/uploads', ' '.repeat(70_000))).status, 413)
})

test('a cancelled upload takes along what it made and nothing else', async t => {
  await using it = await open(t.signal)
  writeFileSync(path.join(it.inbox, 'mine'), 'mine')
  const at = await it.start(100)
  await it.ask('PUT', `${at}/mine`, 'x')
  await it.ask('PUT', `${at}/f/g/h`, 'x')
  writeFileSync(path.join(it.inbox, 'f', 'beside'), 'mine too')
  assert.equal((await it.ask('DELETE', at)).status, 200)
  assert.deepEqual(filesIn(it.inbox), ['f', 'f/beside', 'mine'])
  assert.equal((await it.ask('PUT', `${at}/late`, 'x')).status, 404)
})

test('a connection that ends in the middle leaves no part of a file', async t => {
  await using it = await open(t.signal)
  const at = await it.start(100)
  const { port } = it.server
  const until = async (files: string[]): Promise<void> => {
    for (let turn = 0; filesIn(it.inbox).join() !== files.join(); turn++) {
      assert.ok(turn < 1000, `not ${files.join()}`)
      await new Promise(resolve => setTimeout(resolve, 2))
    }
  }
  const headers = { authorization: it.authorization, 'content-length': 100 }
  const request = http.request({ host: '127.0.0.1', port, path: `${at}/half`, method: 'PUT', headers, agent: false })
  request.on('error', () => {})
  request.write('12345')
  await until(['half.part'])
  request.destroy()
  await until([])
})

test('without the token, or from elsewhere, nothing is taken or given', async t => {
  await using it = await open(t.signal)
  const at = await it.start(5)
  const bodies: [string, string][] = [
    ['POST', '/api/uploads'],
    ['POST', '/api/tickets'],
    ['PUT', `${at}/x`],
    ['POST', at],
    ['DELETE', at]
  ]
  for (const [method, url] of bodies) {
    assert.equal((await it.ask(method, url, '{}', { authorization: 'Bearer x' })).status, 401, `${method} ${url}`)
    assert.equal((await it.ask(method, url, '{}', { origin: 'https://evil.example' })).status, 403)
    assert.equal((await it.ask(method, url, '{}', { 'sec-fetch-site': 'cross-site' })).status, 403)
    assert.equal((await it.ask(method, url, '{}', { host: 'evil.example' })).status, 421)
  }
  assert.ok(!existsSync(path.join(it.inbox, 'x')))
})

test('a file is saved whole or in parts, never shown, by a ticket of its own', async t => {
  await using it = await open(t.signal)
  const { json } = await it.ask('POST', '/api/tickets', JSON.stringify({ root: ROOT, index: 0 }))
  const url = json.url ?? ''
  const get = async (headers: http.OutgoingHttpHeaders = {}, method = 'GET') =>
    it.ask(method, url, undefined, { authorization: '', ...headers })
  const whole = await get()
  assert.deepEqual([whole.status, whole.body], [200, CONTENT.toString()])
  assert.equal(
    whole.headers['content-disposition'],
    `attachment; filename="h_llo _1_.txt"; filename*=UTF-8''h%C3%A4llo%20%221%22.txt`
  )
  assert.equal(whole.headers['x-content-type-options'], 'nosniff')
  assert.equal(whole.headers['content-type'], 'application/octet-stream')
  for (const [range, status, body] of [
    ['bytes=0-', 206, CONTENT],
    ['bytes=7-8', 206, CONTENT.subarray(7, 9)],
    ['bytes=-3', 206, CONTENT.subarray(-3)],
    ['bytes=5-900', 206, CONTENT.subarray(5)],
    ['bytes=20-', 416, ''],
    ['bytes=0-1,3-4', 200, CONTENT],
    ['pages=1-2', 200, CONTENT]
  ] as const) {
    const part = await get({ range })
    assert.deepEqual([part.status, part.body], [status, body.toString()], range)
  }
  assert.equal((await get({ range: 'bytes=2-', 'if-range': '"other"' })).status, 200)
  assert.equal((await get({}, 'HEAD')).headers['content-length'], String(CONTENT.length))
  assert.equal((await get({ 'sec-fetch-site': 'cross-site' })).status, 403, 'another page may not link to it')
  it.clock.now = 11 * 60_000
  assert.equal((await get()).status, 404, 'it is too old')
  assert.equal((await it.ask('GET', `/api/files/${newToken()}`)).status, 404)
  assert.equal((await it.ask('POST', '/api/tickets', JSON.stringify({ root: ROOT, index: 7 }))).status, 404)
})

test('a range is inside the file, whatever is asked for', () => {
  const headers = fc.record({ range: fc.stringMatching(/^bytes=\d{0,4}-\d{0,4}$/) })
  fc.assert(
    fc.property(headers, fc.nat(2000), (asked, bytes) => {
      const range = rangeOf(asked, bytes, '"x"')
      if (range != null && range !== 'unsatisfiable')
        assert.ok(range.start >= 0 && range.start < range.end && range.end <= bytes)
    })
  )
})

test('a name cannot end the header it stands in', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), name => /^[\x20-\x7e]+$/.test(dispositionFor(name))))
})

test('what uploads that run are still to bring is room that a new one does not have', async t => {
  await using it = await open(t.signal)
  const { bavail, bsize } = statfsSync(it.inbox)
  const most = Math.floor(bavail * bsize * 0.6)
  const ask = (): Promise<Answer> =>
    it.ask('POST', '/api/uploads', JSON.stringify({ folder: 0, path: [], bytes: most }))
  const first = await ask()
  assert.equal(first.status, 200)
  const second = await ask()
  assert.equal(second.json.code, 'disk-full')
  assert.equal((await it.ask('DELETE', `/api/uploads/${first.json.id}`)).status, 200)
  assert.equal((await ask()).status, 200)
})
