// A run of the tests that is interrupted ends what it started, and takes with it what that would have left.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openScratch } from './scratch.ts'

const SCRIPT = fileURLToPath(new URL('../app/scripts/test.mjs', import.meta.url))
const DEADLINE_MS = 60_000
const skip = process.platform === 'linux' ? false : 'what is left of a run is read from /proc'

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  test(
    `${signal} in the middle of it: said, no process is left and no folder`,
    { timeout: 180_000, skip },
    async () => {
      await using scratch = openScratch()
      const runner = startRunner(scratch.dir)
      try {
        await until('a node of a test runs', () => processesOf(scratch.dir).some(it => it.includes('cli.js share')))
        runner.child.kill(signal)
        const code = await runner.exited
        assert.equal(code, 1, runner.said())
        assert.match(runner.said(), new RegExp(`interrupted by ${signal}\\n(.*\\n)*\\d+ passed, [1-9]\\d* failed\\n$`))
        await until('nothing of it is left', () => processesOf(scratch.dir).length === 0)
        assert.deepEqual(readdirSync(scratch.dir), [])
      } finally {
        runner.child.kill('SIGKILL')
      }
    }
  )

interface Runner {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  readonly said: () => string
}

/** One file of process tests; everything they need goes below `dir`. */
function startRunner(dir: string): Runner {
  const { NODE_TEST_CONTEXT: _, SHOAL_TEST_SCRATCH: __, ...env } = process.env // it is a run of its own
  const child = spawn(process.execPath, [SCRIPT, 'all', 'e2e/resume.test.ts'], {
    env: { ...env, TMPDIR: dir, SHOAL_TEST_SHARED: dir },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (it: string) => (text += it))
  return { child, exited: new Promise(resolve => child.once('close', resolve)), said: () => text }
}

/** Command lines of what was started with this folder for its temporary files, the runner aside: it ends last. */
function processesOf(dir: string): string[] {
  return readdirSync('/proc').flatMap(pid => {
    try {
      const isOurs = readFileSync(path.join('/proc', pid, 'environ'), 'latin1').includes(`TMPDIR=${dir}/`)
      return isOurs ? [readFileSync(path.join('/proc', pid, 'cmdline'), 'latin1').replaceAll('\0', ' ')] : []
    } catch {
      return [] // no process, or gone meanwhile
    }
  })
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const began = performance.now(); !isSo(); await delay(50))
    if (performance.now() - began > DEADLINE_MS) throw new Error(`Not within ${DEADLINE_MS} ms: ${what}`)
}
