// Who gets in on 127.0.0.1. Every page of every site can send requests there, and so can every user of this machine: a request must name us exactly
// (DNS rebinding), come from our own page or from no page, and, beyond the static page, carry a token of 256 bits.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

export interface Refusal {
  readonly status: 401 | 403 | 421
  readonly reason: string
}

/** 256 bits, for a URL, a header or a subprotocol. */
export const newToken = (): string => randomBytes(32).toString('base64url')

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** In constant time, whatever was offered. */
export function isToken(offered: string | undefined, token: string | null): boolean {
  return timingSafeEqual(digest(offered ?? ''), digest(token ?? '')) && token != null && token !== ''
}

/**
 * What is wrong with a request, before any token. `isPage`: it asks for the static page, which holds no secret: a navigation to it may begin anywhere
 * (the file that opens the browser, a bookmark); everything else only where our page began it.
 */
export function refusal(headers: IncomingHttpHeaders, port: number, isPage: boolean): Refusal | undefined {
  const { host, origin } = headers
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) return { status: 421, reason: 'Host' }
  if (origin != null && origin !== `http://${host}`) return { status: 403, reason: 'Origin' }
  const site = headers['sec-fetch-site']
  if (site == null || site === 'same-origin' || site === 'none') return undefined
  const isNavigation = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  return isPage && isNavigation ? undefined : { status: 403, reason: 'Sec-Fetch-Site' }
}

export interface Tokens {
  readonly cli: string
  readonly ui: string | null // null: this process shows no page
}

/**
 * The door a WebSocket may use. The command line's token is only good without an Origin, which every page sends and no page can leave out;
 * the page's only with ours (checked by `refusal`).
 */
export function doorOf(headers: IncomingHttpHeaders, tokens: Tokens): 'cli' | 'ui' | undefined {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map(text => text.trim())
  const token = offered.find(text => text.startsWith('token.'))?.slice('token.'.length)
  const isCli = isToken(token, tokens.cli)
  const isUi = isToken(token, tokens.ui)
  if (headers.origin == null) return isCli ? 'cli' : undefined
  return isUi ? 'ui' : undefined
}

/** Whether an HTTP request carries the page's token. */
export function isBearer(headers: IncomingHttpHeaders, tokens: Tokens): boolean {
  const [, token] = /^Bearer (\S+)$/.exec(headers.authorization ?? '') ?? []
  return isToken(token, tokens.ui)
}

/** On every answer. The page loads nothing but itself, is framed by nobody, and tells nobody where it came from. */
export const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store'
}
