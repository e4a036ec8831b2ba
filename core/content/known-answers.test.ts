import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildDag } from './build.ts'
import { file, folder, keyStream, leavesOf } from '../testing/sample-content.ts'

// IPIP-0499, "Test fixtures"; the same vectors as Kubo's cid_profiles_test.
const MIB = 1024 * 1024

test('one leaf is the root, not wrapped', () => {
  const { root, skeleton, layout } = buildDag(file(Buffer.from('hello world')))
  assert.equal(root.toString(), 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e')
  assert.deepEqual(skeleton, [])
  assert.equal(layout.sizeBytes, 11)
})

test('exactly one chunk', () => {
  const { root } = buildDag({ kind: 'file', leaves: leavesOf(MIB, keyStream('chunk-v1-seed')) })
  assert.equal(root.toString(), 'bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta')
})

test('one byte more than a chunk', () => {
  const { root, layout } = buildDag({ kind: 'file', leaves: leavesOf(MIB + 1, keyStream('chunk-v1-seed')) })
  assert.equal(root.toString(), 'bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64')
  assert.deepEqual([layout.leafCount, layout.leafBytes(0), layout.leafBytes(1)], [2, MIB, 1])
})

test('an empty directory', () => {
  const { root, layout } = buildDag(folder({}))
  assert.equal(root.toString(), 'bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354')
  assert.deepEqual([layout.kind, layout.leafCount, layout.files.length, [...layout.extents]], ['folder', 0, 0, [0]])
})

test('an empty file is the empty raw leaf', () => {
  const { root, layout } = buildDag(file(Buffer.alloc(0)))
  assert.equal(root.toString(), 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')
  assert.deepEqual([layout.leafCount, layout.leafBytes(0), layout.sizeBytes], [1, 0, 0])
})
