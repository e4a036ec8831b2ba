import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileRow } from '../app/contract/shapes.ts'
import { chosenOf, leftAfter, treeRows } from './tree.ts'

const files: FileRow[] = [['a', 'x'], ['a', 'b', 'y'], ['a', 'b', 'z'], ['c']].map((path, index) => ({
  index,
  path,
  bytes: 10 ** index,
  haveBytes: 0,
  chosen: true,
  renamedFrom: null
}))
const shown = (...open: string[]): string[] =>
  treeRows(files, new Set(open)).map(row => `${'  '.repeat(row.depth)}${row.name} ${row.bytes}`)

test('folders are closed until they are opened, and add up what is in them', () => {
  assert.deepEqual(shown(), ['a 111', 'c 1000'])
  assert.deepEqual(shown('/a'), ['a 111', '  x 1', '  b 110', 'c 1000'])
  assert.deepEqual(shown('/a', '/a/b'), ['a 111', '  x 1', '  b 110', '    y 10', '    z 100', 'c 1000'])
})

test('choosing a folder chooses what is in it, and nothing else', () => {
  const rows = treeRows(files, new Set(['/a']))
  const [a, x, b, c] = rows
  assert.ok(a && x && b && c)
  const left = leftAfter(b, files, new Set(), false)
  assert.deepEqual([...left], [1, 2])
  assert.deepEqual(
    [a, x, b, c].map(row => chosenOf(row, files, left)),
    ['some', 'all', 'none', 'all']
  )
  assert.deepEqual([...leftAfter(a, files, left, true)], [])
})

test('100,000 files are rows in no time', () => {
  const many = Array.from({ length: 100_000 }, (_, index) => ({
    ...files[0]!,
    index,
    path: [`f${index % 10}`, `${index}`]
  }))
  many.sort((one, other) => one.path[0]!.localeCompare(other.path[0]!))
  assert.equal(treeRows(many, new Set()).length, 10)
})

test('of a folder of which some files were not got, what was got is counted', () => {
  const some = files.map(file => ({ ...file, chosen: file.index === 1 }))
  const rows = treeRows(some, new Set(['/a', '/a/b']))
  assert.deepEqual(
    rows.map(({ name, bytes, chosenBytes, isChosen }) => [name, bytes, chosenBytes, isChosen]),
    [
      ['a', 111, 10, true],
      ['x', 1, 0, false],
      ['b', 110, 10, true],
      ['y', 10, 10, true],
      ['z', 100, 0, false],
      ['c', 1000, 0, false]
    ]
  )
})
