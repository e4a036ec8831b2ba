// `npm run dev` from outside, on a copy of the sources: what changes is what runs, its doors are those of the host, and nothing of it is left.

import assert from 'node:assert/strict'
import { cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import type { UiLine } from './json-lines.ts'
import { Program } from './program.ts'
import { openScratch, type Scratch } from './scratch.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DEADLINE_MS = 60_000
const skip = process.platform !== 'linux' && 'what is left of a program is found in /proc'

async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (const began = performance.now(); !(await isSo()); await delay(50))
    if (performance.now() - began > DEADLINE_MS) throw new Error(`Not within ${DEADLINE_MS} ms: ${what}`)
}

/** Processes with something of the folder on their command line. */
function processesOf({ dir }: Scratch): string[] {
  return readdirSync('/proc').filter(pid => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dir)
    } catch {
      return false // it ended
    }
  })
}

async function openDev(scratch: Scratch) {
  for (const name of ['app', 'core', 'renderer', 'package.json', 'tsconfig.json'])
    cpSync(path.join(ROOT, name), scratch.at(name), { recursive: true })
  symlinkSync(path.join(ROOT, 'node_modules'), scratch.at('node_modules'))
  const flags = ['--json', '--network', 'loopback', '--port', '0', '--folder', scratch.dir]
  const program = new Program<UiLine>({
    args: [scratch.at('app/scripts/dev.mjs'), '--data', scratch.at('data'), ...flags]
  })
  const { url } = await program.line('ui', undefined, DEADLINE_MS)
  const { origin, host, hash } = new URL(url)
  const token = hash.replace('#token=', '')
  const session = (headers: Record<string, string> = { authorization: `Bearer ${token}` }) =>
    fetch(`${origin}/api/session`, { headers })
  const edit = (file: string, change: (text: string) => string): void =>
    writeFileSync(scratch.at(file), change(readFileSync(scratch.at(file), 'utf8')))
  /** The socket when it opens, else the status it was refused with. */
  const socket = (protocols: string[], headers: Record<string, string>) =>
    new Promise<WebSocket | number>(resolve => {
      const asked = new WebSocket(`ws://${host}/rpc`, protocols, { headers })
      asked.on('error', () => {})
      asked.on('open', () => resolve(asked))
      asked.on('unexpected-response', (request, response) => {
        request.destroy()
        resolve(response.statusCode ?? 0)
      })
    })
  const isUp = async (): Promise<boolean> => (await session()).ok
  return { program, origin, token, session, edit, socket, isUp }
}

test(
  'npm run dev: what is edited is what runs, its doors are those of the host',
  { timeout: 150_000, skip },
  async () => {
    await using scratch = openScratch()
    const it = await openDev(scratch)
    await using program = it.program
    await until('the host is up', it.isUp)

    const page = await fetch(it.origin)
    assert.match(page.headers.get('content-security-policy') ?? '', /^default-src 'none'; script-src 'self' 'nonce-/)
    assert.match(await page.text(), /src="\/@vite\/client"/)
    it.edit('renderer/format.ts', text => `${text}\n// edited\n`)
    await until('the page is the edited one', async () =>
      (await (await fetch(`${it.origin}/format.ts`)).text()).includes('// edited')
    )

    const authorization = `Bearer ${it.token}`
    assert.equal((await it.session({})).status, 401)
    assert.equal((await it.session({ authorization: `Bearer ${'x'.repeat(43)}` })).status, 401)
    assert.equal((await it.session({ authorization, origin: 'http://elsewhere.example' })).status, 403)
    assert.equal((await it.session({ authorization, 'sec-fetch-site': 'cross-site' })).status, 403)
    const own = ['shoal.v1', `token.${it.token}`]
    assert.equal(await it.socket(own, { origin: 'http://elsewhere.example' }), 403)
    assert.equal(await it.socket(own, { origin: it.origin, host: 'rebound.example' }), 421)
    assert.equal(await it.socket(['shoal.v1', 'token.x'], { origin: it.origin }), 401)
    assert.equal(await it.socket(own, {}), 401, 'the page’s token is no program’s')
    const connection = await it.socket(own, { origin: it.origin })
    assert.ok(connection instanceof WebSocket)

    const closed = once(connection, 'close')
    it.edit('app/host/server.ts', text => `${text}\n)`)
    await closed
    await until('the broken host is down', async () => (await it.session()).status === 503)
    await until('it has been said', () => program.stderr.includes('The host has ended.'))
    it.edit('app/host/server.ts', text =>
      text.replace(/\)$/, '').replace("end(200, '{}'", `end(200, '{"edited":true}'`)
    )
    await until('the mended host is up', it.isUp)
    assert.deepEqual(await (await it.session()).json(), { edited: true })

    program.kill('SIGINT')
    assert.deepEqual(await program.finish(), { code: 0, signal: null })
    assert.deepEqual(processesOf(scratch), [])
  }
)

test('npm run dev: when it is killed, its host ends as well', { timeout: 150_000, skip }, async () => {
  await using scratch = openScratch()
  await using program = (await openDev(scratch)).program
  await until('its host has been started', () => processesOf(scratch).length === 2)
  program.kill('SIGKILL')
  await program.finish()
  await until('the host has ended', () => processesOf(scratch).length === 0)
})
