import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { MESSAGES } from './control-messages.ts'
import { KNOWN_CONTROL, KNOWN_DATA } from '../testing/known-frames.ts'
import { ExchangeCode, HaveKind, RootState } from './codes.ts'

const text = await readFile(new URL('../../app/docs/PROTOCOL.md', import.meta.url), 'utf8')

test('PROTOCOL.md shows the known frames as they are', () => {
  for (const { title, hex } of [...KNOWN_CONTROL, ...KNOWN_DATA])
    assert.ok(text.includes(`| ${title} | \`${hex}\` |`), `| ${title} | \`${hex}\` |`)
})

test('PROTOCOL.md gives every number the code uses', () => {
  for (const [type, { byte, from }] of Object.entries(MESSAGES))
    assert.ok(text.toLowerCase().includes(`| ${byte} | ${type.toLowerCase()} | ${from} |`), type)
  for (const numbers of [ExchangeCode, HaveKind, RootState])
    for (const [name, value] of Object.entries(numbers)) assert.ok(text.includes(`${name}=${value};`), name)
})
