import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { CodedError } from '../../core/errors.ts'
import { openLog } from './log.ts'

function scratch(): { dir: string } & Disposable {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'shoal-log-'))
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) }
}

test('five files, none over its size, the newest lines kept', () => {
  using it = scratch()
  const log = openLog(it.dir, () => 0, 1000)
  for (let n = 0; n < 200; n++) log.info('test.line', { n })
  const folder = path.join(it.dir, 'logs')
  const names = readdirSync(folder)
  assert.equal(names.length, 5)
  const lines = names.flatMap(name => {
    assert.ok(statSync(path.join(folder, name)).size <= 1000)
    return readFileSync(path.join(folder, name), 'utf8').trim().split('\n')
  })
  const seen = lines.map(line => (JSON.parse(line) as { n: number }).n).sort((a, b) => a - b)
  assert.equal(seen.at(-1), 199)
  assert.equal(seen.at(-1)! - seen[0]! + 1, seen.length, 'without a gap')
})

test('of an error its code and place, and nothing that it says', () => {
  using it = scratch()
  const log = openLog(it.dir)
  const cause = Object.assign(new Error("ENOENT: '/home/ana/diary.txt'"), {
    code: 'ENOENT',
    path: '/home/ana/diary.txt'
  })
  log.error('test.fault', new CodedError('unreadable', 'diary.txt cannot be read', { cause }), { count: 2 })
  log.error('test.odd', 'a thrown diary')
  const text = readFileSync(path.join(it.dir, 'logs/shoal.jsonl'), 'utf8')
  assert.ok(!/diary|ana|\/home/.test(text), text)
  const [first] = text.trim().split('\n').map(line => JSON.parse(line) as { code: string; frames: string[]; cause: { code: string } }) // prettier-ignore
  assert.equal(first?.code, 'unreadable')
  assert.equal(first?.cause.code, 'ENOENT')
  assert.match(first?.frames[0] ?? '', /log\.test\.ts:\d+/)
  assert.ok(!text.includes(import.meta.dirname), 'no folder of this machine')
})

test('frames keep the names of Node’s own modules and lose the folders of this machine', () => {
  using it = scratch()
  const thrown = new Error('x')
  thrown.stack =
    'Error: x\n    at a (node:internal/process/task_queues:1:2)\n    at file:///home/ana/b.ts:3:4\n    at c (C:\\Users\\ana\\d.js:5:6)\n    at e (/home/ana/my docs/f.js:7:8)'
  openLog(it.dir).error('test.fault', thrown)
  const { frames } = JSON.parse(readFileSync(path.join(it.dir, 'logs/shoal.jsonl'), 'utf8')) as { frames: string[] }
  assert.deepEqual(frames, [
    'at a (node:internal/process/task_queues:1:2)',
    'at b.ts:3:4',
    'at c (d.js:5:6)',
    'at e (f.js:7:8)'
  ])
})

test('a log that cannot be written stops nothing', () => {
  using it = scratch()
  writeFileSync(path.join(it.dir, 'logs'), 'in the way')
  openLog(it.dir).info('test.line')
})
