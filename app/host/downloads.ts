// Files of finished shares for the browser to save. A navigation carries no token, so the page gets a ticket for one file: 256 bits, good for a while
// after its last use, so that a download may go on with Range. Nothing is shown by the browser: it is saved.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { CodedError } from '../../core/errors.ts'
import type { Client } from '../engine/client.ts'
import { HEADERS, newToken } from './guard.ts'

const TICKET_MS = 10 * 60_000
const MAX_TICKETS = 1000

interface Ticket {
  readonly root: string
  readonly index: number
  readonly name: string
  readonly bytes: number
  usedAt: number
}

export interface DownloadsPorts {
  readonly client: () => Client
  /** Monotonic milliseconds. */
  readonly now: () => number
}

export class Downloads {
  readonly #ports: DownloadsPorts
  readonly #tickets = new Map<string, Ticket>() // oldest first

  constructor(ports: DownloadsPorts) {
    this.#ports = ports
  }

  /** Where the file can be fetched. Throws not-found. */
  async issue(root: string, index: number): Promise<{ url: string }> {
    const { path, bytes } = await this.#ports.client().share.file({ root, index })
    const name = path.at(-1) ?? 'file'
    const ticket = newToken()
    this.#tickets.set(ticket, { root, index, name, bytes, usedAt: this.#ports.now() })
    for (const oldest of this.#tickets.keys()) {
      if (this.#tickets.size <= MAX_TICKETS) break
      this.#tickets.delete(oldest)
    }
    return { url: `/api/files/${ticket}` }
  }

  /** Answers GET or HEAD for a ticket. Throws not-found before anything was sent; afterwards the connection is cut, never ended as if all were there. */
  async send(key: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const ticket = this.#find(key)
    const { root, index, name, bytes } = ticket
    const etag = `"${root}.${index}"`
    const range = rangeOf(request.headers, bytes, etag)
    const headers = {
      ...HEADERS,
      'content-type': 'application/octet-stream',
      'content-disposition': dispositionFor(name),
      'accept-ranges': 'bytes',
      etag
    }
    if (range === 'unsatisfiable') {
      response.writeHead(416, { ...headers, 'content-range': `bytes */${bytes}`, 'content-length': 0 })
      response.end()
      return
    }
    const { start, end } = range ?? { start: 0, end: bytes }
    // the first bytes are read before anything is promised
    let data = request.method === 'HEAD' || start === end ? Buffer.alloc(0) : await this.#read(ticket, start)
    response.writeHead(range == null ? 200 : 206, {
      ...headers,
      'content-length': end - start,
      ...(range != null && { 'content-range': `bytes ${start}-${end - 1}/${bytes}` })
    })
    if (request.method === 'HEAD') {
      response.end()
      return
    }
    for (let at = start; at < end;) {
      if (data.length === 0) data = await this.#read(ticket, at)
      if (data.length === 0) throw new CodedError('internal', 'The file ended early.')
      const piece = data.subarray(0, end - at)
      at += piece.length
      data = Buffer.alloc(0)
      ticket.usedAt = this.#ports.now()
      if (!response.write(piece)) await drained(response)
      if (response.destroyed) return
    }
    response.end()
  }

  async #read({ root, index }: Ticket, offset: number): Promise<Buffer> {
    return Buffer.from((await this.#ports.client().share.read({ root, index, offset })).data, 'base64')
  }

  #find(key: string): Ticket {
    const ticket = this.#tickets.get(key)
    const now = this.#ports.now()
    if (ticket == null || now - ticket.usedAt > TICKET_MS) {
      this.#tickets.delete(key)
      throw new CodedError('not-found', 'That download is no longer open. Start it again from the page.')
    }
    ticket.usedAt = now
    return ticket
  }
}

async function drained(response: ServerResponse): Promise<void> {
  await new Promise<void>(resolve => {
    response.once('drain', resolve)
    response.once('close', resolve)
  })
}

/** One range of RFC 9110, section 14; several, or what is not understood, are answered with the whole, as they may be. */
export function rangeOf(
  headers: IncomingMessage['headers'],
  bytes: number,
  etag: string
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.range ?? '')
  const ifRange = headers['if-range']
  if (found == null || (ifRange != null && ifRange !== etag)) return undefined
  const [, first = '', last = ''] = found
  if (first === '' && last === '') return undefined
  if (first === '') {
    const length = Math.min(Number(last), bytes)
    return length === 0 ? 'unsatisfiable' : { start: bytes - length, end: bytes }
  }
  const start = Number(first)
  const end = last === '' ? bytes : Math.min(Number(last) + 1, bytes)
  if (last !== '' && Number(last) < start) return undefined
  return start >= bytes ? 'unsatisfiable' : { start, end }
}

/** RFC 6266: the name for everybody, and for those who read it in UTF-8. No byte of it can end the header. */
export function dispositionFor(name: string): string {
  const plain = name.toWellFormed().replaceAll(/[^\x20-\x7e]|["\\/%]/g, '_')
  const full = encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*!]/g,
    char => `%${char.charCodeAt(0).toString(16)}`
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${full}`
}
