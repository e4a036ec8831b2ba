import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const PRELOAD = new URL('./test-deadline.mjs', import.meta.url).href

function run(code: string, ms: number) {
  const env = { ...process.env, SHOAL_TEST_FILE_MS: String(ms) }
  return spawnSync(process.execPath, ['--import', PRELOAD, '-e', code], { env, encoding: 'utf8', timeout: 60_000 })
}

test('what is not over in time ends red and says what is open', () => {
  const { status, stderr } = run('require("node:net").createServer().listen(0, "127.0.0.1")', 500)
  assert.equal(status, 1)
  assert.match(stderr, /^Not over after 1 s\. Still open: .*TCPServerWrap/)
})

test('what is over is held up by nothing', () => {
  const { status, stderr, signal } = run('process.exitCode = 7', 3_600_000)
  assert.deepEqual([status, stderr, signal], [7, '', null])
})
