import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { Folders } from './folders.ts'
import { cleanup } from '../../core/testing/cleanup.ts'

test('a browser sees what is inside its folders and nothing beside them', async t => {
  const top = await mkdtemp(path.join(tmpdir(), 'shoal-folders-'))
  cleanup(t).defer(async () => rm(top, { recursive: true }))
  await mkdir(path.join(top, 'open/deep'), { recursive: true })
  await mkdir(path.join(top, 'open-not'))
  await writeFile(path.join(top, 'open/a.txt'), 'abc')
  await writeFile(path.join(top, 'secret'), 'x')
  await symlink('..', path.join(top, 'open/up'))
  await symlink('../open-not', path.join(top, 'open/beside'))
  const folders = new Folders([path.join(top, 'open')])

  const [listed] = await folders.list()
  assert.equal(listed?.name, 'open')
  assert.ok((listed?.roomBytes ?? 0) > 0)
  assert.deepEqual(await folders.entries(0, []), [
    { name: 'deep', kind: 'folder', bytes: 0 },
    { name: 'a.txt', kind: 'file', bytes: 3 }
  ])
  await assert.rejects(folders.resolve(1, []), { code: 'not-found' })
  await assert.rejects(folders.resolve(0, ['..', 'secret']), { code: 'forbidden' })
  await assert.rejects(folders.resolve(0, ['a/../../secret']), { code: 'forbidden' })
  await assert.rejects(folders.resolve(0, ['up', 'secret']), { code: 'forbidden' })
  await assert.rejects(folders.resolve(0, ['beside']), { code: 'forbidden' })
  await assert.rejects(folders.resolve(0, ['gone']), { code: 'not-found' })
})

test('a folder that was named and is not there yet is empty, and made when something is to be saved', async t => {
  const top = await mkdtemp(path.join(tmpdir(), 'shoal-folders-'))
  cleanup(t).defer(async () => rm(top, { recursive: true }))
  await writeFile(path.join(top, 'file'), 'x')
  const folders = new Folders([path.join(top, 'a/b'), path.join(top, 'file/c')])
  assert.deepEqual(await folders.entries(0, []), [])
  assert.ok((await folders.list())[0]?.roomBytes != null)
  await assert.rejects(folders.resolveForWriting(0, ['x']), { code: 'not-found' })
  assert.ok((await folders.resolveForWriting(0, [])).endsWith('a/b'))
  await assert.rejects(folders.resolveForWriting(1, []), { code: 'not-writable' })
})

test('a folder that is added is there once, and opens nothing else', async t => {
  const top = await mkdtemp(path.join(tmpdir(), 'shoal-folders-'))
  cleanup(t).defer(async () => rm(top, { recursive: true }))
  await mkdir(path.join(top, 'first'))
  await mkdir(path.join(top, 'second'))
  const folders = new Folders([path.join(top, 'first')])
  await assert.rejects(folders.resolve(1, []), { code: 'not-found' })
  const added = await folders.add(path.join(top, 'second'))
  assert.deepEqual([added.id, added.name], [1, 'second'])
  assert.equal((await folders.add(path.join(top, 'second'))).id, 1)
  assert.equal((await folders.add(path.join(top, 'first'))).id, 0)
  assert.equal((await folders.list()).length, 2)
  await assert.rejects(folders.resolve(1, ['..', 'first']), { code: 'forbidden' })
})

test('a folder is told by name, by its place among them, and by the room that may be used there', async t => {
  const top = await mkdtemp(path.join(tmpdir(), 'shoal-folders-'))
  cleanup(t).defer(async () => rm(top, { recursive: true }))
  await mkdir(path.join(top, 'first'))
  await symlink('first', path.join(top, 'also'))
  const whole = new Folders([path.join(top, 'first')])
  assert.deepEqual((await whole.describe(path.join(top, 'also'))).folder, 0, 'the same place by another name')
  const beside = await whole.describe(path.join(top, 'not/there/yet'))
  assert.deepEqual([beside.name, beside.folder], ['yet', null])
  const asked: string[] = []
  const full = new Folders([path.join(top, 'first')], folder => {
    asked.push(folder)
    return Number.MAX_SAFE_INTEGER
  })
  assert.equal((await full.list())[0]?.roomBytes, 0, 'all of it is to stay free')
  assert.deepEqual(asked, [path.join(top, 'first')])
})
