// Every way Shoal can fail, as what the user reads: what happened, what is safe, and what to do next. The words stand in words/.
import type { WireError } from '../app/contract/shapes.ts'
import type { Key } from './words/words.ts'

/** The engine's codes, and one of the page's own: nobody answers. */
export type Code = WireError['code'] | 'lost'

export interface Sentence {
  readonly what: Key
  readonly safe: Key
  readonly next: Key
}

const of = <C extends WireError['code']>(code: C, safe: Key) =>
  ({ what: `error.${code}.what`, safe, next: `error.${code}.next` }) as const satisfies Sentence

export const SENTENCES: Record<Code, Sentence> = {
  internal: of('internal', 'safe.all'),
  usage: of('usage', 'safe.unchanged'),
  'invalid-link': of('invalid-link', 'safe.unchanged'),
  'unsupported-cid': of('unsupported-cid', 'safe.unchanged'),
  'not-found': of('not-found', 'safe.unchanged'),
  'no-providers': of('no-providers', 'safe.kept'),
  'hash-mismatch': of('hash-mismatch', 'safe.verified'),
  'bad-content': of('bad-content', 'safe.verified'),
  'disk-full': of('disk-full', 'safe.kept'),
  'unsafe-name': of('unsafe-name', 'safe.unchanged'),
  'too-large': of('too-large', 'safe.unchanged'),
  'unsupported-layout': of('unsupported-layout', 'safe.unchanged'),
  forbidden: of('forbidden', 'safe.unchanged'),
  unreadable: of('unreadable', 'safe.unchanged'),
  'not-writable': of('not-writable', 'safe.kept'),
  'source-changed': of('source-changed', 'safe.verified'),
  'already-running': of('already-running', 'safe.all'),
  'data-newer': of('data-newer', 'safe.all'),
  'data-foreign': of('data-foreign', 'safe.unchanged'),
  'data-damaged': of('data-damaged', 'safe.files'),
  cancelled: of('cancelled', 'safe.kept'),
  lost: { what: 'lost.what', safe: 'safe.all', next: 'lost.again' }
}

export const isCode = (text: unknown): text is Code => typeof text === 'string' && Object.hasOwn(SENTENCES, text)
