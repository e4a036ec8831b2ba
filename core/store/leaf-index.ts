// Which shares hold a leaf, by the first 8 bytes of its digest: some 25 bytes a leaf. The full digest is compared by whoever looks.
import type { Layout } from '../content/layout.ts'
import type { Db } from './db.ts'

const SAME_PER_ROOT = 4 // a sparse file repeats one leaf a million times; a few positions are enough to find it
const MAX_FOUND = 8
const MAX_ORDINAL = 2 ** 22

/** Where a leaf with such a digest may be: a position in the root of a share. */
export interface Candidate {
  readonly root: string
  readonly ordinal: number
}

export function addLeaves(db: Db, rootId: number, layout: Layout): void {
  const keys = new Float64Array(layout.leafCount)
  for (let i = 0; i < keys.length; i++) {
    // In the order of the table, so that rows are appended and not scattered; 31 + 22 bits fit a double.
    const digest = layout.digest(i)
    keys[i] = (new DataView(digest.buffer, digest.byteOffset).getInt32(0) >> 1) * MAX_ORDINAL + i
  }
  keys.sort()
  let last: bigint | undefined
  let same = 0
  for (const key of keys) {
    const ordinal = ((key % MAX_ORDINAL) + MAX_ORDINAL) % MAX_ORDINAL
    const prefix = prefixOf(layout.digest(ordinal))
    same = prefix === last ? same + 1 : 0
    last = prefix
    if (same < SAME_PER_ROOT) db.run('INSERT OR IGNORE INTO leaf VALUES (?, ?, ?)', prefix, rootId, ordinal)
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
