import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Share, Transfer } from '../app/contract/shapes.ts'
import { formatsFor } from './format.ts'
import { shareSentence, toneOf, transferSentence } from './status-sentence.ts'
import { en } from './i18n/en.ts'
import type { Translate } from './i18n/languages.ts'

const words: Record<string, string> = en
const t: Translate = (key, values = {}) => {
  const form = words[key] ?? words[`${key}_${values.count === 1 ? 'one' : 'other'}`] ?? `NO WORD ${key}`
  return form.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => String(values[name]))
}
const row: Transfer = {
  id: 't', root: 'b', name: 'x', state: 'fetching', bytes: 12_400_000_000, total: 40_000_000_000, rate: 92_000_000,
  secondsLeft: 300, received: 0, duplicate: 0, sources: 3, from: ['Ana', 'Bo', 'Cy'], place: null, waitingFor: null, error: null,
  addedAt: 0, folder: 'Downloads', path: null
} // prettier-ignore
const sentence = (change: Partial<Transfer>): string =>
  transferSentence({ ...row, ...change }, t, formatsFor('en')).replaceAll('\u00a0', ' ')

test('a running transfer says it all', () => {
  assert.equal(sentence({}), '12.4 of 40 GB · 92 MB/s · 5 min left · from Ana and 2 others')
  assert.equal(sentence({ sources: 1, from: ['Ana'] }), '12.4 of 40 GB · 92 MB/s · 5 min left · from Ana')
})

test('what is not live is not said', () => {
  const waiting = sentence({ waitingFor: 'bytes', rate: 5, secondsLeft: 300 })
  assert.ok(!/MB\/s|left|Ana/.test(waiting), waiting)
  assert.equal(sentence({ rate: 0, secondsLeft: null, sources: 0, from: [] }), '12.4 of 40 GB')
})

test('every state has a sentence and a tone', () => {
  for (const state of [
    'finding',
    'fetching',
    'verifying',
    'waiting',
    'paused',
    'done',
    'failed',
    'disk-full',
    'queued'
  ] as const) {
    for (const total of [null, 5]) assert.doesNotMatch(sentence({ state, total }), /NO WORD|undefined|NaN|^$/)
    assert.ok(toneOf({ ...row, state }))
  }
  assert.match(sentence({ state: 'failed', error: { code: 'disk-full', message: '' } }), /disk is full/i)
})

const share: Share = {
  root: 'b', name: 'x', bytes: 40_000_000_000, files: 2000, hereBytes: 40_000_000_000, hereFiles: 2000, state: 'ready',
  origin: 'received', addedAt: 0, copies: 0, readers: 0, rateOut: 0, sentBytes: 0, job: null
} // prettier-ignore

test('of a share of which some files were got, that is said', () => {
  const said = (change: Partial<Share>) =>
    shareSentence({ ...share, ...change }, t, formatsFor('en')).replaceAll('\u00a0', ' ')
  assert.equal(said({}), '40 GB · 2,000 files')
  assert.equal(said({ hereBytes: 1_200_000_000, hereFiles: 3 }), '1.2 of 40 GB · 3 of 2,000 files')
})

test('while somebody is looked for, what is waited for is said', () => {
  const finding = (change: Partial<Transfer>) => sentence({ state: 'finding', bytes: 0, total: null, ...change })
  assert.equal(finding({}), 'Looking for a device that has it')
  assert.equal(finding({ waitingFor: 'peers' }), 'Waiting for a device that has it')
  assert.equal(finding({ waitingFor: 'bytes' }), 'Waiting for data')
  assert.match(finding({ waitingFor: 'peers', bytes: 5, total: 10 }), /that has the rest$/)
})

test('one that waits for its turn says which place it has, and how much it is', () => {
  const queued = (change: Partial<Transfer>) => sentence({ state: 'queued', bytes: 0, sources: 0, from: [], ...change })
  assert.equal(queued({ place: 1 }), 'Queued · up next · 40 GB')
  assert.equal(queued({ place: 3, total: null }), 'Queued · 3rd in queue')
  assert.equal(queued({ place: 12, bytes: 5_000_000_000 }), 'Queued · 12th in queue · 5.0 of 40 GB')
  assert.equal(queued({ place: 1002 }), 'Queued · 1,002nd in queue · 40 GB')
  assert.equal(toneOf({ ...row, state: 'queued' }), 'quiet')
})

test('in German too', () => {
  assert.equal(formatsFor('de').ordinal(3), '3.')
  assert.equal(formatsFor('en').ordinal(21), '21st')
})
