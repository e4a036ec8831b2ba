import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHUNK_BYTES } from '../content/limits.ts'
import type { FileStat } from './file-stat.ts'
import type { Failure, HashAnswer } from './hash-messages.ts'
import { DIGEST_BYTES, STAT_COLUMNS } from './hash-messages.ts'
import { type HashBatch, type Hashed, HashRun, type ToHash, chunkCount } from './hash-run.ts'

const STAT: FileStat = { size: 0, mtimeNs: 2n, ctimeNs: 3n, dev: 4n, ino: 2n ** 64n - 1n }
const files = (...sizes: number[]): ToHash[] => sizes.map((size, i) => ({ path: `${i}`, stat: { ...STAT, size } }))

/** What a thread answers when nothing happens to the files: the digest of a chunk is its number in the file, repeated. */
function answerTo(batch: HashBatch<ToHash>): HashAnswer {
  const digests: number[] = []
  const stats: bigint[] = []
  for (const { slice } of batch) {
    for (let i = 0; i < chunkCount(slice.end - slice.start); i++) {
      digests.push(...Array<number>(DIGEST_BYTES).fill(slice.start / CHUNK_BYTES + i))
    }
    for (let row = 0; row < 2; row++) stats.push(BigInt(slice.sizeBytes), 2n, 3n, 4n, -1n)
  }
  const failures = batch.map(() => null)
  return { kind: 'hash', failures, digests: Uint8Array.from(digests), stats: BigInt64Array.from(stats) }
}

function open(toHash: ToHash[]): { run: HashRun<ToHash>; results: Map<string, Hashed | Failure> } {
  const results = new Map<string, Hashed | Failure>()
  const onFile = (file: ToHash, result: Hashed | Failure): void => {
    assert.ok(!results.has(file.path), 'one result for each')
    results.set(file.path, result)
  }
  return { run: new HashRun(toHash, () => 7, onFile), results }
}

test('slices come back in any order, every file is finished once, with its digests in order', () => {
  const sizes = [0, 1, 100 * CHUNK_BYTES + 1, 3, 32 * CHUNK_BYTES, 5]
  const { run, results } = open(files(...sizes))
  const batches: HashBatch<ToHash>[] = []
  for (let batch = run.next(); batch != null; batch = run.next()) batches.push(batch)
  for (const batch of batches.toReversed()) {
    assert.ok(!run.isDone)
    run.take(batch, answerTo(batch))
  }
  assert.ok(run.isDone)
  sizes.forEach((size, i) => {
    const result = results.get(`${i}`)
    assert.ok(result != null && 'digests' in result)
    assert.equal(result.readAtMs, 7)
    assert.equal(result.digests.length, DIGEST_BYTES * chunkCount(size))
    assert.ok(result.digests.every((value, at) => value === Math.floor(at / DIGEST_BYTES)))
  })
})

test('a stat that differs after reading is a change, even if it was right before', () => {
  for (let column = 0; column < STAT_COLUMNS; column++) {
    const { run, results } = open(files(10, 20))
    const batch = run.next()
    assert.ok(batch != null)
    const answer = answerTo(batch)
    answer.stats[STAT_COLUMNS + column] = 99n
    run.take(batch, answer)
    assert.deepEqual(results.get('0'), { why: 'changed' })
    assert.ok('digests' in (results.get('1') ?? {}))
    assert.ok(run.isDone)
  }
})

test('nothing more is read of a file that failed', () => {
  const { run, results } = open(files(1000 * CHUNK_BYTES, 1))
  const [first, second] = [run.next(), run.next()]
  assert.ok(first != null && second != null)
  run.take(first, { ...answerTo(first), failures: [{ why: 'system', errno: 'EIO' }] })
  run.take(second, answerTo(second))
  const last = run.next()
  assert.ok(last != null)
  run.take(last, answerTo(last))
  assert.equal(run.next(), undefined)
  assert.ok(run.isDone)
  assert.deepEqual([...results.keys()], ['0', '1'])
})
