import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { CodedError } from '../errors.ts'
import { NAME_RULES, type Platform, twinKey } from './safe-name.ts'
import { type Placed, type UnplacedTree, placeInside, placing, staysInside } from './safe-path.ts'

/** Any UTF-16 code unit: pairs, and halves of pairs, come about by themselves. */
const codeUnits = fc.nat(0xffff).map(code => String.fromCharCode(code))

const platforms = fc.constantFrom<Platform>('linux', 'macos', 'windows')
const safeNames = fc.constantFrom(
  'a', 'A', 'a (2)', 'a.txt', 'A.TXT', 'a (2).txt', 'e\u0301', 'é', 'x\u0001', 'x\u0002', 'x_', 'con', '_con', 'b:', 'b?', 'b_', 'dot.', 'dot_',
  'y'.repeat(250), 'y'.repeat(251), 'y'.repeat(240)
) // prettier-ignore
const unsafeNames = fc.oneof(
  fc.constantFrom('..', '.', '', 'a/b', '..\\x', 'a\0', '\ud800'),
  fc.string({ unit: codeUnits })
)

function trees(names: fc.Arbitrary<string>): fc.Arbitrary<UnplacedTree> {
  const paths = fc.array(names, { minLength: 1, maxLength: 3 })
  return fc.record({
    files: fc.array(fc.record({ path: paths }), { maxLength: 12 }),
    folders: fc.uniqueArray(paths, { maxLength: 6, selector: it => it.join('/') }),
    symlinks: fc.array(fc.record({ path: paths }), { maxLength: 4 })
  })
}

const keyOf = (names: readonly string[], platform: Platform): string =>
  names.map(it => twinKey(it, NAME_RULES[platform])).join('/')
const again = ({ files, folders, symlinks }: ReturnType<typeof placeInside>): UnplacedTree => ({
  files,
  folders: folders.map(it => it.path),
  symlinks
})

test('every entry gets a place of its own, below the destination, under its own folder', () => {
  fc.assert(
    fc.property(trees(safeNames), platforms, (tree, platform) => {
      const placed = placeInside(tree, NAME_RULES[platform])
      assert.equal(placed.files.length, tree.files.length)
      assert.equal(placed.symlinks.length, tree.symlinks.length)
      const seen = new Set<string>()
      for (const { path: names } of [...placed.files, ...placed.folders, ...placed.symlinks]) {
        const key = keyOf(names, platform)
        assert.ok(!seen.has(key), `two entries at ${names.join('/')}`)
        seen.add(key)
      }
      const symlinks = new Set(placed.symlinks.map(it => keyOf(it.path, platform)))
      for (const { path: names } of [...placed.files, ...placed.folders, ...placed.symlinks]) {
        for (let depth = 1; depth < names.length; depth++)
          assert.ok(!symlinks.has(keyOf(names.slice(0, depth), platform)))
      }
      tree.folders.forEach((folder, at) => {
        tree.files.forEach((file, of) => {
          const isInside = file.path.length === folder.length + 1 && folder.every((name, i) => name === file.path[i])
          if (isInside) assert.deepEqual(placed.files[of]?.path.slice(0, -1), placed.folders[at]?.path)
        })
      })
    }),
    { numRuns: 400 }
  )
})

test('placing is deterministic, tells what it renamed, and has nothing to add the second time', () => {
  fc.assert(
    fc.property(trees(safeNames), platforms, (tree, platform) => {
      const placed = placeInside(tree, NAME_RULES[platform])
      assert.deepEqual(placeInside(tree, NAME_RULES[platform]), placed)
      const originals = [...tree.files.map(it => it.path), ...tree.folders, ...tree.symlinks.map(it => it.path)]
      const places = [...placed.files, ...placed.folders, ...placed.symlinks]
      places.forEach((place, at) => {
        const original = originals[at]?.join('/')
        assert.equal(place.renamedFrom, place.path.join('/') === original ? undefined : original)
      })
      const settled = places.map(it => ({ path: it.path }))
      const twice = placeInside(again(placed), NAME_RULES[platform])
      assert.deepEqual([...twice.files, ...twice.folders, ...twice.symlinks], settled)
    }),
    { numRuns: 400 }
  )
})

test('whatever the names are, nothing leaves the destination', () => {
  fc.assert(
    fc.property(trees(fc.oneof({ weight: 9, arbitrary: safeNames }, unsafeNames)), platforms, (tree, platform) => {
      let placed: ReturnType<typeof placeInside>
      try {
        placed = placeInside(tree, NAME_RULES[platform])
      } catch (error) {
        assert.ok(error instanceof CodedError && error.code === 'unsafe-name', String(error))
        return
      }
      const destination = { posix: '/data/x', win32: 'C:\\data\\x' }
      for (const { path: names } of [...placed.files, ...placed.folders, ...placed.symlinks]) {
        assert.equal(path.posix.join(destination.posix, ...names), [destination.posix, ...names].join('/'))
        assert.equal(path.win32.join(destination.win32, ...names), [destination.win32, ...names].join('\\'))
      }
    }),
    { numRuns: 400 }
  )
})

