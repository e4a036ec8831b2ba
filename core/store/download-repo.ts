// SQL about downloads: which .part is whose, which leaves are durable, which extents are being written (DESIGN.md, "Crash rules", R1 and R2).
import { Bitset } from '../bitset.ts'
import { NAME_RULES, type NameRules } from '../files/safe-name.ts'
import type { Db } from './db.ts'
import { dropUnusedRoot, findRootId, NO_ROOT, rootId } from './skeleton-repo.ts'

const CHUNK_BYTES = 4096 // of durable bits in one row
const ROWS_AT_ONCE = 1_000

export interface DownloadRow {
  readonly id: number
  readonly directory: string
  readonly name: string
  /** Absolute path of the .part file or folder. */
  readonly part: string
  /** Where it is being moved, once finishing began. */
  readonly place: string | null
  /** JSON; null: made by a version that knew those of the system only. */
  readonly names: string | null
}

export type MadePart = Omit<DownloadRow, 'id' | 'place'>

const COLUMNS = 'download.id, directory, name, part, place, names'

export function findDownload(db: Db, root: string, directory: string): DownloadRow | undefined {
  return db.get<DownloadRow>(
    `SELECT ${COLUMNS} FROM download WHERE root_id = (SELECT id FROM root WHERE cid = ?) AND directory = ?`,
    root,
    directory
  )
}

/** A download that has just made its .part; or one that adds to a folder that was finished: then that is its part and its place. */
export function addDownload(
  db: Db,
  root: string,
  { directory, name, part, names, place = null }: MadePart & { readonly place?: string | null }
): DownloadRow {
  return db.transaction('durable', () => {
    db.run(
      'INSERT INTO download (root_id, directory, name, part, place, names) VALUES (?, ?, ?, ?, ?, ?)',
      rootId(db, root),
      directory,
      name,
      part,
      place,
      names
    )
    return findDownload(db, root, directory)!
  })
}

/** As it is kept with a download. */
export const namesBy = (rules: NameRules): string => JSON.stringify(rules)

/** By which rules its entries got their names: they keep them, wherever it goes on. */
export function rulesOf({ names }: DownloadRow, ofSystem: NameRules): NameRules {
  return names == null ? ofSystem : { ...NAME_RULES.linux, ...(JSON.parse(names) as Partial<NameRules>) } // written above
}

/** From now on there is no such download. It may have a row for each of very many files: they are left for `dropForgottenRows`, and hang from no root meanwhile. */
export function forgetDownload(db: Db, root: string, id: number): void {
  db.transaction('durable', () => {
    db.run(
      `UPDATE download SET root_id = (SELECT id FROM root WHERE cid = ?), directory = CAST(id AS TEXT), part = '', place = ''
         WHERE id = ?`,
      NO_ROOT,
      id
    )
    const rootRow = findRootId(db, root)
    if (rootRow != null) dropUnusedRoot(db, rootRow)
  })
}

/** Takes some rows of downloads that were forgotten away, and then the downloads. True while there are more. */
export function dropForgottenRows(db: Db): boolean {
  const id = db.get<{ id: number }>(
    'SELECT id FROM download WHERE root_id = (SELECT id FROM root WHERE cid = ?) LIMIT 1',
    NO_ROOT
  )?.id
  if (id == null) return false
  db.transaction('written', () => {
    const files = db.run(
      `DELETE FROM part_file WHERE download_id = ?1 AND idx IN (SELECT idx FROM part_file WHERE download_id = ?1 LIMIT ${ROWS_AT_ONCE})`,
      id
    )
    const extents = db.run(
      `DELETE FROM dirty WHERE download_id = ?1 AND extent IN (SELECT extent FROM dirty WHERE download_id = ?1 LIMIT ${ROWS_AT_ONCE})`,
      id
    )
    if (files < ROWS_AT_ONCE && extents < ROWS_AT_ONCE) db.run('DELETE FROM download WHERE id = ?', id)
  })
  return true
}

export function setPlace(db: Db, id: number, place: string): void {
  db.transaction('durable', () => db.run('UPDATE download SET place = ? WHERE id = ?', place, id))
}

/** What was durable when the last transaction was. */
export function durableLeaves(db: Db, id: number, leafCount: number): Bitset {
  const bytes = new Uint8Array(Math.ceil(leafCount / 8))
  for (const row of db.all<{ chunk: number; bits: Uint8Array }>(
    'SELECT chunk, bits FROM durable WHERE download_id = ?',
    id
  )) {
    bytes.set(row.bits.subarray(0, bytes.length - row.chunk * CHUNK_BYTES), row.chunk * CHUNK_BYTES)
  }
  return new Bitset(leafCount, bytes)
}

/** Writes the rows that hold the bits of these ordinals. */
export function putDurable(db: Db, id: number, durable: Bitset, ordinals: Iterable<number>): void {
  const chunks = new Set<number>()
  for (const ordinal of ordinals) chunks.add(Math.floor(ordinal / (CHUNK_BYTES * 8)))
  for (const chunk of chunks) {
    const bits = durable.bytes.subarray(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES)
    db.run('INSERT OR REPLACE INTO durable VALUES (?, ?, ?)', id, chunk, bits)
  }
}

export function dirtyExtents(db: Db, id: number): number[] {
  return db.all<{ extent: number }>('SELECT extent FROM dirty WHERE download_id = ?', id).map(row => row.extent)
}

export function putDirty(db: Db, id: number, extent: number): void {
  db.run('INSERT OR IGNORE INTO dirty VALUES (?, ?)', id, extent)
}

const EVERY_EXTENT = -1

/** Of a .part of which nothing else is known: all its leaves are hashed when it is opened. Nothing happens to one that is known. */
export function restoreDownload(db: Db, root: string, part: MadePart): void {
  if (findDownload(db, root, part.directory) != null) return
  db.transaction('durable', () => putDirty(db, addDownload(db, root, part).id, EVERY_EXTENT))
}

/** Names the extents of one that was restored, now that they are known. */
export function spreadDirty(db: Db, id: number, extentCount: number): void {
  db.transaction('written', () => {
    if (db.run('DELETE FROM dirty WHERE download_id = ? AND extent = ?', id, EVERY_EXTENT) === 0) return
    for (let extent = 0; extent < extentCount; extent++) putDirty(db, id, extent)
  })
}

/** Of every root, those that have a .part of their own. */
export function allDownloads(db: Db): (DownloadRow & { readonly root: string })[] {
  return db.all<DownloadRow & { root: string }>(
    `SELECT ${COLUMNS}, root.cid AS root FROM download JOIN root ON root.id = root_id
       WHERE cid <> '${NO_ROOT}' AND (place IS NULL OR place <> part) ORDER BY download.id`
  )
}

export function dropDirty(db: Db, id: number, extent: number): void {
  db.run('DELETE FROM dirty WHERE download_id = ? AND extent = ?', id, extent)
}

/** A file of a download at its last clean point. */
export interface PartFileRow {
  readonly idx: number
  /** Packed. */
  readonly stat: Uint8Array
}

export function partFiles(db: Db, id: number): Map<number, Uint8Array> {
  const rows = db.all<PartFileRow>('SELECT idx, stat FROM part_file WHERE download_id = ?', id)
  return new Map(rows.map(row => [row.idx, row.stat]))
}

export function putPartFile(db: Db, id: number, idx: number, stat: Uint8Array): void {
  db.run('INSERT OR REPLACE INTO part_file VALUES (?, ?, ?)', id, idx, stat)
}
