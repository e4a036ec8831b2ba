import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type TestContext, test } from 'node:test'
import { cleanup } from '../../core/testing/cleanup.ts'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
const FAKE = new URL('../testing/fake-entry.ts', import.meta.url).href

/** The program as a process of its own, over the fake engine. */
function start(t: TestContext, ...args: string[]) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'shoal-main-'))
  const all = ['--import', FAKE, MAIN, ...args, '--data', dir, '--network', 'loopback']
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] })
  const stderr = text(child.stderr)
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  cleanup(t).defer(async () => {
    child.kill('SIGKILL')
    if (child.exitCode == null && child.signalCode == null) await ended
    rmSync(dir, { recursive: true })
  })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (out += piece))
  const until = async (part: string): Promise<void> => {
    while (!out.includes(part)) {
      const more = await Promise.race([once(child.stdout, 'data'), ended.then(() => null)])
      if (more == null && !out.includes(part)) assert.fail(`ended before ${part}: ${out}${await stderr}`)
    }
  }
  return { child, ended, stderr, until, out: () => out }
}

test('a share prints JSON lines and nothing else, and Ctrl-C is its normal end', { timeout: 120_000 }, async t => {
  const share = start(t, 'share', 'a', '--json')
  await share.until('"shared"')
  share.child.kill('SIGINT')
  assert.deepEqual(await share.ended, [0, null])
  for (const line of share.out().trim().split('\n')) assert.equal(typeof JSON.parse(line), 'object')
  assert.equal(await share.stderr, '')
})

test('Ctrl-C pauses a get: 130; SIGTERM does the same', { timeout: 120_000 }, async t => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const get = start(t, 'get', 'x', '--json', '--peer', '/hold')
    await get.until('"progress"')
    get.child.kill(signal)
    assert.deepEqual(await get.ended, [130, null])
    assert.match(get.out().trim().split('\n').at(-1) ?? '', /^\{"event":"error","code":"cancelled"/)
  }
})

test('a reader that goes away is no crash, and a share goes on without it', { timeout: 120_000 }, async t => {
  const share = start(t, 'share', 'a', '--json')
  await share.until('"listening"')
  share.child.stdout.destroy()
  const ls = start(t, 'ls')
  ls.child.stdout.destroy()
  assert.deepEqual(await ls.ended, [0, null])
  assert.equal(await ls.stderr, '')
  assert.equal(share.child.exitCode, null)
  share.child.kill('SIGINT')
  const [status] = await share.ended
  assert.ok(status === 0 || status === 130, String(status))
  assert.equal(await share.stderr, '')
})

test('a wrong command line says one sentence and 2', { timeout: 120_000 }, async t => {
  const wrong = start(t, 'moon')
  assert.deepEqual(await wrong.ended, [2, null])
  assert.match(await wrong.stderr, /^shoal: [^\n]+\n$/)
  assert.equal(wrong.out(), '')
})
