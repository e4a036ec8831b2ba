import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { CODES } from '../../core/errors.ts'
import { TransferState, Via } from '../contract/shapes.ts'
import { parseArgs } from './args.ts'
import { EXIT_CODES } from './exit-codes.ts'
import * as lines from './json-lines.ts'

const text = await readFile(new URL('../docs/PRODUCT.md', import.meta.url), 'utf8')

/** What stands under a heading, without its number. */
function section(heading: string): string {
  const found = new RegExp(`^## (?:\\d+\\. )?${heading}\\n([\\s\\S]*?)(?=^## |$(?![\\s\\S]))`, 'm').exec(text)
  assert.ok(found?.[1] != null, heading)
  return found[1]
}
const words = (cell: string | undefined): string[] =>
  Array.from((cell ?? '').matchAll(/`([^`]+)`/g), ([, word]) => word ?? '')
const rows = (heading: string): string[][] =>
  section(heading)
    .split('\n')
    .filter(line => line.startsWith('| ') && !line.startsWith('|---'))
    .map(line => line.split('|').slice(1, -1))

test('PRODUCT.md has every JSON line, with its fields in order', () => {
  const any = {} as never // only which fields there are is looked at, not what is in them
  const all = [
    lines.listeningLine(any),
    lines.uiLine(''),
    lines.fetchLine(any),
    lines.sharedLine(any),
    lines.doneLine(any),
    lines.shareLine(any),
    lines.transferLine(any),
    lines.peerLine(any),
    lines.removedLine(''),
    lines.verifiedLine(any),
    lines.repairedLine(any),
    lines.infoLine(any, '', null),
    lines.errorLine('internal', '')
  ]
  const made = all.map(({ event, ...fields }) => [event, Object.keys(fields)])
  const told = rows('JSON lines')
    .slice(1)
    .map(([event, fields]) => [words(event)[0], words(fields)])
  assert.deepEqual(told, made)
  assert.deepEqual(Object.keys(lines.indexLine(any)), Object.keys(lines.fetchLine(any)))
  assert.deepEqual(Object.keys(lines.verifyLine('', any)), Object.keys(lines.fetchLine(any)))
})

test('PRODUCT.md has every state of a transfer, and every way a peer is found', () => {
  const told = section('JSON lines')
  for (const word of [...TransferState.options, ...Via.options]) assert.ok(told.includes(`\`${word}\``), word)
})

test('PRODUCT.md has every exit code', () => {
  const told = rows('Exit codes')
    .slice(1)
    .flatMap(([status, codes]) => words(codes).map(code => [code, Number(status)]))
  assert.deepEqual(Object.fromEntries(told), EXIT_CODES)
  assert.equal(told.length, CODES.length)
})

test('PRODUCT.md has every command and option', () => {
  const helps = ['', 'share', 'get', 'serve'].map(command => {
    const told = parseArgs(command === '' ? ['--help'] : [command, '--help'], { env: {}, cwd: '/', version: '0' })
    assert.ok(told.name === 'told')
    return told.text
  })
  const options = new Set(helps.flatMap(help => help.match(/--[a-z-]+/g) ?? []))
  const told = new Set(section('The command line').match(/--[a-z-]+/g))
  assert.deepEqual(
    [...options].filter(it => !told.has(it)),
    []
  )
  const commands = Array.from(helps[0]?.matchAll(/^ {2}([a-z]+) /gm) ?? [], ([, name]) => name ?? '')
  const named = rows('The command line').flatMap(([names]) => words(names).map(it => it.split(' ')[0]))
  assert.ok(commands.length > 8)
  assert.deepEqual(
    commands.filter(it => it !== 'help' && !named.includes(it)),
    []
  )
})
