import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { test } from 'node:test'
import { type ClientOptions, WebSocket } from 'ws'
import { CODES } from '../../core/errors.ts'
import { openClient } from '../engine/client.ts'
import { startInline } from '../engine/engine.ts'
import { openFake, waiting } from '../testing/fake-service.ts'
import type { EngineOptions } from '../engine/options.ts'
import { isToken, newToken } from './guard.ts'
import { openServer } from './server.ts'
import { cleanup } from '../../core/testing/cleanup.ts'

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
const PAGE = new Map([
  ['/', { body: Buffer.from('<!doctype html><script src="/page.js"></script>'), type: 'text/html; charset=utf-8' }],
  ['/page.js', { body: Buffer.from('1'), type: 'text/javascript; charset=utf-8' }]
])

async function open(signal: AbortSignal, page: typeof PAGE | null = PAGE) {
  const stack = new AsyncDisposableStack()
  const engine = stack.use(await startInline(openFake, OPTIONS, signal))
  const tokens = { cli: newToken(), ui: page == null ? null : newToken() }
  const server = stack.use(await openServer({ tokens, port: 0, page, connect: door => engine.connect(door) }))
  const origin = `http://127.0.0.1:${server.port}`
  const get = (path: string, headers: http.OutgoingHttpHeaders = {}, method = 'GET') =>
    new Promise<{ status: number; headers: http.IncomingHttpHeaders; body: string }>((resolve, reject) => {
      const request = http.request({ host: '127.0.0.1', port: server.port, path, method, headers, agent: false })
      request.on('error', reject)
      request.on('response', response => {
        let body = ''
        response.setEncoding('utf8').on('data', (text: string) => (body += text))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
      })
      request.end()
    })
  /** Opens a WebSocket: itself, or the status it was refused with. */
  const connect = (token: string | null, headers: Record<string, string> = {}, path = '/rpc') =>
    new Promise<WebSocket | number>((resolve, reject) => {
      const protocols = token == null ? ['shoal.v1'] : ['shoal.v1', `token.${token}`]
      const options: ClientOptions = { headers }
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, protocols, options)
      socket.on('open', () => resolve(socket))
      socket.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0))
      socket.on('error', reject)
    })
  return { tokens, server, origin, get, connect, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const opened = (socket: WebSocket | number): WebSocket => {
  assert.ok(typeof socket !== 'number', 'refused')
  return socket
}

test('only 127.0.0.1 is listened on', async t => {
  await using it = await open(t.signal)
  const refused = await new Promise(resolve => {
    const socket = net.connect({ host: '127.0.0.2', port: it.server.port })
    socket.on('error', () => resolve(true))
    socket.on('connect', () => resolve(false))
  })
  assert.equal(refused, true)
})

test('a name that is not ours is misdirected (DNS rebinding), whatever else is right', async t => {
  await using it = await open(t.signal)
  const bearer = { authorization: `Bearer ${it.tokens.ui}` }
  for (const host of [
    `evil.example:${it.server.port}`,
    '127.0.0.1',
    '127.0.0.1:1',
    `127.0.0.1.evil.example:${it.server.port}`,
    `[::1]:${it.server.port}`,
    `127.0.0.1:${it.server.port}@evil.example`
  ])
    // prettier-ignore
    for (const path of ['/', '/page.js', '/api/session', '/rpc'])
      assert.equal((await it.get(path, { host, ...bearer })).status, 421, `${host} ${path}`)
  assert.equal(await it.connect(it.tokens.cli, { host: 'evil.example' }), 421)
  assert.equal((await it.get('/', { host: `localhost:${it.server.port}` })).status, 200)
})

test('another origin gets nothing, with the right token too', async t => {
  await using it = await open(t.signal)
  const bearer = { authorization: `Bearer ${it.tokens.ui}` }
  const foreign = ['null', 'https://evil.example', `https://127.0.0.1:${it.server.port}`, 'http://127.0.0.1:1', `http://localhost:${it.server.port}`, ''] // prettier-ignore
  for (const origin of foreign) {
    assert.equal((await it.get('/api/session', { origin, ...bearer })).status, 403, origin)
    assert.equal(await it.connect(it.tokens.ui, { origin }), 403, origin)
    assert.equal(await it.connect(it.tokens.cli, { origin }), 403, origin)
  }
  for (const site of ['cross-site', 'same-site'])
    assert.equal((await it.get('/api/session', { 'sec-fetch-site': site, ...bearer })).status, 403, site)
  assert.equal((await it.get('/api/session', { 'sec-fetch-site': 'same-origin', ...bearer })).status, 200)
  assert.equal((await it.get('/api/session', { origin: it.origin, ...bearer })).status, 200)
})

test('a navigation to the page may begin anywhere; framing or fetching it may not', async t => {
  await using it = await open(t.signal)
  const cross = { 'sec-fetch-site': 'cross-site' }
  const document = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  assert.equal((await it.get('/', { ...cross, ...document })).status, 200)
  assert.equal((await it.get('/', { ...cross, ...document, 'sec-fetch-dest': 'iframe' })).status, 403)
  assert.equal((await it.get('/', { ...cross, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' })).status, 403)
  const api = { ...cross, ...document, authorization: `Bearer ${it.tokens.ui}` }
  assert.equal((await it.get('/api/session', api)).status, 403)
})

test('without a token there is only the page, and each token opens its own door', async t => {
  await using it = await open(t.signal)
  const { tokens, origin } = it
  assert.equal((await it.get('/')).status, 200)
  for (const authorization of [
    '',
    'Bearer ',
    'Bearer x',
    `Bearer ${tokens.cli}`,
    `Basic ${tokens.ui}`,
    `Bearer ${tokens.ui}x`
  ])
    // prettier-ignore
    assert.equal((await it.get('/api/session', { authorization })).status, 401, authorization)
  assert.equal((await it.get(`/api/session?token=${tokens.ui}`)).status, 401, 'never in a URL')
  assert.equal(await it.connect(null), 401)
  assert.equal(await it.connect('x'), 401)
  assert.equal(await it.connect(tokens.ui), 401, 'no page leaves its Origin out')
  assert.equal(await it.connect(tokens.cli, { origin }), 401, 'a page with the token of the command line')
  assert.equal(await it.connect(tokens.cli, {}, '/other'), 403)

  const grants = { paths: ['/tmp/x'], use: 'read' as const }
  const cli = opened(await it.connect(tokens.cli))
  assert.equal((await openClient(cli as never).grant.paths(grants)).grants.length, 1)
  const ui = opened(await it.connect(tokens.ui, { origin }))
  assert.equal(ui.protocol, 'shoal.v1', 'the token is not echoed')
  await assert.rejects(openClient(ui as never).grant.paths(grants), { code: 'forbidden' })
})

test('a process without a page shows none and has no token for one', async t => {
  await using it = await open(t.signal, null)
  assert.equal((await it.get('/')).status, 404)
  assert.equal((await it.get('/api/session', { authorization: 'Bearer ' })).status, 401)
  assert.equal(await it.connect('', { origin: it.origin }), 401)
  opened(await it.connect(it.tokens.cli)).close()
})

test('only what is listed is served, as what it is, with its headers', async t => {
  await using it = await open(t.signal)
  for (const path of ['/../server.ts', '/%2e%2e/server.ts', '/page.js/..', '//page.js', '/index.html', '/page/', '/?x'])
    assert.equal((await it.get(path)).status, 404, path)
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
    assert.equal((await it.get('/', {}, method)).status, 405, method)
  const page = await it.get('/')
  const policy = String(page.headers['content-security-policy'])
  assert.match(policy, /^default-src 'none'.*frame-ancestors 'none'/)
  assert.ok(!/unsafe|\*/.test(policy))
  assert.equal(page.headers['x-content-type-options'], 'nosniff')
  assert.equal(page.headers['referrer-policy'], 'no-referrer')
  assert.equal(page.headers['access-control-allow-origin'], undefined)
  assert.ok(!/<script(?![^>]*src=)|\son\w+=|style=/.test(page.body), 'nothing inline')
  assert.ok(!page.body.includes(it.tokens.ui ?? '-'))
})

test('a code survives the trip over a WebSocket; a reader that goes ends its feeds', async t => {
  await using it = await open(t.signal)
  const socket = opened(await it.connect(it.tokens.cli))
  const client = openClient(socket as never)
  for (const code of CODES)
    await assert.rejects(client.node.dial({ addr: `/fail/${code}` }), { code, message: `as asked: ${code}` })
  const feed = await client.share.feed({})
  await feed.next()
  assert.equal(waiting.feeds, 1)
  socket.terminate()
  for (let turn = 0; waiting.feeds > 0; turn++) {
    assert.ok(turn < 1000, 'in time')
    await new Promise(resolve => setTimeout(resolve, 1))
  }
})

test('a message too big, a binary one, or junk costs its sender the connection and nobody else anything', async t => {
  await using it = await open(t.signal)
  const closed = (socket: WebSocket) => new Promise<number>(resolve => socket.on('close', resolve))
  const big = opened(await it.connect(it.tokens.cli))
  const bigClosed = closed(big)
  big.on('error', () => {})
  big.send('x'.repeat(1024 * 1024 + 1))
  assert.ok([1006, 1009].includes(await bigClosed))
  const binary = opened(await it.connect(it.tokens.cli))
  const binaryClosed = closed(binary)
  binary.send(Buffer.from('x'))
  assert.equal(await binaryClosed, 1003)
  const junk = opened(await it.connect(it.tokens.cli))
  for (const text of ['{', 'null', '[[[', '{"i":"x","p":{"u":"/node/constructor"}}']) junk.send(text)
  assert.equal((await openClient(junk as never).node.info({})).version, '1.2.3')
  junk.terminate()
})

test('no more than 64 clients at once', async t => {
  await using it = await open(t.signal)
  const sockets = []
  for (let n = 0; n < 64; n++) sockets.push(opened(await it.connect(it.tokens.cli)))
  assert.equal(await it.connect(it.tokens.cli), 403)
  for (const socket of sockets) socket.terminate()
})

test('a port that somebody has is left to them', async t => {
  await using first = await open(t.signal)
  const refuse = (): never => {
    throw new Error('nobody connects')
  }
  const tokens = { cli: newToken(), ui: null }
  const options = { tokens, port: first.server.port, page: null, connect: refuse }
  await using second = await openServer(options)
  assert.notEqual(second.port, first.server.port)
})

test('a token is 256 bits and nothing else is it', () => {
  const token = newToken()
  assert.equal(Buffer.from(token, 'base64url').length, 32)
  assert.ok(isToken(token, token))
  for (const other of [undefined, '', token.slice(1), `${token} `, newToken()]) assert.ok(!isToken(other, token))
  assert.ok(!isToken('', null) && !isToken(undefined, null) && !isToken('', ''))
})

/** One that stays open until the other side ends it in both directions, whatever it is sent. */
const heldOpen = (port: number): Promise<net.Socket> =>
  new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true }, () => resolve(socket))
    socket.on('error', reject)
  })

test(
  'a refused upgrade is over in both directions, also when the client holds its side open',
  { timeout: 20_000 },
  async t => {
    await using it = await open(t.signal)
    const socket = await heldOpen(it.server.port)
    cleanup(t).defer(() => void socket.destroy())
    socket.write(
      `GET /rpc HTTP/1.1\r\nHost: 127.0.0.1:${it.server.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
    )
    let answer = ''
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
    await once(socket, 'end')
    assert.match(answer, /^HTTP\/1\.1 401 Token\r\n/)
    socket.removeAllListeners('error')
    const failed = once(socket, 'error')
    const writing = setInterval(() => socket.write('more'), 20) // what nobody holds any more answers with a reset
    cleanup(t).defer(() => clearInterval(writing))
    const [error] = (await failed) as [NodeJS.ErrnoException]
    assert.ok(error.code === 'ECONNRESET' || error.code === 'EPIPE', error.code)
  }
)

test(
  'of more connections than anybody needs the surplus is closed, and those there are go on',
  { timeout: 20_000 },
  async t => {
    await using it = await open(t.signal)
    const client = opened(await it.connect(it.tokens.cli))
    cleanup(t).defer(() => client.terminate())
    const held = await Promise.all(Array.from({ length: 300 }, () => heldOpen(it.server.port)))
    cleanup(t).defer(() => held.forEach(socket => socket.destroy()))
    const closed = held.map(async socket => {
      socket.resume()
      await once(socket, 'end')
    })
    await Promise.any(closed)
    const answered = once(client, 'pong')
    client.ping()
    await answered
  }
)