test('twins: the unchanged name stays, the other is numbered', () => {
  const place = (platform: Platform, ...names: string[]): string[] =>
    placeInside(
      { files: names.map(name => ({ path: [name] })), folders: [], symlinks: [] },
      NAME_RULES[platform]
    ).files.map(it => it.path.join('/'))
  assert.deepEqual(place('linux', 'a', 'A', 'é', 'e\u0301'), ['a', 'A', 'é', 'e\u0301'])
  assert.deepEqual(place('windows', 'a.md', 'A.md', 'a (2).md'), ['a.md', 'A (3).md', 'a (2).md'])
  assert.deepEqual(place('macos', 'é', 'e\u0301'), ['é', 'e\u0301 (2)'])
  assert.deepEqual(place('linux', 'x\u0001', 'x\u0002', 'x_'), ['x_ (2)', 'x_ (3)', 'x_'])
})

test('a symlink gives way to a folder of its name, and a lone file has no name of its own', () => {
  const placed = placeInside(
    { files: [{ path: ['x', 'f'] }], folders: [['x']], symlinks: [{ path: ['x'] }] },
    NAME_RULES.linux
  )
  assert.deepEqual(placed, {
    files: [{ path: ['x', 'f'] }],
    folders: [{ path: ['x'] }],
    symlinks: [{ path: ['x (2)'], renamedFrom: 'x' }]
  })
  assert.deepEqual(placeInside({ files: [{ path: [] }], folders: [], symlinks: [] }, NAME_RULES.linux).files, [
    { path: [] }
  ])
})

test('30,000 entries are placed in time that grows with their number, even if all are twins', () => {
  const place = (names: (at: number) => string): Placed[] => {
    const files = Array.from({ length: 30_000 }, (_, at) => ({ path: ['folder', names(at)] }))
    const before = process.cpuUsage() // not the clock: others may use the machine
    const placed = [...placeInside({ files, folders: [['folder']], symlinks: [] }, NAME_RULES.windows).files]
    assert.ok(process.cpuUsage(before).user < 5_000_000, 'microseconds; quadratic time would be minutes')
    assert.equal(new Set(placed.map(it => it.path[1])).size, files.length)
    return placed
  }
  place(at => `IMG_${at}.jpg`)
  place(at => `x${'\u0001'.repeat(1 + (at % 2))}`)
  place(at => `${'y'.repeat(232)}${at >> 1}${at % 2 === 0 ? 'z' : 'Z'}`)
})

test('a symlink stays inside when it goes up only at its beginning, and not past the root', () => {
  const inside = ['a', './a', 'b/c', '.', 'a/./b', 'a//b', 'a/']
  for (const target of inside) assert.ok(staysInside(['link'], target), target)
  for (const target of ['..', '../..', '../../a', '../.']) assert.ok(staysInside(['x', 'y', 'link'], target), target)
  const outside = ['..', '../a', '/etc', 'a/../../b', 'a/..', '', '\\\\host\\share', 'C:\\x', '..\\x', 'a\0']
  for (const target of outside) assert.ok(!staysInside(['link'], target), target)
  assert.ok(!staysInside(['x', 'link'], '../..'))
  assert.ok(!staysInside(['x', 'link'], 'up/../b'))
})

test('a tree is placed in pieces: of one huge folder, of many small ones, of a hundred, and of twins that all get numbers', () => {
  const flat = Array.from({ length: 20_000 }, (_, i) => ({ path: [`file ${i}`] }))
  const deep = Array.from({ length: 20_000 }, (_, i) => ({ path: [`folder ${i}`, 'file'] }))
  const twins = Array.from({ length: 20_000 }, (_, i) => ({ path: [`aux${'.'.repeat(i % 50)}${' '.repeat(i % 400)}`] }))
  const broad = Array.from({ length: 20_000 }, (_, i) => ({ path: [`folder ${i % 100}`, `file ${i}`] }))
  for (const files of [flat, deep, twins, broad]) {
    const work = placing({ files, folders: [], symlinks: [] }, NAME_RULES.windows)
    let pieces = 1
    for (let step = work.next(); ; step = work.next()) {
      if (step.done === true) {
        assert.equal(step.value.files.length, files.length)
        break
      }
      pieces++
    }
    assert.ok(pieces >= 18, `${pieces} pieces`)
  }
})
