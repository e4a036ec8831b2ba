import assert from 'node:assert/strict'
import fs, { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { replaceFile } from './replace-file.ts'
import { cleanup } from '../testing/cleanup.ts'

test('written to the last byte, however little the system takes at once; never half', t => {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'shoal-replace-'))
  cleanup(t).defer(() => rmSync(dir, { recursive: true, force: true }))
  const file = path.join(dir, 'a.json')
  replaceFile(file, 'before')
  const { writeSync } = fs
  let room = Infinity
  const write = t.mock.method(fs, 'writeSync', (fd: number, bytes: Buffer, offset: number) => {
    if (room <= 0) throw Object.assign(new Error('no room'), { code: 'ENOSPC' })
    const written = writeSync(fd, bytes, offset, Math.min(1000, room, bytes.length - offset))
    room -= written
    return written
  })
  syncBuiltinESMExports()
  cleanup(t).defer(() => {
    write.mock.restore()
    syncBuiltinESMExports()
  })
  replaceFile(file, 'ü'.repeat(5_000))
  assert.equal(readFileSync(file, 'utf8'), 'ü'.repeat(5_000))
  assert.equal(statSync(file).mode & 0o777, 0o600)
  room = 4_500
  assert.throws(() => replaceFile(file, 'x'.repeat(10_000)), { code: 'ENOSPC' })
  assert.equal(readFileSync(file, 'utf8'), 'ü'.repeat(5_000), 'the one before stays')
  assert.deepEqual(readdirSync(dir), ['a.json'])
})
