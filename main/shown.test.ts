// What the system is shown: who would wait, what ended, where a login item stands.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import type { Peer, Share, Transfer } from '../app/contract/shapes.ts'
import { whoWouldWait } from './quit-warning.ts'
import { APP_ID, entryFor, loginItems } from './login.ts'
import { transferProgressOf } from './transfer-progress.ts'
import { translationFor } from './i18n.ts'
import { cleanup } from '../core/testing/cleanup.ts'

const share = (change: Partial<Share>): Share => ({
  root: 'bafyroot', name: 'Summer', bytes: 1, files: 1, hereBytes: 1, hereFiles: 1, state: 'ready', origin: 'shared', addedAt: 0, copies: 0, readers: 0, rateOut: 0, sentBytes: 0, job: null, ...change
}) // prettier-ignore
const peer = (name: string, rateOut: number): Peer => ({
  peerId: name, name, addrs: [], via: 'mdns', direct: true, nearby: true, latencyMs: null, rateIn: 0, rateOut
}) // prettier-ignore
const transfer = (id: string, state: Transfer['state'], bytes = 0, total: number | null = 10): Transfer => ({
  id, root: 'bafyroot', name: id, state, bytes, total, rate: 0, secondsLeft: null, received: 0, duplicate: 0, sources: 0, from: [], place: null, waitingFor: null, error: null, addedAt: 0, folder: 'Downloads', path: null
}) // prettier-ignore

test('who would be left waiting, by name, and nobody when nobody reads', () => {
  const t = translationFor('en')
  assert.equal(whoWouldWait([share({})], [peer('Ana', 5)], t), undefined)
  assert.equal(whoWouldWait([share({ readers: 1 })], [peer('Ana', 0)], t), undefined)
  assert.equal(
    whoWouldWait([share({ readers: 1 })], [peer('Ana', 5)], t),
    'Ana is still downloading “Summer” from you.'
  )
  const odd = whoWouldWait([share({ readers: 1 })], [peer(`Ana\u202e\n${'x'.repeat(400)}`, 5)], t) ?? ''
  assert.match(odd, /^Ana\ufffd\ufffdx+… is still/)
  assert.ok(odd.length < 120, 'a name is cut')
  const many = [peer('Ana', 5), peer('', 5), peer('Bo', 5), peer('Cy', 5)]
  assert.equal(
    whoWouldWait([share({ readers: 4 }), share({ name: 'Film', readers: 1 })], many, t),
    'Ana, Somebody and 2 others are still downloading “Summer” and “Film” from you.'
  )
  assert.equal(
    whoWouldWait([share({ readers: 1 })], [peer('Ana', 5)], translationFor('de-AT')),
    'Ana lädt noch “Summer” von Ihnen herunter.'
  )
})

test('progress over everything that moves; ended once, and not what had ended before the first look', () => {
  const rows = [transfer('a', 'fetching', 5), transfer('b', 'finding', 0, null), transfer('c', 'paused', 1), transfer('d', 'done', 10)] // prettier-ignore
  const first = transferProgressOf(rows, null)
  assert.deepEqual([first.progress, first.isBusy, first.ended], [0.5, true, []])
  const before = new Map(rows.map(row => [row.id, row.state]))
  const then = transferProgressOf([transfer('a', 'done', 10), transfer('b', 'failed'), rows[2], rows[3]].flatMap(it => it ?? []), before) // prettier-ignore
  assert.deepEqual([then.progress, then.isBusy, then.ended.map(row => row.id)], [null, false, ['a', 'b']])
  const atOnce = transferProgressOf([...rows, transfer('e', 'failed')], before)
  assert.deepEqual(atOnce.ended.map(row => row.id), ['e'], 'over before it was looked at') // prettier-ignore
  assert.deepEqual(transferProgressOf([transfer('b', 'finding', 0, null)], new Map()).progress, 0)
  assert.equal(transferProgressOf([transfer('b', 'finding', 0, null)], new Map()).isBusy, false)
})

test('a login item on Linux is an entry that can be taken back; from a checkout there is none', t => {
  const dir = mkdtempSync(path.join(tmpdir(), 'shoal-login-'))
  cleanup(t).defer(() => rmSync(dir, { recursive: true }))
  const fail = (): never => assert.fail('not on Linux')
  const app = { isPackaged: true, getLoginItemSettings: fail, setLoginItemSettings: fail }
  const items = loginItems(app, { XDG_CONFIG_HOME: dir }, '/opt/Shoal/shoal', 'linux')
  assert.equal(items.isOn(), false)
  items.set(true)
  assert.equal(items.isOn(), true)
  assert.match(
    readFileSync(path.join(dir, 'autostart/shoal.desktop'), 'utf8'),
    /^Exec="\/opt\/Shoal\/shoal" --hidden$/m
  )
  items.set(false)
  assert.equal(existsSync(path.join(dir, 'autostart/shoal.desktop')), false)
  assert.equal(loginItems({ ...app, isPackaged: false }, {}, '/x', 'linux').isOn(), null)
})

test('a login item is on when the system would start it, and only then', () => {
  const set: object[] = []
  const asked = (now: { openAtLogin?: boolean; status?: string; executableWillLaunchAtLogin?: boolean }) => ({
    isPackaged: true,
    getLoginItemSettings: () => ({
      openAtLogin: true,
      wasOpenedAtLogin: true,
      status: 'enabled',
      executableWillLaunchAtLogin: true,
      ...now
    }),
    setLoginItemSettings: (settings: object) => void set.push(settings)
  })
  const mac = (now = {}) => loginItems(asked(now), {}, '/x', 'darwin')
  const windows = (now = {}) => loginItems(asked(now), {}, '/x', 'win32')
  assert.equal(mac().isOn(), true)
  assert.equal(mac({ status: 'requires-approval' }).isOn(), false)
  assert.equal(mac().wasStarted, true)
  mac().set(true)
  assert.deepEqual(set.pop(), { openAtLogin: true })
  assert.equal(windows().isOn(), true)
  assert.equal(windows({ executableWillLaunchAtLogin: false }).isOn(), false, 'switched off in the Task Manager')
  windows().set(true)
  assert.deepEqual(set.pop(), { openAtLogin: true, args: ['--hidden'] })
  const yml = readFileSync(new URL('../electron-builder.yml', import.meta.url), 'utf8')
  assert.ok(
    yml.split('\n').some(line => line.split(' #')[0] === `appId: ${APP_ID}`),
    'installed under another name'
  )
})

test('a path with characters that mean something in a desktop entry', () => {
  assert.match(entryFor('/a b/$x/"q"/100%'), /^Exec="\/a b\/\\\\\$x\/\\\\"q\\\\"\/100%%" --hidden$/m)
})

test('words in the language of a locale, however it is written', () => {
  for (const tag of ['de', 'de-AT', 'de_DE.UTF-8', 'de.UTF-8'])
    assert.equal(translationFor(tag)('close'), 'Schließen', tag)
  for (const tag of ['en', 'fr_FR', 'C.UTF-8', '']) assert.equal(translationFor(tag)('close'), 'Close', tag)
})
