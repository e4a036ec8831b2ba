// `npm start` from outside: a window where there can be one, else one sentence that says why not, and the page for the browser.

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readRunFile } from '../app/host/run-file.ts'
import { STAND_IN } from './electron-stand-in/find-electron.ts'
import type { Line } from './json-lines.ts'
import { runPeer } from './peer.ts'
import { Program } from './program.ts'
import { openScratch, type Scratch } from './scratch.ts'

const RUN = fileURLToPath(new URL('../app/scripts/run.mjs', import.meta.url))
const NOTHING = { SHOAL_SHELL: '', DISPLAY: '', WAYLAND_DISPLAY: '', ELECTRON_OVERRIDE_DIST_PATH: '' }
const IN_BROWSER = ': Shoal shows itself in your browser.\n'

/** Chromium does not start for root with its sandbox. */
const AS_ROOT = process.getuid?.() === 0 ? ['--no-sandbox'] : []
const CANNOT = `Electron, which shows the window, is here and cannot be started${IN_BROWSER}`
const noShell = process.platform === 'win32' && 'what stands for Electron is a shell script'

/** What it says on standard error until it serves the page. */
async function saidAtStart(scratch: Scratch, env: Record<string, string>, more: string[] = []): Promise<string> {
  await using program = new Program<Line>({
    args: [RUN, 'start', '--data', scratch.at('data'), '--network', 'loopback', '--json', ...more],
    env: { ...NOTHING, ...env }
  })
  const { url } = await program.line('ui')
  assert.equal((await fetch(url)).status, 200)
  program.kill('SIGINT')
  assert.equal((await program.finish()).code, 0)
  return program.stderr
}

const hasScreen = process.platform !== 'linux' && 'only Linux is known to run without a screen'

test('no screen: says so, and serves the page', { skip: hasScreen }, async () => {
  await using scratch = openScratch()
  const sentence = `Electron needs a screen for its window, and there is none here${IN_BROWSER}`
  assert.equal(await saidAtStart(scratch, {}), sentence)
})

test('a window, where Electron is: nothing to say, and other commands are answered', { skip: hasScreen }, async () => {
  await using scratch = openScratch()
  const data = scratch.at('data')
  await using program = new Program<Line>({
    args: [RUN, 'start', '--data', data, '--network', 'loopback', '--folder', scratch.at('files'), ...AS_ROOT],
    env: { ...NOTHING, ELECTRON_OVERRIDE_DIST_PATH: path.dirname(STAND_IN) }
  })
  for (const began = performance.now(); readRunFile(data) == null; await delay(50))
    if (program.exit != null || performance.now() - began > 30_000) throw program.failure('opened no window')
  const info = await runPeer(['info'], { data })
  assert.notDeepEqual((await info.line('info')).addrs, [])
  program.kill('SIGTERM')
  assert.equal((await program.finish()).code, 0)
  assert.equal(program.stderr, '')
  assert.deepEqual(program.lines, [])
})

test('a browser is asked for: nothing to say', async () => {
  await using scratch = openScratch()
  assert.equal(await saidAtStart(scratch, {}, ['--browser']), '')
  assert.equal(await saidAtStart(scratch, { SHOAL_SHELL: 'browser' }), '')
})

test('no Electron, or one that cannot be started: says so, and serves the page', async () => {
  await using scratch = openScratch()
  const dist = scratch.at('dist')
  mkdirSync(dist)
  const env = { ELECTRON_OVERRIDE_DIST_PATH: dist }
  assert.equal(await saidAtStart(scratch, env), `Electron, which shows the window, cannot be had here${IN_BROWSER}`)
  const name = process.platform === 'win32' ? 'electron.exe' : 'electron'
  writeFileSync(`${dist}/${name}`, 'no program', { mode: 0o600 })
  assert.equal(await saidAtStart(scratch, env), CANNOT)
})

test('an Electron that dies at its start: says so, and serves the page', { skip: noShell }, async () => {
  await using scratch = openScratch()
  const env = { ELECTRON_OVERRIDE_DIST_PATH: scratch.dir }
  for (const death of ['kill -s TRAP $$', 'kill -s ABRT $$', 'exit 1', 'exit 127']) {
    writeFileSync(scratch.at('electron'), `#!/bin/sh\n${death}\n`, { mode: 0o700 })
    assert.equal(await saidAtStart(scratch, env), CANNOT, death)
  }
})

test('a window that ends in order, or that Shoal itself refuses, is no dead Electron', { skip: noShell }, async () => {
  await using scratch = openScratch()
  for (const code of [0, 2, 8]) {
    writeFileSync(scratch.at('electron'), `#!/bin/sh\nexit ${code}\n`, { mode: 0o700 })
    await using program = new Program<Line>({
      args: [RUN, 'start', '--data', scratch.at('data')],
      env: { ...NOTHING, ELECTRON_OVERRIDE_DIST_PATH: scratch.dir }
    })
    assert.deepEqual(await program.exited, { code, signal: null })
    assert.equal(program.stderr, '')
  }
})
