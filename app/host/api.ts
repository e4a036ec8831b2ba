// What the page asks for by HTTP: uploads, downloads. The caller has checked Host, Origin and, but for tickets, the token.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { CodedError } from '../../core/errors.ts'
import { PathInside, Root } from '../contract/shapes.ts'
import type { Downloads } from './downloads.ts'
import { answerFailure, answerJson, readJson } from './http-answer.ts'
import type { Uploads } from './uploads.ts'

const SILENT_MS = 60_000 // of a body that is on its way
const TICKET = /^\/api\/files\/([\w-]{43})$/
const UPLOAD = /^\/api\/uploads\/([\w-]{43})((?:\/[^/?#]+)*)$/

const OpenUpload = z.object({ folder: z.int().min(0), path: PathInside, bytes: z.int().min(0) })
const OpenDownload = z.object({ root: Root, index: z.int().min(0) })

export interface Api {
  readonly uploads: Uploads
  readonly downloads: Downloads
}

/** Asked for by a ticket of its own: no token. */
export const isTicket = (url: string): boolean => TICKET.test(url)

/** Never rejects. */
export async function answerApi(api: Api, request: IncomingMessage, response: ServerResponse): Promise<void> {
  request.setTimeout(SILENT_MS, () => request.destroy())
  try {
    await route(api, request, response)
  } catch (error) {
    answerFailure(request, response, error)
  }
}

async function route({ uploads, downloads }: Api, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '' } = request
  const [, ticket] = TICKET.exec(url) ?? []
  if (ticket != null && (method === 'GET' || method === 'HEAD')) return downloads.send(ticket, request, response)
  if (method === 'POST' && url === '/api/tickets') {
    const { root, index } = parsed(OpenDownload, await readJson(request))
    return answerJson(response, await downloads.issue(root, index))
  }
  if (method === 'POST' && url === '/api/uploads') {
    const { folder, path, bytes } = parsed(OpenUpload, await readJson(request))
    return answerJson(response, await uploads.open(folder, path, bytes))
  }
  const [, id, rest = ''] = UPLOAD.exec(url) ?? []
  if (id != null && rest !== '' && method === 'PUT') {
    await uploads.put(id, namesIn(rest), lengthOf(request), request as AsyncIterable<Buffer>)
    return answerJson(response, {}, 201)
  }
  if (id != null && rest === '' && method === 'POST') {
    return answerJson(response, { grants: await uploads.finish(id) })
  }
  if (id != null && rest === '' && method === 'DELETE') {
    await uploads.cancel(id)
    return answerJson(response, {})
  }
  throw new CodedError('not-found', 'There is nothing of that name.')
}

function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const { data } = schema.safeParse(value)
  if (data == null) throw new CodedError('usage', 'That does not fit.')
  return data
}

/** The names in a path, decoded one by one: a `%2F` is part of a name and refused with it. */
function namesIn(rest: string): string[] {
  try {
    return rest.slice(1).split('/').map(decodeURIComponent)
  } catch (error) {
    throw new CodedError('unsafe-name', 'That name is not UTF-8.', { cause: error })
  }
}

function lengthOf({ headers }: IncomingMessage): number {
  const length = headers['content-length']
  if (length == null || !/^\d{1,15}$/.test(length)) throw new CodedError('usage', 'The length must be told.')
  return Number(length)
}
