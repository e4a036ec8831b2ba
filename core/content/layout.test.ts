import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseRoot } from '../cid.ts'
import { CodedError } from '../errors.ts'
import type { LayoutFile } from './layout.ts'
import { createLayout, rawRootLayout } from './layout.ts'

const root = parseRoot('bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e')
const MIB = 1024 * 1024

/** Files, each by the lengths of its leaves. */
function layoutOfLengths(lengths: readonly (readonly number[])[]): ReturnType<typeof createLayout> {
  const starts = [0]
  const files: LayoutFile[] = []
  for (const leaves of lengths) {
    const start = starts.length - 1
    const sizeBytes = leaves.reduce((sum, bytes) => sum + bytes, 0)
    for (const bytes of leaves) starts.push((starts.at(-1) ?? 0) + bytes)
    files.push({ path: [`${files.length}`], start, end: starts.length - 1, sizeBytes })
  }
  const digests = Buffer.alloc(32 * (starts.length - 1))
  digests.forEach((_, i) => (digests[i] = Math.floor(i / 32)))
  return createLayout({
    root,
    kind: 'folder',
    files,
    folders: [],
    symlinks: [],
    skeletonBytes: 0,
    digests,
    starts: Float64Array.from(starts)
  })
}

const leaf = fc.oneof(fc.integer({ min: 0, max: 2 * MIB }), fc.constantFrom(0, 1, MIB / 2, MIB - 1, MIB, MIB + 1))

test('every leaf is in its file, at its offset', () => {
  fc.assert(
    fc.property(fc.array(fc.array(leaf, { maxLength: 5 }), { maxLength: 12 }), lengths => {
      const layout = layoutOfLengths(lengths)
      let ordinal = 0
      for (const [index, leaves] of lengths.entries()) {
        let offset = 0
        for (const bytes of leaves) {
          assert.equal(layout.fileIndexOf(ordinal), index)
          assert.equal(layout.leafOffset(ordinal), offset)
          assert.equal(layout.leafBytes(ordinal), bytes)
          assert.deepEqual(
            [...layout.digest(ordinal)],
            Array.from({ length: 32 }, () => ordinal)
          )
          offset += bytes
          ordinal++
        }
      }
      assert.equal(layout.leafCount, ordinal)
      assert.throws(() => layout.leafBytes(ordinal), CodedError)
      const bytes = lengths.flat()
      for (let count = 0; count <= ordinal; count++) {
        const last = bytes.slice(ordinal - count).reduce((sum, it) => sum + it, 0)
        assert.equal(layout.runBytes(ordinal - count, count), last)
      }
      assert.throws(() => layout.runBytes(0, ordinal + 1), CodedError)
      assert.throws(() => layout.digest(-1), CodedError)
    })
  )
})

test('extents cover all leaves in order; each is at most 1 MiB or one leaf, and could not have taken the next', () => {
  fc.assert(
    fc.property(fc.array(leaf, { maxLength: 40 }), lengths => {
      const { extents, leafCount } = layoutOfLengths([lengths])
      assert.deepEqual([extents[0], extents.at(-1)], [0, leafCount])
      for (let i = 0; i + 1 < extents.length; i++) {
        const [first = 0, end = 0] = extents.subarray(i, i + 2)
        const bytes = lengths.slice(first, end).reduce((sum, length) => sum + length, 0)
        assert.ok(end > first && (end === first + 1 || bytes <= MIB))
        assert.ok(end === leafCount || bytes + (lengths[end] ?? 0) > MIB)
      }
    })
  )
})

test('a raw root is one leaf', () => {
  const layout = rawRootLayout(root, 11)
  assert.deepEqual([layout.kind, layout.leafCount, layout.sizeBytes, layout.skeletonBytes], ['file', 1, 11, 0])
  assert.deepEqual([...layout.digest(0)], [...root.multihash.digest])
  assert.deepEqual(layout.files, [{ path: [], start: 0, end: 1, sizeBytes: 11 }])
  assert.deepEqual([...layout.extents], [0, 1])
  for (const sizeBytes of [-1, 0.5, NaN, 2 * MIB + 1, 2 ** 60]) {
    assert.throws(
      () => rawRootLayout(root, sizeBytes),
      error => error instanceof CodedError && error.code === 'too-large'
    )
  }
})
