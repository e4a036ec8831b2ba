import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CODES } from '../../core/errors.ts'
import { isElsewhereOfUse, sentenceOf, SENTENCES } from '../sentences.ts'
import { de } from './de.ts'
import { en } from './en.ts'

const gaps = (text: string): string[] => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(found => found[1] ?? '').sort()
/** One may be a word: “und einem anderen”. */
const neededGaps = (key: string, text: string): string[] =>
  gaps(text).filter(gap => gap !== 'count' || !key.endsWith('_one'))

test('every language has every word, with the same gaps to fill', () => {
  const german: Record<string, string> = de
  assert.deepEqual(Object.keys(de).sort(), Object.keys(en).sort())
  for (const [key, text] of Object.entries(en)) {
    assert.deepEqual(neededGaps(key, german[key] ?? ''), neededGaps(key, text), key)
    assert.ok(text.trim() !== '' && german[key]?.trim() !== '', key)
  }
})

test('a count has both forms', () => {
  for (const key of Object.keys(en)) if (key.endsWith('_one')) assert.ok(key.replace(/_one$/, '_other') in en, key)
})

test('no word of the field stands on the screen', () => {
  for (const words of [en, de])
    for (const [key, text] of Object.entries(words))
      assert.doesNotMatch(
        text,
        /\b(CID|DHT|pin(ned)?|multiaddr|torrent|seed(er)?|hash|block|chunk|node|daemon)\b/i,
        key
      )
})

const ALL = [...CODES, 'lost'] as const // the page's own

test('every code has its three sentences, and they are sentences', () => {
  const words: Record<string, string> = en
  for (const code of ALL) {
    const { what, safe, next } = SENTENCES[code]
    for (const key of [what, safe, next]) assert.match(words[key] ?? '', /^[A-Z].{6,}\.$/, `${code}: ${key}`)
  }
  assert.equal(Object.keys(SENTENCES).length, ALL.length)
})

test('of a full disk is said what is so: where it is, what is safe, and what helps', () => {
  const said = (...of: Parameters<typeof sentenceOf>): string => {
    const { what, safe, next } = sentenceOf(...of)
    return [what, safe, next].map(key => (en as Record<string, string>)[key]).join(' ')
  }
  const own = 'The disk with Shoal’s own data is full.'
  assert.equal(
    said('disk-full', 'anything', true), // a share, say: nothing of it has arrived
    `${own} Nothing was changed. Free up space, then try again.`
  )
  assert.equal(
    said('disk-full', 'anything', false),
    'The disk is full. Nothing was changed. Free up space, then try again.'
  )
  const waiting = 'Everything received so far is kept. Free up space, and it resumes automatically.'
  assert.equal(said('disk-full', 'waiting', false), `The disk is full. ${waiting}`)
  assert.equal(said('disk-full', 'waiting', true), `${own} ${waiting}`)
  assert.match(
    said('disk-full', 'stopped', false),
    /Everything received so far is kept\. Free up space, then try again\.$/
  )
  assert.match(
    said('not-writable', 'stopped', true),
    /^Shoal cannot write to that folder\. Everything received so far is kept\./
  )
  assert.match(said('not-writable', 'anything', false), /Nothing was changed\./)
  assert.deepEqual(sentenceOf('lost', 'waiting', true), SENTENCES.lost)
})

test('another folder is offered where it helps', () => {
  const failed = (code: 'disk-full' | 'not-writable' | 'hash-mismatch') =>
    ({ state: 'failed', error: { code, message: '' } }) as const
  const rows = [{ state: 'disk-full', error: null } as const, failed('disk-full'), failed('not-writable')]
  for (const row of rows) {
    assert.equal(isElsewhereOfUse(row, false), true)
    assert.equal(isElsewhereOfUse(row, true), false, 'Shoal has no room for its own notes: nothing can be begun')
  }
  assert.equal(isElsewhereOfUse(failed('hash-mismatch'), false), false)
  assert.equal(isElsewhereOfUse({ state: 'fetching', error: null }, false), false)
})
