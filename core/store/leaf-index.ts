// Which shares hold a leaf, by the first 8 bytes of its digest: some 25 bytes a leaf. The full digest is compared by whoever looks.
import type { Layout } from '../content/layout.ts'
import type { Db } from './db.ts'

const SAME_PER_ROOT = 4 // a sparse file repeats one leaf a million times; a few positions are enough to find it
const MAX_FOUND = 8
const MAX_ORDINAL = 2 ** 22
const GROUPS = 256
const SLICE_LEAVES = 1_000
const SORTED_AT_ONCE = 16_384

/** Where a leaf with such a digest may be: a position in the root of a share. */
export interface Candidate {
  readonly root: string
  readonly ordinal: number
}

/** Adds the leaves of a root, some thousand of them in a step and a transaction. */
export function* addLeafSteps(db: Db, rootId: number, layout: Layout): Generator<void> {
  let last: bigint | undefined
  let same = 0
  for (const slice of inTableOrder(layout)) {
    if (slice != null) {
      db.transaction('written', () => {
        for (const ordinal of slice) {
          const prefix = prefixOf(layout.digest(ordinal))
          same = prefix === last ? same + 1 : 0
          last = prefix
          if (same < SAME_PER_ROOT) db.run('INSERT OR IGNORE INTO leaf VALUES (?, ?, ?)', prefix, rootId, ordinal)
        }
      })
    }
    yield
  }
}

/** Ordinals in the order of the table, so that rows are appended and not scattered; nothing in a step that only sorts. */
function* inTableOrder(layout: Layout): Generator<readonly number[] | undefined> {
  const { leafCount } = layout
  const ends = new Uint32Array(GROUPS) // of the leaves by the first byte of their digest
  for (let i = 0; i < leafCount; i++) {
    const group = groupOf(layout.digest(i))
    ends[group] = ends[group]! + 1
    if (i % SORTED_AT_ONCE === SORTED_AT_ONCE - 1) yield undefined
  }
  for (let group = 1; group < GROUPS; group++) ends[group] = ends[group]! + ends[group - 1]!
  const keys = new Float64Array(leafCount)
  const next = Uint32Array.from(ends, (_, group) => (group === 0 ? 0 : ends[group - 1]!))
  for (let i = 0; i < leafCount; i++) {
    const digest = layout.digest(i)
    const group = groupOf(digest)
    const at = next[group]!
    next[group] = at + 1
    // 31 + 22 bits fit a double
    keys[at] = (new DataView(digest.buffer, digest.byteOffset).getInt32(0) >> 1) * MAX_ORDINAL + i
    if (i % SORTED_AT_ONCE === SORTED_AT_ONCE - 1) yield undefined
  }
  let waiting: number[] = []
  for (let group = 0, start = 0; group < GROUPS; start = ends[group++]!) {
    for (const key of keys.subarray(start, ends[group]).sort()) {
      waiting.push(((key % MAX_ORDINAL) + MAX_ORDINAL) % MAX_ORDINAL)
      if (waiting.length < SLICE_LEAVES) continue
      yield waiting
      waiting = []
    }
  }
  yield waiting
}

/** In the order of signed integers. */
const groupOf = (digest: Uint8Array): number => digest[0]! ^ 0x80

/** Takes the leaves of a root out, a part of the table in a step. */
export function* dropLeafSteps(db: Db, rootId: number): Generator<void> {
  const width = 2n ** 64n / BigInt(GROUPS)
  for (let from = -(2n ** 63n); from < 2n ** 63n; from += width) {
    db.run('DELETE FROM leaf WHERE prefix BETWEEN ? AND ? AND root_id = ?', from, from + width - 1n, rootId)
    yield
  }
}

export function dropLeaves(db: Db, rootId: number): void {
  db.run('DELETE FROM leaf WHERE root_id = ?', rootId)
}

export function candidates(db: Db, digest: Uint8Array): Candidate[] {
  return db.all<Candidate>(
    `SELECT root.cid AS root, leaf.ordinal FROM leaf JOIN root ON root.id = leaf.root_id WHERE prefix = ? LIMIT ?`,
    prefixOf(digest),
    MAX_FOUND
  )
}

export function isLeafIndexEmpty(db: Db): boolean {
  return db.get('SELECT 1 FROM leaf LIMIT 1') == null
}

function prefixOf(digest: Uint8Array): bigint {
  return new DataView(digest.buffer, digest.byteOffset).getBigInt64(0)
}
