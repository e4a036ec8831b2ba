// The launcher that Linux packages link as `shoal`, with a shell script in the place of the program.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findCommand, WITH_VALUE } from '../app/cli/args.ts'
import { cleanup } from '../core/testing/cleanup.ts'

const LAUNCHER = fileURLToPath(new URL('./resources/bin/shoal', import.meta.url))
const ROOT = process.getuid?.() === 0 ? ['--no-sandbox'] : []
const HEADLESS = ['--ozone-platform=headless', '--disable-gpu', ...ROOT, '--']
const COMMANDS = 'share get serve ls peers transfers info remove verify help --help --version'.split(' ')

test('a command runs without a screen, anything else in the window', { skip: process.platform === 'win32' }, t => {
  const dir = mkdtempSync(path.join(tmpdir(), 'shoal-launcher-'))
  cleanup(t).defer(() => rmSync(dir, { recursive: true }))
  mkdirSync(path.join(dir, 'opt/resources/bin'), { recursive: true })
  cpSync(LAUNCHER, path.join(dir, 'opt/resources/bin/shoal'))
  writeFileSync(path.join(dir, 'opt/shoal'), '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o700 })
  const linked = path.join(dir, 'linked')
  symlinkSync(path.join(dir, 'opt/resources/bin/shoal'), linked)
  const run = (args: readonly string[], display = ':0'): string[] => {
    const env = { PATH: process.env.PATH, DISPLAY: display, WAYLAND_DISPLAY: '' }
    return execFileSync(linked, args, { encoding: 'utf8', env }).trimEnd().split('\n')
  }
  const commands = COMMANDS.map(name => [name, 'a b', '$x'])
  const behind = [...WITH_VALUE].map(name => [name, 'share', '--json', 'ls'])
  for (const args of [...commands, ...behind]) {
    assert.deepEqual(findCommand(args), args, 'the launcher and the program know the same commands')
    assert.deepEqual(run(args), [...HEADLESS, ...args])
  }
  for (const args of [['shoal:bafy', 'ls'], ['--hidden'], ['--data', 'share'], ['--network=lan', 'a.shoal']]) {
    assert.equal(findCommand(args), undefined)
    assert.deepEqual(run(args), args)
    assert.deepEqual(run(args, ''), [...HEADLESS, ...args], 'without a screen')
  }
})
