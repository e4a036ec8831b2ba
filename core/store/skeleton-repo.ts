// The skeleton's byte stream per root, as it is served, in rows of at most 1 MiB. Also the roots themselves.
import { CodedError } from '../errors.ts'
import type { Db } from './db.ts'

const ROW_BYTES = 1024 * 1024
const DROPPED_ROWS = 8 // at once
const SHORT_ROW_BYTES = 64 * 1024 // a shorter last row is filled up, so that small pieces do not become many rows

/** The root that rows hang from which are not there yet, or not any more; it is none of the user's. */
export const NO_ROOT = ''

const IS_UNUSED = `NOT EXISTS (SELECT 1 FROM share WHERE root_id = root.id)
  AND NOT EXISTS (SELECT 1 FROM transfer WHERE root_id = root.id)
  AND NOT EXISTS (SELECT 1 FROM download WHERE root_id = root.id)
  AND NOT EXISTS (SELECT 1 FROM copy WHERE root_id = (SELECT id FROM root WHERE cid = '${NO_ROOT}') AND base = root.cid)`

/** The row of a root, made when it is missing. */
export function rootId(db: Db, root: string): number {
  const known = findRootId(db, root)
  if (known != null) return known
  db.run('INSERT INTO root (cid) VALUES (?)', root)
  return db.get<{ id: number }>('SELECT id FROM root WHERE cid = ?', root)!.id
}

export function findRootId(db: Db, root: string): number | undefined {
  return db.get<{ id: number }>('SELECT id FROM root WHERE cid = ?', root)?.id
}

/** Forgets a root, with its skeleton, that nothing speaks of any more. */
export function dropUnusedRoot(db: Db, id: number): void {
  db.run(`DELETE FROM root WHERE id = ? AND ${IS_UNUSED}`, id)
}

/** Roots that nothing speaks of, and whose skeletons were last used before or after these times (milliseconds since 1970). */
export function forgottenRoots(db: Db, before: number, after: number): { id: number; root: string }[] {
  return db.all(
    `SELECT id, cid AS root FROM root WHERE (used_at < ? OR used_at > ?) AND ${IS_UNUSED} ORDER BY id`,
    before,
    after
  )
}

/** Takes some MiB off the end of such a root's skeleton, and then the root. True while there is more; nothing of a root that something speaks of. */
export function dropForgotten(db: Db, id: number): boolean {
  return db.transaction('written', () => {
    const dropped = db.run(
      `DELETE FROM skeleton WHERE root_id = ?1 AND start IN
         (SELECT start FROM skeleton WHERE root_id = ?1 ORDER BY start DESC LIMIT ${DROPPED_ROWS})
         AND EXISTS (SELECT 1 FROM root WHERE id = ?1 AND ${IS_UNUSED})`,
      id
    )
    if (dropped < DROPPED_ROWS) dropUnusedRoot(db, id)
    return dropped === DROPPED_ROWS
  })
}

/** Notes that a skeleton is being used, when there is one. */
export function useSkeleton(db: Db, root: string, now: number): void {
  db.run('UPDATE root SET used_at = ? WHERE cid = ?', now, root)
}

/** How many bytes of the root's skeleton are stored: a prefix of it. */
export function skeletonBytes(db: Db, root: string): number {
  const last = lastRow(db, findRootId(db, root))
  return last == null ? 0 : last.start + last.length
}

/** Appends verified bytes; `offset` must be what `skeletonBytes` says. */
export function appendSkeleton(db: Db, root: string, offset: number, bytes: Uint8Array): void {
  db.transaction('written', () => {
    const id = rootId(db, root)
    const last = lastRow(db, id) ?? { start: 0, length: SHORT_ROW_BYTES }
    if (skeletonBytes(db, root) !== offset) throw new CodedError('internal', 'A skeleton has a gap.')
    const filling = last.length < SHORT_ROW_BYTES ? bytes.subarray(0, ROW_BYTES - last.length) : bytes.subarray(0, 0)
    if (filling.length > 0) {
      const head = readSkeleton(db, root, last.start, last.length)
      const whole = Buffer.concat([head ?? new Uint8Array(0), filling])
      db.run('UPDATE skeleton SET bytes = ? WHERE root_id = ? AND start = ?', whole, id, last.start)
    }
    for (let at = filling.length; at < bytes.length; at += ROW_BYTES) {
      db.run('INSERT INTO skeleton VALUES (?, ?, ?)', id, offset + at, bytes.subarray(at, at + ROW_BYTES))
    }
  })
}

function lastRow(db: Db, id: number | undefined): { start: number; length: number } | undefined {
  if (id == null) return undefined
  return db.get<{ start: number; length: number }>(
    'SELECT start, length(bytes) AS length FROM skeleton WHERE root_id = ? ORDER BY start DESC LIMIT 1',
    id
  )
}

/** At most `maxBytes` from `offset`, fewer at the end of a row; undefined when nothing is there. */
export function readSkeleton(db: Db, root: string, offset: number, maxBytes: number): Uint8Array | undefined {
  if (!Number.isSafeInteger(offset) || offset < 0 || maxBytes < 1) return undefined
  const row = db.get<{ bytes: Uint8Array }>(
    `SELECT substr(bytes, ?2 - start + 1, ?3) AS bytes FROM skeleton
       WHERE root_id = (SELECT id FROM root WHERE cid = ?1) AND start <= ?2 ORDER BY start DESC LIMIT 1`,
    root,
    offset,
    maxBytes
  )
  return row == null || row.bytes.length === 0 ? undefined : row.bytes
}

/** The stored skeleton from its beginning, row by row. */
export function* skeletonParts(db: Db, root: string): Generator<Uint8Array> {
  const id = findRootId(db, root)
  if (id == null) return
  for (let start = 0; ;) {
    const row = db.get<{ bytes: Uint8Array }>('SELECT bytes FROM skeleton WHERE root_id = ? AND start = ?', id, start)
    if (row == null) return
    yield row.bytes
    start += row.bytes.length
  }
}

/** Joins pieces of any size into 1 MiB, so that a skeleton is stored in few statements. */
export function* inParts(pieces: Iterable<Uint8Array>): Generator<{ start: number; bytes: Uint8Array }> {
  let waiting: Uint8Array[] = []
  let bytes = 0
  let start = 0
  for (const piece of pieces) {
    waiting.push(piece)
    bytes += piece.length
    if (bytes < ROW_BYTES) continue
    yield { start, bytes: Buffer.concat(waiting) }
    start += bytes
    waiting = []
    bytes = 0
  }
  if (bytes > 0) yield { start, bytes: Buffer.concat(waiting) }
}
