// Names that strangers and file systems choose go to a terminal: nothing in them may move its cursor, name its window, turn its text around or break a line.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { whyNoRights } from '../app/scripts/needs.mjs'
import { CLI, startServe, type PeerOptions } from './peer.ts'
import { asNobody } from './nobody.ts'
import { openScratch } from './scratch.ts'

const skip = process.platform === 'win32' ? 'no file there can have such a name' : false
const HOSTILE = 'a\u001b[2J\u001b]0;t\u0007\u009b31m\u007f\u0085\u202eb\u2066c\u200f\u061c\u2028d\ne\tf\rg'
// eslint-disable-next-line no-control-regex
const HARM = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

interface Said {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

/** Runs a command to its end, or until it has printed `until`; nothing harmful may have been written to either stream. */
async function shoal(args: readonly string[], { data, prefix, cli }: PeerOptions, until?: string): Promise<Said> {
  const [file, ...rest] = [...(prefix ?? []), process.execPath, cli ?? CLI, ...args, '--data', data]
  const env = { ...process.env, SHOAL_NETWORK: 'loopback', NODE_NO_WARNINGS: '1' }
  const child = spawn(file, rest, { stdio: ['ignore', 'pipe', 'pipe'], env, timeout: 60_000, killSignal: 'SIGKILL' })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    if (until != null && out.includes(until)) child.kill('SIGINT')
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const status = await new Promise<number | null>(resolve => child.on('close', resolve))
  for (const text of [out, err]) assert.doesNotMatch(text, HARM, `${args.join(' ')}: ${JSON.stringify(text)}`)
  return { status, out, err }
}

type Row = Record<string, unknown>
const rows = ({ out }: Said): Row[] => out.trimEnd().split('\n').map(line => JSON.parse(line) as Row) // prettier-ignore
const lineCount = (text: string): number => text.trimEnd().split('\n').length

/** A data directory whose device has this name, chosen as a stranger would: not through Shoal. */
async function namedData(data: string, name: string): Promise<void> {
  await shoal(['info'], { data })
  const file = `${data}/settings.json`
  const settings = JSON.parse(readFileSync(file, 'utf8')) as Row
  writeFileSync(file, JSON.stringify({ ...settings, name }))
}

test('no command writes what a name wants of a terminal', { timeout: 180_000, skip }, async () => {
  await using scratch = openScratch()
  const [a, b] = [{ data: scratch.at('a') }, { data: scratch.at('b') }]
  await namedData(a.data, HOSTILE)
  const folder = scratch.at('in', HOSTILE)
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/${HOSTILE}.txt`, 'Dear Ana')
  symlinkSync('/etc/passwd', `${folder}/${HOSTILE}.link`)

  const alone = await shoal(['share', folder], a, 'shoal:')
  assert.equal(alone.status, 0, alone.err)
  assert.equal(lineCount(alone.err), 3, `left out, what it is, how it ends: ${alone.err}`)
  const served = await shoal(['serve', '--port', '0', '--no-open'], a, 'http:')
  assert.equal(served.status, 0, served.err)

  await using first = startServe(a)
  const { addrs } = await first.line('listening')
  await first.line('ui')
  await using second = startServe(b)
  await second.line('ui')

  const shared = await shoal(['share', folder], a)
  assert.equal(shared.status, 0, shared.err)
  const again = rows(await shoal(['share', folder, '--json'], a))
  const { root, link } = again.at(-1) as { root: string; link: string }

  assert.equal(lineCount((await shoal(['ls'], a)).out), 1)
  assert.equal(rows(await shoal(['ls', '--json'], a))[0]?.['name'], HOSTILE, 'programs get the name as it is')
  assert.equal(lineCount((await shoal(['info'], a)).out), 6 + addrs.length)
  rows(await shoal(['info', '--json'], a))

  const nowhere = scratch.at('no', HOSTILE)
  for (const [command, peer] of [
    [['share', nowhere], a],
    [['get', `shoal:bad?n=${encodeURIComponent(HOSTILE)}`], b],
    [['get', HOSTILE], b],
    [['get', `${nowhere}.shoal`], b],
    [['ls'], { data: `${folder}/${HOSTILE}.txt` }],
    [['ls', `--${HOSTILE}`], b],
    [[HOSTILE], b],
    [['remove', HOSTILE], b],
    [['get', link, '-o', `${folder}/${HOSTILE}.txt`], b]
  ] as const) {
    const told = await shoal(command, peer)
    assert.notEqual(told.status, 0, command.join(' '))
    assert.equal(lineCount(told.err), 1, told.err)
    assert.equal(rows(await shoal([...command, '--json'], peer)).at(-1)?.['event'], 'error')
  }

  const unknown = `shoal:bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy?n=${encodeURIComponent(HOSTILE)}`
  for (const form of [[], ['--json']]) {
    assert.equal((await shoal(['get', unknown, '-o', scratch.at('out'), '--timeout', '0.2', ...form], b)).status, 3)
    assert.equal((await shoal(['get', link, '-o', scratch.at('out'), ...form], b)).status, 0)
    assert.equal((await shoal(['transfers', ...form], b)).status, 0)
  }
  assert.ok(rows(await shoal(['transfers', '--json'], b)).some(row => row['name'] === HOSTILE))
  assert.match(String(rows(await shoal(['peers', '--json'], b))[0]?.['name']), /31m/, 'what is left of the name')
  assert.equal(lineCount((await shoal(['peers'], b)).out), 1)

  writeFileSync(`${folder}/${HOSTILE}.txt`, 'Dear Eva')
  const verified = await shoal(['verify', root], a)
  assert.deepEqual([verified.status, lineCount(verified.out)], [7, 1])
  assert.deepEqual(rows(await shoal(['verify', root, '--json'], a)).at(-1)?.['bad'], [`${HOSTILE}.txt`])
  assert.equal((await shoal(['remove', root], a)).status, 0)
  await shoal(['remove', root, '--json'], a)
})

test('nor do lists of what cannot be read', { timeout: 120_000, skip: skip || (whyNoRights() ?? false) }, async () => {
  await using scratch = openScratch()
  const folder = scratch.at('in', 'folder')
  mkdirSync(folder, { recursive: true })
  chmodSync(scratch.dir, 0o755)
  for (const name of ['one', 'two']) writeFileSync(`${folder}/${HOSTILE}.${name}`, name, { mode: 0o600 })
  writeFileSync(`${folder}/open`, 'open')
  const nobody = asNobody(scratch.at('nobody'))
  const refused = await shoal(['share', folder], nobody)
  assert.deepEqual([refused.status, lineCount(refused.err)], [6, 1], refused.err)
  const told = rows(await shoal(['share', folder, '--json'], nobody)).at(-1)
  assert.ok(String(told?.['message']).includes(`${HOSTILE}.one`), 'programs get the names as they are')
  const rest = await shoal(['share', folder, '--skip-unreadable'], nobody, 'shoal:')
  assert.deepEqual([rest.status, lineCount(rest.err)], [0, 4], rest.err)
  assert.equal(rest.err.split('\n').filter(line => line.startsWith('Left out: ')).length, 2)
})
