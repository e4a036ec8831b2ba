import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CODES } from '../../core/errors.ts'
import { SENTENCES } from '../sentences.ts'
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
