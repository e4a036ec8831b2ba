import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { readNamedLink } from './share-file.ts'
import { cleanup } from '../testing/cleanup.ts'

const isWindows = process.platform === 'win32'
const LINK = 'shoal:bafy?n=Summer'

function scratch(t: TestContext): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'shoal-share-file-'))
  cleanup(t).defer(() => rmSync(dir, { recursive: true }))
  return dir
}

test('a share file is its text: by its path or its file address, whatever its name needs', async t => {
  const dir = scratch(t)
  const names = ['Summer.shoal', 'Sömmer #1 100%.SHOAL', ...(isWindows ? [] : ['a b?.shoal', 'x:y.shoal'])]
  for (const name of names) {
    const file = path.join(dir, name)
    writeFileSync(file, `\ufeff${LINK}\n`)
    const address = pathToFileURL(file).href
    const named = [file, `./${name}`, address, address.replace('file://', 'file://localhost'), address.replace('file:', 'FILE:')] // prettier-ignore
    for (const it of named) assert.equal(await readNamedLink(it, dir), LINK, it)
  }
  symlinkSync('Summer.shoal', path.join(dir, 'other.shoal'))
  assert.equal(await readNamedLink('other.shoal', dir), LINK, 'a symlink to one')
})

test('anything else is itself: what has a scheme is never a path', async t => {
  const dir = scratch(t)
  const others = ['shoal:bafy.shoal', 'shoal:x', 'ipfs:y.shoal', 'https:z.shoal', 'bafy', '', 'letter.txt']
  const files = ['letter.txt', 'bafy', ...(isWindows ? [] : ['shoal:bafy.shoal', 'ipfs:y.shoal', 'https:z.shoal'])]
  for (const name of files) writeFileSync(path.join(dir, name), 'shoal:another')
  for (const it of others) assert.equal(await readNamedLink(it, dir), it)
  const letter = pathToFileURL(path.join(dir, 'letter.txt')).href
  assert.equal(await readNamedLink(letter, dir), letter, 'nothing but a share file is opened')
})

test('a file address of another machine, or one that names no file, is refused', async t => {
  const dir = scratch(t)
  const bad = ['file://elsewhere/share/a.shoal', 'file:///a%2fb.shoal', 'file:///a%00b.shoal', 'file:///a%ff.shoal', 'file://[/a.shoal'] // prettier-ignore
  for (const it of bad) await assert.rejects(readNamedLink(it, dir), { code: 'invalid-link' }, it)
})

test('one that is not there, a folder, and one that is longer than a link: refused', async t => {
  const dir = scratch(t)
  writeFileSync(path.join(dir, 'big.shoal'), 'x'.repeat(8193))
  writeFileSync(path.join(dir, 'just.shoal'), 'x'.repeat(8192))
  symlinkSync('loop.shoal', path.join(dir, 'loop.shoal'))
  symlinkSync('.', path.join(dir, 'folder.shoal'))
  for (const it of ['big.shoal', 'folder.shoal', pathToFileURL(path.join(dir, 'big.shoal')).href])
    await assert.rejects(readNamedLink(it, dir), { code: 'invalid-link' }, it)
  for (const it of ['gone.shoal', 'loop.shoal']) await assert.rejects(readNamedLink(it, dir), { code: 'not-found' }, it)
  assert.equal((await readNamedLink('just.shoal', dir)).length, 8192)
})

test('what never ends and what blocks whoever opens it are refused at once', { timeout: 20_000 }, async t => {
  if (isWindows) {
    t.skip('there are no such files')
    return
  }
  const dir = scratch(t)
  symlinkSync('/dev/zero', path.join(dir, 'zero.shoal'))
  execFileSync('mkfifo', [path.join(dir, 'pipe.shoal')])
  for (const it of ['zero.shoal', 'pipe.shoal'])
    await assert.rejects(readNamedLink(it, dir), { code: 'invalid-link' }, it)
})
