// Answers of the host to its page: JSON, and failures as code and sentence with a status that fits.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Code, CodedError } from '../../core/errors.ts'
import { toWire } from '../contract/wire-error.ts'
import { HEADERS } from './guard.ts'

const STATUS: Partial<Record<Code, number>> = {
  usage: 400,
  'unsafe-name': 400,
  forbidden: 403,
  'not-found': 404,
  'source-changed': 409,
  'too-large': 413,
  cancelled: 499,
  'disk-full': 507
}
const MAX_BODY_BYTES = 64 * 1024

export function answerJson(response: ServerResponse, value: object, status = 200): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, { ...HEADERS, 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

/** Also ends the connection when a body may still be on its way: nobody will read it. */
export function answerFailure(request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
  const error = toWire(thrown)
  if (!request.complete) response.shouldKeepAlive = false
  if (response.headersSent) response.destroy()
  else answerJson(response, error, STATUS[error.code] ?? 500)
}

/** Throws too-large, usage. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > MAX_BODY_BYTES) throw new CodedError('too-large', 'That is more than fits here.')
    pieces.push(piece)
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8')) as unknown
  } catch (error) {
    throw new CodedError('usage', 'That is not JSON.', { cause: error })
  }
}
