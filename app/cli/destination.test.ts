import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { openToOthers } from './destination.ts'
import { cleanup } from '../../core/testing/cleanup.ts'

test('a destination is open to others when they may replace a folder on the way to it', t => {
  if (process.getuid == null) return t.skip('this system has no such rights')
  const top = realpathSync(mkdtempSync(path.join(tmpdir(), 'shoal-destination-')))
  cleanup(t).defer(() => rmSync(top, { recursive: true }))
  const [uid, gid] = [process.getuid(), process.getgid!()]
  const me = { uid, gid }
  const at = (mode: number, ...names: string[]): string => {
    mkdirSync(path.join(top, ...names), { recursive: true })
    chmodSync(path.join(top, ...names), mode)
    return path.join(top, ...names)
  }
  assert.equal(openToOthers(at(0o755, 'mine'), me), undefined)
  assert.equal(openToOthers(path.join(top, 'mine/not/there/yet'), me), undefined)
  assert.equal(openToOthers(at(0o1777, 'sticky'), me), undefined, 'as /tmp')
  assert.equal(openToOthers(at(0o775, 'own group'), me), undefined)
  assert.equal(openToOthers(at(0o775, 'group'), { uid, gid: gid + 1 }), gid === 0 ? undefined : path.join(top, 'group'))
  assert.equal(openToOthers(at(0o777, 'all'), me), path.join(top, 'all'))
  assert.equal(openToOthers(at(0o755, 'all', 'inner'), me), path.join(top, 'all'))
  assert.equal(openToOthers(path.join(top, 'all/not/there'), me), path.join(top, 'all'))
  symlinkSync('all/inner', path.join(top, 'way'))
  assert.equal(openToOthers(path.join(top, 'way'), me), path.join(top, 'all'))
  if (uid === 0) return
  assert.equal(openToOthers(path.join(top, 'mine'), { uid: uid + 1, gid }), path.join(top, 'mine'))
})
