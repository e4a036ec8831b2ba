import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Crafted } from '../testing/crafted-dag.ts'
import {
  DIRECTORY,
  FILE,
  HAMT,
  METADATA,
  RAW_TYPE,
  SYMLINK,
  accepted,
  directory,
  fileNode,
  hamt,
  leaf,
  node,
  read,
  refused
} from '../testing/crafted-dag.ts'
import { Expansion } from './expansion.ts'

// Every refusal of DESIGN.md, "Limits of content", from blocks whose hashes are right.

const x = leaf('x')
const xs = (count: number): [Crafted, number][] => Array.from({ length: count }, () => [x, 1])
const times = (count: number, start: Crafted, wrap: (inner: Crafted) => Crafted): Crafted => {
  let crafted = start
  for (let i = 0; i < count; i++) crafted = wrap(crafted)
  return crafted
}
const entries = (count: number, to: Crafted): Record<string, Crafted> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}`, to]))

// Depth

const tall = (levels: number): Crafted => times(levels - 1, fileNode(xs(1)), inner => fileNode([[inner, 1]]))
accepted(
  'a file of 6 levels',
  () => tall(6),
  layout => assert.equal(layout.leafCount, 1)
)
refused('a file of 7 levels', 'too-large', () => tall(7))
refused('a file of 7 levels, the lower 4 known before', 'too-large', () =>
  directory({ a: tall(4), b: times(3, tall(4), inner => fileNode([[inner, 1]])) })
)

const deepHamt = (levels: number): Crafted => times(levels - 1, hamt({ '00a': x }), inner => hamt({ FF: inner }))
accepted(
  'a HAMT of 8 levels',
  () => deepHamt(8),
  layout => assert.deepEqual(layout.files[0]?.path, ['a'])
)
refused('a HAMT of 9 levels', 'too-large', () => deepHamt(9))
accepted(
  'tall files make no HAMT tall',
  () => {
    const level = hamt({ '00f': tall(6) })
    return directory({ a: level, b: times(4, level, inner => hamt({ FF: inner })) })
  },
  layout => assert.equal(layout.leafCount, 2)
)
refused('a HAMT of 9 levels, the lower 4 known before', 'too-large', () =>
  directory({ a: deepHamt(4), b: times(5, deepHamt(4), inner => hamt({ FF: inner })) })
)

const nested = (folders: number): Crafted => times(folders, directory({}), inner => directory({ d: inner }))
accepted(
  '256 nested folders',
  () => nested(256),
  layout => assert.equal(layout.folders.at(-1)?.length, 256)
)
refused('257 nested folders', 'too-large', () => nested(257))
refused('257 nested folders, the lower 200 known before', 'too-large', () =>
  directory({ a: nested(200), b: times(56, nested(200), inner => directory({ d: inner })) })
)

const long = (lastName: number): Crafted =>
  times(15, directory({ ['n'.repeat(lastName)]: x }), inner => directory({ ['n'.repeat(255)]: inner }))
accepted(
  'a path of 4,096 bytes',
  () => long(256),
  layout => assert.equal(layout.files[0]?.path.join('/').length, 4096)
)
refused('a path of 4,097 bytes', 'too-large', () => long(257))
refused('a folder name of 4,097 bytes', 'too-large', () => directory({ ['é'.repeat(2048) + 'x']: directory({}) }))
refused('a path of 4,097 bytes in a folder known before', 'too-large', () =>
  directory({ a: long(1), b: directory({ ['b'.repeat(4096 - 2 - 15 * 256)]: long(1) }) })
)
accepted(
  'a path of 4,096 bytes in a folder known before',
  () => directory({ a: long(1), b: directory({ ['b'.repeat(4096 - 2 - 15 * 256 - 2)]: long(1) }) }),
  layout => assert.equal(layout.files[1]?.path.join('/').length, 4096)
)

// Counts: a diamond is counted before it is expanded

const wide = (count: number, to: Crafted, sizeBytes: number): Crafted =>
  fileNode(Array.from({ length: count }, () => [to, sizeBytes]))
const million = (): Crafted => wide(1000, wide(1000, x, 1), 1000)
accepted(
  'a diamond of 3 M leaves',
  () => wide(3, million(), 1e6),
  layout => {
    assert.equal(layout.leafCount, 3e6)
    assert.equal(layout.leafOffset(2_999_999), 2_999_999)
  }
)
refused('a diamond of 4 M leaves and their nodes', 'too-large', () => wide(4, million(), 1e6))
refused('a diamond of 10^15 leaves', 'too-large', () => wide(1000, wide(1000, wide(1000, million(), 1e6), 1e9), 1e12))
/** The same, below blocks of so many bytes. */
const padded = (bytes: number, to: Crafted): Crafted =>
  directory({
    '!': directory(Object.fromEntries(Array.from({ length: bytes / 4000 }, (_, i) => [`${i}`.padStart(4000, '!'), x]))),
    z: to
  })
refused('few blocks and many long paths', 'too-large', () =>
  padded(
    200_000,
    times(15, directory(entries(600, directory(entries(600, x)))), inner => directory({ ['n'.repeat(255)]: inner }))
  )
)
refused('few blocks and many deep folders', 'too-large', () =>
  times(250, directory(entries(260, directory(entries(260, directory({}))))), inner => directory({ d: inner }))
)
refused('few blocks and more files than their bytes may stand for', 'too-large', () =>
  directory(entries(500, directory(entries(600, x))))
)
accepted(
  'the same files in blocks of more bytes',
  () => padded(200_000, directory(entries(500, directory(entries(600, x))))),
  layout => assert.equal(layout.files.length, 300_050)
)
accepted(
  'a thousand copies of a small folder',
  () => directory(entries(1000, directory(entries(190, x)))),
  layout => assert.equal(layout.files.length, 190_000)
)
test('files that are met again are counted before one of them is copied', t => {
  const copied = t.mock.method(Expansion.prototype, 'copy')
  const root = directory(entries(4, directory(entries(900, directory(entries(1000, x))))))
  assert.throws(() => read(root), { code: 'too-large' })
  const files = copied.mock.calls.reduce((sum, { arguments: [{ from, to }] }) => sum + to.files - from.files, 0)
  assert.ok(files < 350_000, `${files} of 3.6 million`)
})

// Blocks

refused('a leaf longer than 2 MiB in a file', 'too-large', () => fileNode([[x, 2 * 1024 * 1024 + 1]]))
refused('a leaf longer than 2 MiB in a folder', 'too-large', () => directory({ x }, 2 * 1024 * 1024 + 1))
accepted(
  'a leaf of 2 MiB',
  () => directory({ x }, 2 * 1024 * 1024),
  layout => assert.equal(layout.sizeBytes, 2097152)
)
refused('a leaf that says it is empty and is not', 'bad-content', () => directory({ x }, 0))
refused('an empty leaf that says it is not', 'bad-content', () => fileNode([[leaf(''), 1]]))
refused('a leaf in a folder without a size', 'unsupported-layout', () =>
  node({ type: DIRECTORY }, [{ to: x, name: 'x' }])
)
// Sizes

refused('fewer sizes than links', 'bad-content', () => fileNode(xs(2), { blockSizes: [2], fileSize: 2 }))
refused('more sizes than links', 'bad-content', () => fileNode(xs(1), { blockSizes: [1, 1], fileSize: 2 }))
refused('a total that is not the sum', 'bad-content', () => fileNode(xs(2), { fileSize: 3 }))
accepted(
  'no total',
  () => node({ type: FILE, blockSizes: [1] }, [{ to: x }]),
  it => assert.equal(it.sizeBytes, 1)
)
refused('a part of another size than its parent says', 'bad-content', () => fileNode([[fileNode(xs(2)), 3]]))
refused('a part known before of another size', 'bad-content', () =>
  directory({ a: tall(1), b: fileNode([[tall(1), 2]]) })
)
refused('sizes beyond 2^53', 'bad-content', () =>
  fileNode(
    [
      [tall(1), 2 ** 53 - 1],
      [tall(2), 2 ** 53 - 1]
    ],
    { fileSize: 0 }
  )
)

// Files

refused('data beside links', 'bad-content', () => fileNode(xs(1), { data: 'inline' }))
refused('file data in a dag-pb block', 'unsupported-layout', () => node({ type: FILE, data: 'inline', fileSize: 6 }))
refused('raw data in a dag-pb block', 'unsupported-layout', () =>
  fileNode([[node({ type: RAW_TYPE, data: 'inline', fileSize: 6 }), 6]])
)
refused('names in a file', 'bad-content', () => node({ type: FILE, blockSizes: [1] }, [{ to: x, name: 'x' }]))
refused('a folder in a file', 'bad-content', () => fileNode([[directory({}), 0]]))
refused('a folder known before in a file', 'bad-content', () =>
  directory({ a: directory({}), b: fileNode([[directory({}), 0]]) })
)
refused('metadata', 'unsupported-layout', () => node({ type: METADATA, data: 'm' }))
refused('a UnixFS type nobody knows', 'unsupported-layout', () => node({ type: 9 }))
refused('no UnixFS type', 'unsupported-layout', () => node({ fileSize: 0 }))
refused('no UnixFS data', 'unsupported-layout', () => node(undefined, [{ to: x, name: 'x', dagBytes: 1 }]))

// Folders

refused('two entries of one name', 'bad-content', () =>
  node({ type: DIRECTORY }, [
    { to: x, name: 'a', dagBytes: 1 },
    { to: leaf('y'), name: 'a', dagBytes: 1 }
  ])
)
refused('data in a folder', 'bad-content', () => node({ type: DIRECTORY, data: 'd' }))
refused('sizes in a folder', 'bad-content', () => node({ type: DIRECTORY, blockSizes: [1] }))
for (const name of ['', '.', '..', 'a/b', '/', 'a\\b', 'a\0b', Buffer.of(0x61, 0xff), Buffer.of(0xed, 0xa0, 0x80)]) {
  const shown = typeof name === 'string' ? JSON.stringify(name) : name.toString('hex')
  refused(`the name ${shown}`, 'unsafe-name', () => node({ type: DIRECTORY }, [{ to: x, name, dagBytes: 1 }]))
  if (name === '') continue
  refused(`the name ${shown} in a HAMT`, 'unsafe-name', () => {
    const bits = Buffer.of(1)
    const whole = Buffer.concat([Buffer.from('00'), Buffer.from(name)])
    return node({ type: HAMT, data: bits, hashType: 0x22, fanout: 256 }, [{ to: x, name: whole, dagBytes: 1 }])
  })
}
refused('no name', 'unsafe-name', () => node({ type: DIRECTORY }, [{ to: x, dagBytes: 1 }]))
accepted(
  'a name that begins with a byte order mark keeps it',
  () => directory({ '\ufeffa': x }),
  layout => assert.deepEqual(layout.files[0]?.path, ['\ufeffa'])
)

// HAMT

refused('a HAMT with another hash', 'unsupported-layout', () => hamt({ '00a': x }, { hashType: 0x12 }))
for (const fanout of [0, 1, 4, 100, 2048, 2 ** 33 + 256]) {
  refused(`a HAMT of ${fanout} slots`, 'unsupported-layout', () => hamt({ '00a': x }, { fanout }))
}
refused('more bits than slots', 'bad-content', () =>
  hamt({ '00a': x }, { data: Buffer.concat([Buffer.alloc(32), Buffer.of(1)]) })
)
refused('more links than bits', 'bad-content', () => hamt({ '00a': x, '01b': x }, { data: Buffer.of(1) }))
refused('fewer links than bits', 'bad-content', () => hamt({ '00a': x }, { data: Buffer.of(3) }))
refused('a link in another slot than the bit', 'bad-content', () => hamt({ '01a': x }, { data: Buffer.of(1) }))
refused('slots out of order', 'bad-content', () => hamt({ '01b': x, '00a': x }))
refused('a slot in small letters', 'bad-content', () => hamt({ ffa: x }))
refused('a slot cut short', 'bad-content', () => hamt({ '0': x }, { data: Buffer.of(1) }))
refused('a level that is a leaf', 'bad-content', () => hamt({ '00': x }))
refused('a level that is a folder', 'bad-content', () => hamt({ '00': directory({ a: x }) }))
refused('a level of another fanout', 'bad-content', () =>
  hamt({
    '00': node({ type: HAMT, data: Buffer.of(1), hashType: 0x22, fanout: 16 }, [{ to: x, name: '0a', dagBytes: 1 }])
  })
)
refused('an empty level', 'bad-content', () => hamt({ '00': hamt({}) }))
accepted(
  'an empty HAMT is an empty folder',
  () => hamt({}),
  layout => assert.equal(layout.kind, 'folder')
)
refused('one name on two levels', 'bad-content', () => hamt({ '00': hamt({ '00a': x }), '01a': leaf('y') }))
refused('one level twice', 'bad-content', () => hamt({ '00': hamt({ '00a': x }), '01': hamt({ '00a': x }) }))
for (const [what, entry] of [
  ['folder', directory({ a: x })],
  ['symlink', node({ type: SYMLINK, data: 't' })],
  ['file', tall(2)]
] as const) {
  refused(`one level twice, with a ${what}`, 'bad-content', () => {
    const level = hamt({ '00e': entry })
    return hamt({ '00': level, '01': level })
  })
}
refused('sizes in a HAMT', 'bad-content', () => hamt({ '00a': x }, { blockSizes: [1] }))
accepted(
  'a level shared by two folders',
  () => {
    const level = hamt({ '00d': directory({ a: x }), '01s': node({ type: SYMLINK, data: 't' }), '02f': tall(2) })
    return directory({ p: hamt({ '00': level, '01a': x }), q: hamt({ '00a': x, '07': level }), r: level })
  },
  layout => {
    const paths = layout.files.map(({ path }) => path.join('/'))
    assert.deepEqual(paths, ['p/d/a', 'p/f', 'p/a', 'q/a', 'q/d/a', 'q/f', 'r/d/a', 'r/f'])
    assert.deepEqual(
      layout.folders.map(path => path.join('/')),
      ['p', 'p/d', 'q', 'q/d', 'r', 'r/d']
    )
    assert.deepEqual(
      layout.symlinks.map(({ path }) => path.join('/')),
      ['p/s', 'q/s', 'r/s']
    )
  }
)

// Symlinks

refused('a root that is a symlink', 'unsupported-layout', () => node({ type: SYMLINK, data: 't' }))
for (const data of ['', 'a\0b', Buffer.of(0xff)]) {
  refused(`a symlink to ${JSON.stringify(data)}`, 'unsafe-name', () => directory({ l: node({ type: SYMLINK, data }) }))
}
refused('a symlink to 4,097 bytes', 'too-large', () =>
  directory({ l: node({ type: SYMLINK, data: 't'.repeat(4097) }) })
)
refused('a symlink with links', 'bad-content', () => directory({ l: node({ type: SYMLINK, data: 't' }, [{ to: x }]) }))
