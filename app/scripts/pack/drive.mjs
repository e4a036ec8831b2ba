// Drives a packed program as a person would: two of them on this computer, a file shared by the one, its link opened in the other, and both ended in
// order. Through Chromium's debugging port: the fuses of a packed program close the door that Playwright's Electron driver needs.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'

const START_MS = 60_000
const STEP_MS = 30_000
const CLI = path.resolve(import.meta.dirname, '../../../out/cli.js')
const FILE_BYTES = 3 * 1024 * 1024 + 1 // several blocks, and not a whole number of them

/** `scratch`: an empty folder for both. Rejects with what went wrong and what the programs said. */
export async function driveTransfer(executable, scratch) {
  const given = path.join(scratch, 'given.bin')
  fs.writeFileSync(given, randomBytes(FILE_BYTES))
  await using giver = await openPacked(executable, path.join(scratch, 'giver'))
  await using taker = await openPacked(executable, path.join(scratch, 'taker'))

  const share = await promisify(execFile)(process.execPath, [CLI, 'share', given, '--data', giver.data, '--json'])
  const { link } = linesOf(share.stdout).find(({ event }) => event === 'shared')
  const second = spawn(executable, [...taker.args, link], { stdio: 'ignore' }) // hands the link over and ends
  assert.deepEqual(await once(second, 'exit', { signal: AbortSignal.timeout(STEP_MS) }), [0, null])

  const preview = taker.page.getByRole('dialog')
  await preview.getByRole('button', { name: 'Get', exact: true }).click({ timeout: STEP_MS })
  await taker.page.getByRole('button', { name: /^given\.bin\s*Completed/ }).waitFor({ timeout: STEP_MS })
  const taken = fs.readFileSync(path.join(taker.folder, 'given.bin'))
  assert.ok(taken.equals(fs.readFileSync(given)), 'other bytes arrived')

  await taker.quit()
  await giver.quit()
}

const linesOf = text =>
  text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

/** A program with its window open and its page greeting. What it said is part of every failure. */
async function openPacked(executable, home) {
  const data = path.join(home, 'data')
  const folder = path.join(home, 'received')
  fs.mkdirSync(folder, { recursive: true })
  const isRoot = process.platform === 'linux' && process.getuid() === 0 // Chromium does not start for root with its sandbox
  const args = ['--data', data, '--folder', folder, '--network', 'loopback', ...(isRoot ? ['--no-sandbox'] : [])]
  const child = spawn(executable, ['--remote-debugging-port=0', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = []
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', line => said.push(line))
  const failure = (what, cause) => new Error(`${what}\n${said.join('\n')}`, { cause })
  const ended = once(child, 'exit')
  const release = async () => {
    const patience = setTimeout(() => child.kill('SIGKILL'), STEP_MS)
    child.kill()
    await ended
    clearTimeout(patience)
  }
  try {
    const browser = await chromium.connectOverCDP(await debuggerOf(child), { timeout: START_MS })
    const page = await firstPage(browser)
    await page.getByText(/^You are/).waitFor({ timeout: START_MS })
    const quit = async () => {
      if (process.platform === 'win32') return // there is no asking from outside; the scope ends it
      child.kill('SIGTERM')
      const [code, signal] = await once(child, 'exit', { signal: AbortSignal.timeout(STEP_MS) })
      if (code !== 0) throw failure(`the program ended with ${code ?? signal}`)
      assert.ok(!fs.existsSync(path.join(data, 'run.json')), 'the program left run.json behind')
    }
    return { args, data, folder, page, quit, [Symbol.asyncDispose]: release }
  } catch (error) {
    await release()
    throw failure(`the program did not start: ${error.message}`, error)
  }
}

/** The address Chromium says it can be driven at. */
async function debuggerOf(child) {
  const signal = AbortSignal.timeout(START_MS)
  const lines = createInterface(child.stderr)
  child.once('exit', () => lines.close())
  signal.addEventListener('abort', () => lines.close(), { once: true })
  for await (const line of lines) {
    const [, address] = /^DevTools listening on (ws:\S+)/.exec(line) ?? []
    if (address != null) return address
  }
  throw new Error(signal.aborted ? 'no debugging port within a minute' : 'it ended before there was a debugging port')
}

async function firstPage(browser) {
  const signal = AbortSignal.timeout(START_MS)
  for (;;) {
    const page = browser.contexts().flatMap(context => context.pages())[0]
    if (page != null) return page
    await Promise.any(browser.contexts().map(context => context.waitForEvent('page', { timeout: START_MS })))
    signal.throwIfAborted()
  }
}
