// The skeleton's byte stream per root, as it is served: rows of 1 MiB, the last one shorter. Also the roots themselves.
import { CodedError } from '../errors.ts'
import type { Db } from './db.ts'

const PART_BYTES = 1024 * 1024

/** The row of a root, made when it is missing. */
export function rootId(db: Db, root: string): number {
  const known = findRootId(db, root)
  if (known !== undefined) return known
  db.run('INSERT INTO root (cid) VALUES (?)', root)
  return db.get<{ id: number }>('SELECT id FROM root WHERE cid = ?', root)!.id
}

export function findRootId(db: Db, root: string): number | undefined {
  return db.get<{ id: number }>('SELECT id FROM root WHERE cid = ?', root)?.id
}

/** Forgets a root, with its skeleton, that nothing speaks of any more. */
export function dropUnusedRoot(db: Db, id: number): void {
  db.run(
    `DELETE FROM root WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM share WHERE root_id = ?1)
       AND NOT EXISTS (SELECT 1 FROM transfer WHERE root_id = ?1)
       AND NOT EXISTS (SELECT 1 FROM download WHERE root_id = ?1)`,
    id
  )
}

/** How many bytes of the root's skeleton are stored: a prefix of it. */
export function skeletonBytes(db: Db, root: string): number {
  const last = db.get<{ part: number; bytes: number }>(
    `SELECT part, length(bytes) AS bytes FROM skeleton
       WHERE root_id = (SELECT id FROM root WHERE cid = ?) ORDER BY part DESC LIMIT 1`,
    root
  )
  return last === undefined ? 0 : last.part * PART_BYTES + last.bytes
}

/** Appends verified bytes; `offset` must be what `skeletonBytes` says. */
export function appendSkeleton(db: Db, root: string, offset: number, bytes: Uint8Array): void {
  db.transaction('written', () => {
    const id = rootId(db, root)
    if (skeletonBytes(db, root) !== offset) throw new CodedError('internal', 'A skeleton has a gap.')
    let part = Math.floor(offset / PART_BYTES)
    let at = 0
    const begun = offset % PART_BYTES
    if (begun > 0) {
      at = Math.min(bytes.length, PART_BYTES - begun)
      const head = partOf(db, id, part) ?? new Uint8Array(0)
      const whole = Buffer.concat([head, bytes.subarray(0, at)])
      db.run('UPDATE skeleton SET bytes = ? WHERE root_id = ? AND part = ?', whole, id, part)
      part++
    }
    for (; at < bytes.length; at += PART_BYTES, part++) {
      db.run('INSERT INTO skeleton VALUES (?, ?, ?)', id, part, bytes.subarray(at, at + PART_BYTES))
    }
  })
}

/** At most `maxBytes` from `offset`, fewer at the end of a row; undefined when nothing is there. */
export function readSkeleton(db: Db, root: string, offset: number, maxBytes: number): Uint8Array | undefined {
  if (!Number.isSafeInteger(offset) || offset < 0 || maxBytes < 1) return undefined
  const row = db.get<{ bytes: Uint8Array }>(
    `SELECT substr(bytes, ?3, ?4) AS bytes FROM skeleton
       WHERE root_id = (SELECT id FROM root WHERE cid = ?1) AND part = ?2`,
    root,
    Math.floor(offset / PART_BYTES),
    (offset % PART_BYTES) + 1,
    maxBytes
  )
  return row === undefined || row.bytes.length === 0 ? undefined : row.bytes
}

/** The stored skeleton from its beginning, row by row. */
export function* skeletonParts(db: Db, root: string): Generator<Uint8Array> {
  const id = findRootId(db, root)
  if (id === undefined) return
  for (let part = 0; ; part++) {
    const bytes = partOf(db, id, part)
    if (bytes === undefined) return
    yield bytes
  }
}

/** Joins pieces of any size into 1 MiB, so that a skeleton is stored in few statements. */
export function* inParts(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  let waiting: Uint8Array[] = []
  let bytes = 0
  for (const piece of pieces) {
    waiting.push(piece)
    bytes += piece.length
    if (bytes < PART_BYTES) continue
    yield Buffer.concat(waiting)
    waiting = []
    bytes = 0
  }
  if (bytes > 0) yield Buffer.concat(waiting)
}

function partOf(db: Db, id: number, part: number): Uint8Array | undefined {
  return db.get<{ bytes: Uint8Array }>('SELECT bytes FROM skeleton WHERE root_id = ? AND part = ?', id, part)?.bytes
}
