// HTTP and WebSocket on 127.0.0.1: the page, what it cannot do over the contract, and the contract over WebSocket.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'
import { WebSocketServer } from 'ws'
import type { Door } from '../contract/service.ts'
import { type Api, answerApi, isTicket } from './api.ts'
import { doorOf, HEADERS, isBearer, type Refusal, refusal, type Tokens } from './guard.ts'
import type { PageFile } from './page-files.ts'
import { joinSocket } from './socket-pipe.ts'

export const PROTOCOL = 'shoal.v1'
const MAX_MESSAGE_BYTES = 1024 * 1024
const MAX_CLIENTS = 64
const MAX_CONNECTIONS = 256 // a client each, what their pages load and upload, and room for who is refused
const HEADER_TIMEOUT_MS = 10_000

export interface ServerOptions {
  readonly tokens: Tokens
  /** Tried first; another free one is taken when somebody has it. 0: any. */
  readonly port: number
  /** The page's files by URL path; null: there is no page. */
  readonly page: ReadonlyMap<string, PageFile> | null
  connect(door: Door): MessagePort
  /** What the page does by HTTP; absent: nothing. */
  readonly api?: Api
}

export interface Server extends AsyncDisposable {
  readonly port: number
}

export async function openServer(options: ServerOptions): Promise<Server> {
  let port = 0
  const server = http.createServer({ maxHeaderSize: 16 * 1024 }, (request, response) => {
    answer(request, response, port, options)
  })
  server.maxConnections = MAX_CONNECTIONS
  server.headersTimeout = HEADER_TIMEOUT_MS
  server.requestTimeout = 0 // an upload may take long; one that is silent is ended by answerApi
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: offered => (offered.has(PROTOCOL) ? PROTOCOL : false)
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    const wrong = refusal(request.headers, port, false)
    if (wrong != null) return refuse(socket, wrong)
    if (request.url !== '/rpc') return refuse(socket, { status: 403, reason: 'Path' })
    const door = doorOf(request.headers, options.tokens)
    if (door == null) return refuse(socket, { status: 401, reason: 'Token' })
    if (sockets.clients.size >= MAX_CLIENTS) return refuse(socket, { status: 403, reason: 'Too many clients' })
    sockets.handleUpgrade(request, socket, head, client => joinSocket(client, options.connect(door)))
  })
  port = await listen(server, options.port)
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const client of sockets.clients) client.terminate()
      const closed = new Promise(resolve => server.close(resolve))
      server.closeAllConnections()
      await closed
    }
  }
}

async function listen(server: http.Server, wanted: number): Promise<number> {
  const at = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject)
        resolve()
      })
    })
  await at(wanted).catch(async () => at(0))
  return (server.address() as AddressInfo).port // listening on TCP
}

function answer(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  port: number,
  options: ServerOptions
): void {
  const end = (status: number, body: string | Buffer, type = 'text/plain; charset=utf-8'): void => {
    if (!request.complete) response.shouldKeepAlive = false // a body that nobody will read
    response.writeHead(status, { ...HEADERS, 'content-type': type })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
  const found = options.page?.get(request.url ?? '')
  const wrong = refusal(request.headers, port, request.url === '/' && found != null)
  if (wrong != null) return end(wrong.status, wrong.reason)
  const { method, url = '' } = request
  const isRead = method === 'GET' || method === 'HEAD'
  if (!url.startsWith('/api/')) {
    if (!isRead) return end(405, 'Method')
    return found == null ? end(404, 'Not found') : end(200, found.body, found.type)
  }
  if (!isTicket(url) && !isBearer(request.headers, options.tokens)) return end(401, 'Token')
  if (url === '/api/session' && isRead) return end(200, '{}', 'application/json')
  if (options.api == null) return end(404, 'Not found')
  void answerApi(options.api, request, response)
}

/** Over as soon as it is told, in both directions: a client that holds its side open holds nothing of ours. */
function refuse(socket: Duplex, { status, reason }: Refusal): void {
  socket.resume() // what came already is taken, or the answer might be lost with it
  const answer = `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
  socket.end(answer, () => socket.destroy())
}
