import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import { CodedError } from '../errors.ts'
import type { SourceTree } from './build.ts'
import { buildDag } from './build.ts'
import type { Crafted } from '../testing/crafted-dag.ts'
import { accepted, directory, hamt, leaf, refused } from '../testing/crafted-dag.ts'
import { file, folder } from '../testing/sample-content.ts'
import { layoutOf } from './skeleton.ts'

// Refusals that take tens of megabytes to reach.

refused('a skeleton out of proportion to its content', 'too-large', () => {
  const padding = 'n'.repeat(4000)
  const full = (i: number): Crafted =>
    directory(Object.fromEntries(Array.from({ length: 500 }, (_, j) => [`${i}-${j}-${padding}`, directory({})])))
  return directory(Object.fromEntries(Array.from({ length: 35 }, (_, i) => [`${i}`, full(i)])))
})

refused('a diamond of 10^9 folders', 'too-large', () => {
  const thousand = (to: Crafted): Crafted =>
    directory(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`${i}`, to])))
  return thousand(thousand(thousand(directory({}))))
})

/** A HAMT of this many entries, no name twice. */
function hamtOf(entries: number): Crafted {
  const x = leaf('x')
  const slots = Array.from({ length: 256 }, (_, i) => i.toString(16).toUpperCase().padStart(2, '0'))
  const levelOf = (path: string, count: number): Crafted => {
    const share = Math.ceil(count / 256)
    const below = new Map<string, Crafted>()
    let left = count
    for (const slot of slots) {
      const here = Math.min(left, share)
      if (here === 1) below.set(`${slot}${path}${slot}`, x)
      else if (here > 1) below.set(slot, levelOf(path + slot, here))
      left -= here
    }
    return hamt(below)
  }
  return levelOf('', entries)
}

accepted(
  'a folder of 1,000,000 entries',
  () => hamtOf(1e6),
  layout => assert.equal(layout.files.length, 1e6)
)
refused('a folder of 1,000,001 entries', 'too-large', () => hamtOf(1e6 + 1))

test('a file of 1 TiB and 5 bytes, and 100,000 small files, in seconds', () => {
  const leafCount = 1024 * 1024 + 1
  const digests = new Uint8Array(leafCount * 32)
  new DataView(digests.buffer).setUint32(digests.length - 32, 1)
  const { layout } = buildDag({ kind: 'file', leaves: { digests, sizeBytes: 2 ** 40 + 5 } })
  assert.deepEqual([layout.leafCount, layout.leafBytes(leafCount - 1), layout.sizeBytes], [leafCount, 5, 2 ** 40 + 5])
  const entries = Array.from({ length: 100_000 }, (_, i): [string, SourceTree] => [
    `file-${i}`,
    { kind: 'file', leaves: { digests: hash('sha256', `${i}`, 'buffer'), sizeBytes: 10 } }
  ])
  const built = buildDag(folder(entries))
  assert.equal(built.layout.files.length, 100_000)
  const before = process.cpuUsage()
  layoutOf(built.root, built.skeleton)
  const { user, system } = process.cpuUsage(before)
  assert.ok(user + system < 4e6, 'seconds of CPU, whatever else the machine does')
})

test('a folder of 1,000,001 entries is not shared: too-large', () => {
  const entry = file(Buffer.from('x'))
  function* entries(): Generator<[string, SourceTree]> {
    for (let i = 0; i <= 1e6; i++) yield [`${i}`, entry]
  }
  assert.throws(
    () => buildDag(folder(entries())),
    error => error instanceof CodedError && error.code === 'too-large'
  )
})
