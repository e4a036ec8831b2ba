// Folders: everything a folder may hold arrives as it was, and 100,000 entries are not 100,000 round trips.

import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { MIB, listTree, randomBytes, writeRandomFile } from './content.ts'
import { startGet, startShare, untilDone, untilFailed, untilShared } from './peer.ts'
import { openScratch } from './scratch.ts'

/** Names that some tool or other trips over, and that this system can hold as they are. */
const ODD_NAMES = [
  ' leading space',
  'trailing dot.',
  '-rf',
  '.hidden',
  '...',
  '~',
  '$HOME',
  '%41%2F',
  'a&b=c?d#e',
  'colon: star* quote" pipe|',
  "it's",
  'CON',
  'aux.txt',
  'e\u0301 decomposed',
  '\u00e9 composed',
  'Case',
  'case',
  '日本語.txt',
  'שלום',
  '😀🐟',
  'file.part',
  `${'n'.repeat(200)}.txt`
]

function writeOddTree(dir: string): void {
  mkdirSync(path.join(dir, 'empty folder', 'and one in it'), { recursive: true })
  mkdirSync(path.join(dir, ...'a/b/c/d/e/f/g/h'.split('/')), { recursive: true })
  writeFileSync(path.join(dir, 'empty file'), '')
  writeFileSync(path.join(dir, 'second empty file'), '')
  writeRandomFile(path.join(dir, 'a/b/two leaves.bin'), MIB + 1, 'two leaves')
  writeRandomFile(path.join(dir, 'a/b/c/the same two leaves.bin'), MIB + 1, 'two leaves')
  writeRandomFile(path.join(dir, 'a/b/c/d/e/f/g/h/deep.bin'), 3 * MIB, 'deep')
  symlinkSync('b/two leaves.bin', path.join(dir, 'a', 'symlink'))
  mkdirSync(path.join(dir, 'odd'))
  for (const name of ODD_NAMES) writeFileSync(path.join(dir, 'odd', name), `called ${name}`)
  mkdirSync(path.join(dir, 'odd', ODD_NAMES[7] + ' folder'))
  writeFileSync(path.join(dir, 'odd', ODD_NAMES[7] + ' folder', 'x'), 'x')
}

test('a folder with nested, empty and oddly named parts arrives as it was', { timeout: 60_000 }, async () => {
  await using scratch = openScratch()
  writeOddTree(scratch.at('in', 'odd tree'))
  await using seeder = startShare([scratch.at('in', 'odd tree')], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder)
  await using getter = startGet(shared.link, scratch.at('out'), { data: scratch.at('b') })
  const done = await untilDone(getter)
  assert.equal(done.path, scratch.at('out', 'odd tree'))
  assert.deepEqual(listTree(done.path), listTree(scratch.at('in', 'odd tree')))
  assert.equal(done.duplicate, 0)
  const distinct = 4 * MIB + 1 // the file that is there twice travels once
  assert.ok(done.received < distinct + 65_536, `received ${done.received}`)
})

test('several paths are one share, and a twin among them is refused', { timeout: 60_000 }, async () => {
  await using scratch = openScratch()
  writeRandomFile(scratch.at('in', 'one.bin'), 1000, 'one')
  writeOddTree(scratch.at('in', 'tree'))
  writeRandomFile(scratch.at('elsewhere', 'one.bin'), 1000, 'other')
  await using seeder = startShare([scratch.at('in', 'one.bin'), scratch.at('in', 'tree')], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder)
  await using getter = startGet(shared.link, scratch.at('out'), { data: scratch.at('b') })
  assert.deepEqual(listTree((await untilDone(getter)).path), listTree(scratch.at('in')))

  const twins = [scratch.at('in', 'one.bin'), scratch.at('elsewhere', 'one.bin')]
  await using refused = startShare(twins, { data: scratch.at('c') })
  await untilFailed(refused, 2, 'usage')
})

test('a name with control characters arrives under a visible one', { timeout: 60_000 }, async () => {
  await using scratch = openScratch()
  writeRandomFile(scratch.at('in', 'tree', 'line\nbreak \u202etxt.exe'), 1000, 'control')
  await using seeder = startShare([scratch.at('in', 'tree')], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder)
  await using getter = startGet(shared.link, scratch.at('out'), { data: scratch.at('b') })
  const [row] = listTree((await untilDone(getter)).path)
  assert.match(row ?? '', /^file \S/)
  // oxlint-disable-next-line no-control-regex -- it is what must not be there
  assert.doesNotMatch(row ?? '', /[\u0000-\u001f\u202a-\u202e]/)
})

test('a folder of 100,000 entries arrives as it was', { timeout: 600_000 }, async () => {
  await using scratch = openScratch(1024 * MIB)
  const dir = scratch.at('in', 'many')
  mkdirSync(dir, { recursive: true })
  const bytes = randomBytes(16 * 100_000, 'many')
  for (let i = 0; i < 100_000; i++) writeFileSync(path.join(dir, `entry ${i}`), bytes.subarray(16 * i, 16 * i + 16))
  await using seeder = startShare([dir], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder, 180_000)
  assert.equal(shared.files, 100_000)
  await using getter = startGet(shared.link, scratch.at('out'), { data: scratch.at('b') })
  const done = await untilDone(getter, 300_000)
  assert.deepEqual(listTree(done.path), listTree(dir))
  assert.equal(done.bytes, 1_600_000)
})
