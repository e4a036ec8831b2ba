import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Code } from '../errors.ts'
import { CodedError } from '../errors.ts'
import type { SourceTree } from './build.ts'
import { buildDag, buildSteps } from './build.ts'
import { varint } from '../testing/crafted-dag.ts'
import { file, folder, keyStream } from '../testing/sample-content.ts'
import { layoutOf } from './skeleton.ts'

const x = file(Buffer.from('x'))
const MIB = 1024 * 1024

function refused(what: string, code: Code, make: () => SourceTree): void {
  test(`${what}: ${code}`, () => {
    assert.throws(
      () => buildDag(make()),
      error => error instanceof CodedError && (assert.equal(error.code, code, error.message), true)
    )
  })
}

function nested(folders: number): SourceTree {
  let tree = folder({})
  for (let i = 0; i < folders; i++) tree = folder({ d: tree })
  return tree
}

function path(last: number): SourceTree {
  let tree = folder({ ['n'.repeat(last)]: x })
  for (let i = 0; i < 15; i++) tree = folder({ ['é'.repeat(127) + 'e']: tree })
  return tree
}

for (const name of ['', '.', '..', 'a/b', 'a\\b', 'a\0', '\ud800']) {
  refused(`the name ${JSON.stringify(name)}`, 'unsafe-name', () => folder({ d: folder({ [name]: x }) }))
}
for (const target of ['', 'a\0', '\udc00']) {
  refused(`a symlink to ${JSON.stringify(target)}`, 'unsafe-name', () => folder({ l: { kind: 'symlink', target } }))
}
refused('a symlink to 4,097 bytes', 'too-large', () => folder({ l: { kind: 'symlink', target: 't'.repeat(4097) } }))
refused('a lone symlink', 'unsupported-layout', () => ({ kind: 'symlink', target: 't' }))
refused('257 nested folders', 'too-large', () => nested(257))
refused('10,000 nested folders', 'too-large', () => nested(10_000))
refused('a path of 4,097 bytes', 'too-large', () => path(257))
refused('a file of more than 4 M leaves', 'too-large', () => ({
  kind: 'file',
  leaves: { digests: new Uint8Array(0), sizeBytes: 4_000_001 * MIB }
}))
refused('digests that do not fit the size', 'internal', () => ({
  kind: 'file',
  leaves: { digests: new Uint8Array(32), sizeBytes: MIB + 1 }
}))

test('256 nested folders and a path of 4,096 bytes can be shared', () => {
  assert.equal(buildDag(nested(256)).layout.folders.length, 256)
  assert.equal(Buffer.byteLength(buildDag(path(256)).layout.files[0]?.path.join('/') ?? ''), 4096)
})

// Both have the murmur3-x64-64 hash 0bc1ac1aca81a630.
const twins = folder([
  ['the first of two, hashed equally', x],
  ["other-000001zs0jUF'(6y;r0jPFFdTP", x]
])
test('two names of the same hash fit in one block', () => assert.equal(buildDag(twins).layout.files.length, 2))
refused('two names of the same hash in a HAMT', 'too-large', () => {
  if (twins.kind === 'folder') for (let i = 0; i < 3000; i++) twins.entries.set(`${i}`.padStart(60, '0'), x)
  return twins
})

test('sizes around every power of two that a 32-bit number could trip over', () => {
  for (const gib of [1, 2, 3, 4, 6, 10, 128]) {
    for (const more of [-MIB, -1, 0, 1]) {
      const sizeBytes = gib * 2 ** 30 + more
      const digests = new Uint8Array(Math.ceil(sizeBytes / MIB) * 32)
      new DataView(digests.buffer).setUint32(digests.length - 4, gib)
      const { layout, skeleton } = buildDag({ kind: 'file', leaves: { digests, sizeBytes } })
      assert.equal(layout.sizeBytes, sizeBytes)
      const root = Buffer.from(skeleton[0] ?? [])
      const field = Buffer.concat([Buffer.of(0x08, 2, 0x18), varint(sizeBytes)]) // Type = File, filesize
      assert.ok(root.includes(field), `${sizeBytes} stands in the root`)
    }
  }
})

test('a file of 1,025 chunks has two levels, full from the left', () => {
  const digests = keyStream('1,025 digests')(1025 * 32)
  const { skeleton, layout } = buildDag({ kind: 'file', leaves: { digests, sizeBytes: 1024 * MIB + 5 } })
  assert.equal(skeleton.length, 3)
  assert.deepEqual([layout.leafCount, layout.leafBytes(1024), layout.leafOffset(1024)], [1025, 5, 1024 * MIB])
  assert.deepEqual([...layout.digest(1024)], [...digests.subarray(-32)])
})

test('20,000 small files: more than 300 blocks, read again', () => {
  const digests = keyStream('20,000 digests')(20_000 * 32)
  const entries = Array.from({ length: 20_000 }, (_, i): [string, SourceTree] => [
    `file-${i}`,
    { kind: 'file', leaves: { digests: digests.subarray(i * 32, i * 32 + 32), sizeBytes: 10 } }
  ])
  const built = buildDag(folder(entries))
  assert.ok(built.skeleton.length > 300)
  assert.deepEqual(layoutOf(built.root, built.skeleton).files[9], built.layout.files[9])
})

test('what is big is built in steps, none of more than about a thousand entries, a thousand leaves or 64 KiB of skeleton', () => {
  const digests = Buffer.alloc(32)
  const leaves = { digests, sizeBytes: 5 }
  const small = (i: number): SourceTree => ({
    kind: 'folder',
    entries: new Map(Array.from({ length: 1_000 }, (_, j) => [`${i} ${j}`, { kind: 'file', leaves }]))
  })
  const big: SourceTree = {
    kind: 'file',
    leaves: { digests: Buffer.alloc(32 * 10_240), sizeBytes: 10_240 * 1024 * 1024 }
  }
  const entries = new Map(Array.from({ length: 20 }, (_, i) => [`folder ${i}`, small(i)]))
  const tree: SourceTree = { kind: 'folder', entries: new Map([...entries, ['big', big]]) }
  let steps = 0
  const building = buildSteps(tree)
  let built = building.next()
  for (; built.done !== true; built = building.next()) steps++
  const skeletonSteps = Math.floor(built.value.layout.skeletonBytes / (100 * 1024))
  assert.ok(steps >= 19 + 10 + skeletonSteps, `${steps} steps`)
  assert.deepEqual(built.value.root, buildDag(tree).root)
  assert.equal(built.value.layout.files.length, 20_001)
})

test('one big folder is hashed and divided in steps, too: none looks at many of its names', () => {
  const leaves = { digests: Buffer.alloc(32), sizeBytes: 5 }
  let names = 0 // looked at in this step
  let most = 0
  const count = (buffer: Buffer): Buffer => {
    names++
    return buffer
  }
  const entries = new Map(
    Array.from({ length: 20_000 }, (_, i): [string, SourceTree] => [`name ${i}`, { kind: 'file', leaves }])
  )
  const { compare, byteLength } = Buffer
  Buffer.compare = (a, b) => compare(count(a as Buffer), b)
  Buffer.byteLength = (...args) => {
    names++
    return byteLength(...args)
  }
  try {
    const building = buildSteps({ kind: 'folder', entries })
    for (let step = building.next(); step.done !== true; step = building.next()) {
      most = Math.max(most, names)
      names = 0
    }
  } finally {
    Object.assign(Buffer, { compare, byteLength })
  }
  assert.ok(most <= 4_096, `${most} names in one step`)
})
