// Every way Shoal can fail, as what the user reads: what happened, what is safe, and what to do next. The words stand in i18n/.
import type { Transfer, WireError } from '../app/contract/shapes.ts'
import type { Key } from './i18n/languages.ts'

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
  'disk-full': of('disk-full', 'safe.unchanged'),
  'unsafe-name': of('unsafe-name', 'safe.unchanged'),
  'too-large': of('too-large', 'safe.unchanged'),
  'unsupported-layout': of('unsupported-layout', 'safe.unchanged'),
  forbidden: of('forbidden', 'safe.unchanged'),
  unreadable: of('unreadable', 'safe.unchanged'),
  'not-writable': of('not-writable', 'safe.unchanged'),
  'source-changed': of('source-changed', 'safe.verified'),
  'already-running': of('already-running', 'safe.all'),
  'data-newer': of('data-newer', 'safe.all'),
  'data-foreign': of('data-foreign', 'safe.unchanged'),
  'data-damaged': of('data-damaged', 'safe.files'),
  crashed: of('crashed', 'safe.kept'),
  cancelled: of('cancelled', 'safe.kept'),
  lost: { what: 'lost.what', safe: 'safe.all', next: 'lost.again' }
}

/** Of a download: of so many files that somebody has to be asked first. */
const MANY: Sentence = { what: 'error.too-large.get', safe: 'safe.unchanged', next: 'error.too-large.ask' }

/** What a sentence is about. `stopped`, `waiting`: a download that has parts on the disk, and goes on when it is told to, or by itself. */
export type About = 'anything' | 'stopped' | 'waiting'

/** The sentences for a code, where it is said. `isOwnDiskFull`: then that is what is full, and no other folder helps. */
export function sentenceOf(code: Code, about: About, isOwnDiskFull: boolean): Sentence {
  const { what, safe, next } = SENTENCES[code]
  if (code === 'too-large' && about === 'stopped') return MANY
  const isRoom = code === 'disk-full'
  return {
    what: isRoom && isOwnDiskFull ? 'own-disk.full' : what,
    safe: about !== 'anything' && (isRoom || code === 'not-writable') ? 'safe.kept' : safe,
    next: isRoom && about === 'waiting' ? 'error.disk-full.wait' : next
  }
}

/** Whether a download may be got into another folder instead: not while the one that is full is Shoal's own. */
export const isElsewhereOfUse = (
  { state, error }: Pick<Transfer, 'state' | 'error'>,
  isOwnDiskFull: boolean
): boolean => !isOwnDiskFull && (state === 'disk-full' || error?.code === 'disk-full' || error?.code === 'not-writable')

export const isCode = (text: unknown): text is Code => typeof text === 'string' && Object.hasOwn(SENTENCES, text)
