// SQL about shares, the places where their content stands, and their files. Rows leave as ShareRow and FileRow.
import path from 'node:path'
import type { Layout } from '../content/layout.ts'
import type { Db } from './db.ts'
import { dropLeaves } from './leaf-index.ts'
import { dropUnusedRoot, findRootId, NO_ROOT } from './skeleton-repo.ts'

export type ShareState = 'ready' | 'indexing' | 'changed' | 'missing'

/** Something offered: one root, wherever its content stands. Times are milliseconds since 1970. */
export interface ShareRow {
  readonly root: string
  readonly name: string
  readonly sizeBytes: number
  readonly fileCount: number
  /** Files that stand in one of the copies, whatever became of them there, and their bytes. */
  readonly hereFiles: number
  readonly hereBytes: number
  readonly leafCount: number
  readonly skeletonBytes: number
  readonly state: ShareState
  readonly origin: 'shared' | 'received'
  readonly addedAt: number
  /** Absolute paths as the user named them, of every copy. */
  readonly sourcePaths: readonly string[]
}

/** How a file was last found; the numbers are stored. A file that is being checked, missing or changed is not served. */
export const FILE = { clean: 0, checking: 1, missing: 2, changed: 3 } as const
export type FileState = (typeof FILE)[keyof typeof FILE]

/** One file of one copy. Its leaves are [first, first + leaves). */
export interface FileRow {
  readonly copyId: number
  readonly idx: number
  /** Absolute: where the copy stands. */
  readonly base: string
  /** Absolute. */
  readonly path: string
  readonly first: number
  readonly leaves: number
  readonly sizeBytes: number
  /** Packed, as last found to hold the content; of a changed file: as it was when that was found. */
  readonly stat: Uint8Array
  readonly state: FileState
}

export interface NewFile {
  /** Of the layout. */
  readonly idx: number
  /** Absolute. */
  readonly path: string
  /** Packed. */
  readonly stat: Uint8Array
}

/** A place where all or some files of a root stand, to be added. */
export interface NewCopy {
  /** A copy of the same sources gets these files beside those it has, instead of being replaced. */
  readonly isMore?: boolean
  readonly sources: readonly string[]
  readonly base: string
  /** May be gone through more than once. */
  readonly files: Iterable<NewFile>
}

export interface NewShare {
  readonly layout: Layout
  readonly name: string
  readonly origin: ShareRow['origin']
  readonly now: number
}

const SHARE_COLUMNS = `root.cid AS root, name, size_bytes AS sizeBytes, file_count AS fileCount,
  here_files AS hereFiles, here_bytes AS hereBytes,
  leaf_count AS leafCount, skeleton_bytes AS skeletonBytes, state, origin, added_at AS addedAt`

export function allShares(db: Db): ShareRow[] {
  const rows = db.all<Omit<ShareRow, 'sourcePaths'>>(
    `SELECT ${SHARE_COLUMNS} FROM share JOIN root ON root.id = root_id WHERE cid <> '${NO_ROOT}'
       ORDER BY added_at DESC, root_id DESC`
  )
  return rows.map(row => withSources(db, row))
}

export function findShare(db: Db, root: string): ShareRow | undefined {
  const row = db.get<Omit<ShareRow, 'sourcePaths'>>(
    `SELECT ${SHARE_COLUMNS} FROM share JOIN root ON root.id = root_id WHERE root.cid = ?`,
    root
  )
  return row == null ? undefined : withSources(db, row)
}

function withSources(db: Db, row: Omit<ShareRow, 'sourcePaths'>): ShareRow {
  return { ...row, sourcePaths: copiesOf(db, row.root).flat() }
}

/** What each copy was made of: absolute paths as the user named them. */
export function copiesOf(db: Db, root: string): string[][] {
  const copies = db.all<{ sources: string }>(
    'SELECT sources FROM copy WHERE root_id = (SELECT id FROM root WHERE cid = ?) ORDER BY id',
    root
  )
  return copies.map(copy => JSON.parse(copy.sources) as string[]) // written below
}

/** Where the copies stand, and how many bytes. */
export function copySizes(db: Db, root: string): { base: string; bytes: number }[] {
  return db.all<{ base: string; bytes: number }>(
    `SELECT copy.base, sum(file.size_bytes) AS bytes ${FROM_FILES} GROUP BY copy.id`,
    root
  )
}

/** Where the copies stand: a folder each, or a file. */
export function copyBases(db: Db, root: string): string[] {
  const copies = db.all<{ base: string }>(
    'SELECT base FROM copy WHERE root_id = (SELECT id FROM root WHERE cid = ?) ORDER BY id',
    root
  )
  return copies.map(copy => copy.base)
}

/** The copy of these sources, which gets the files at once, or a new one that nobody sees yet. In a transaction. */
export function openCopy(
  db: Db,
  rootId: number,
  root: string,
  copy: NewCopy
): { readonly copyId: number; readonly isThere: boolean } {
  const sources = JSON.stringify(copy.sources)
  const known = db.get<{ id: number }>('SELECT id FROM copy WHERE root_id = ? AND sources = ?', rootId, sources)
  if (known != null) return { copyId: known.id, isThere: true }
  db.run(
    `INSERT INTO copy (root_id, base, sources) VALUES ((SELECT id FROM root WHERE cid = ?), ?, '[]')`,
    NO_ROOT,
    root
  )
  return { copyId: db.get<{ id: number }>('SELECT last_insert_rowid() AS id')!.id, isThere: false }
}

export function hasCopy(db: Db, copyId: number): boolean {
  return db.get('SELECT 1 FROM copy WHERE id = ?', copyId) != null
}

export function hasShare(db: Db, rootId: number): boolean {
  return db.get('SELECT 1 FROM share WHERE root_id = ?', rootId) != null
}

/** Files of a copy, clean. In a transaction. */
export function putFiles(db: Db, copyId: number, layout: Layout, base: string, files: readonly NewFile[]): void {
  for (const { idx, path: file, stat } of files) {
    const { start, end, sizeBytes } = layout.files[idx]!
    const below = belowBase(base, file)
    db.run('INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?, 0)', copyId, idx, below, start, end - start, sizeBytes, stat) // prettier-ignore
  }
}

/** Takes at most `count` files that are none of these out of a copy. True while there are more. */
export function dropOtherFiles(db: Db, copyId: number, kept: ReadonlySet<number>, count: number): boolean {
  const rows = db.get<{ files: number }>('SELECT count(*) AS files FROM file WHERE copy_id = ?', copyId)
  if ((rows?.files ?? 0) <= kept.size) return false
  let left = count
  for (let idx = -1; left > 0;) {
    const page = db.all<{ idx: number }>(
      `SELECT idx FROM file WHERE copy_id = ? AND idx > ? ORDER BY idx LIMIT ${PAGE_ROWS}`,
      copyId,
      idx
    )
    const others = page.filter(row => !kept.has(row.idx)).slice(0, left)
    db.transaction('written', () => {
      for (const row of others) db.run('DELETE FROM file WHERE copy_id = ? AND idx = ?', copyId, row.idx)
    })
    left -= others.length
    if (page.length < PAGE_ROWS) return false
    idx = page[page.length - 1]!.idx
  }
  return true
}

/** Makes a copy the share's, which is made when its root is new: all its files and leaves are there. In a transaction. */
export function settleCopy(
  db: Db,
  rootId: number,
  { layout, name, origin, now }: NewShare,
  copy: NewCopy,
  { copyId, files }: { copyId: number; files: number }
): void {
  if (!hasShare(db, rootId)) {
    db.run(
      `INSERT INTO share VALUES (?, ?, ?, ?, ?, ?, 'ready', ?, ?, 0, 0)`,
      rootId,
      name,
      layout.sizeBytes,
      layout.files.length,
      layout.leafCount,
      layout.skeletonBytes,
      origin,
      now
    )
  } else if (origin === 'shared') db.run(`UPDATE share SET origin = 'shared' WHERE root_id = ?`, rootId)
  const sources = JSON.stringify(copy.sources)
  db.run('DELETE FROM copy WHERE root_id = ? AND sources = ? AND id <> ?', rootId, sources, copyId)
  db.run('UPDATE copy SET root_id = ?, base = ?, sources = ? WHERE id = ?', rootId, copy.base, sources, copyId)
  if (files < layout.files.length) countHere(db, rootId)
  else db.run('UPDATE share SET here_files = file_count, here_bytes = size_bytes WHERE root_id = ?', rootId)
  countState(db, rootId)
}

/** Copies that were begun and are no share's, and of which root. */
export function halfAdded(db: Db): { copyId: number; root: string }[] {
  return db.all<{ copyId: number; root: string }>(
    'SELECT id AS copyId, base AS root FROM copy WHERE root_id = (SELECT id FROM root WHERE cid = ?) ORDER BY id',
    NO_ROOT
  )
}

/** Takes at most `count` files off such a copy, and then the copy itself. True while there are more. */
export function dropHalfAdded(db: Db, copyId: number, count: number): boolean {
  return db.transaction('written', () => {
    if (!halfAdded(db).some(it => it.copyId === copyId)) return false // it is a share's by now
    const dropped = db.run(
      `DELETE FROM file WHERE copy_id = ?1 AND idx IN (SELECT idx FROM file WHERE copy_id = ?1 ORDER BY idx LIMIT ?2)`,
      copyId,
      count
    )
    if (dropped < count) db.run('DELETE FROM copy WHERE id = ?', copyId)
    return dropped === count
  })
}

export function countHere(db: Db, rootId: number): void {
  db.run(
    `UPDATE share SET (here_files, here_bytes) = (SELECT count(*), coalesce(sum(bytes), 0) FROM
       (SELECT max(file.size_bytes) AS bytes FROM copy JOIN file ON file.copy_id = copy.id
          WHERE copy.root_id = ?1 GROUP BY idx)) WHERE root_id = ?1`,
    rootId
  )
}

/** Forgets the share and its copies. False when there was none. In a transaction. */
export function dropShare(db: Db, root: string): boolean {
  const id = findRootId(db, root)
  if (id == null || db.run('DELETE FROM share WHERE root_id = ?', id) === 0) return false
  dropLeaves(db, id)
  dropUnusedRoot(db, id)
  return true
}

const FILE_COLUMNS = `copy.base, file.copy_id AS copyId, file.idx, file.path, first, leaves,
  file.size_bytes AS sizeBytes, file.stat, file.state`
const FROM_FILES = `FROM copy JOIN file ON file.copy_id = copy.id WHERE copy.root_id = (SELECT id FROM root WHERE cid = ?)`

const PAGE_ROWS = 1_000

/** Every file of every copy of the root, a page at a time. Rows may be written between pages. */
export function* filePages(db: Db, root: string): Generator<FileRow[]> {
  for (let copy = nextCopy(db, root, 0); copy != null; copy = nextCopy(db, root, copy)) {
    for (let idx = -1; ;) {
      const page = db.all<FileRow>(
        `SELECT ${FILE_COLUMNS} FROM copy CROSS JOIN file ON file.copy_id = copy.id
           WHERE copy.id = ? AND file.idx > ? ORDER BY file.idx LIMIT ${PAGE_ROWS}`,
        copy,
        idx
      )
      if (page.length > 0) yield page.map(placed)
      if (page.length < PAGE_ROWS) break
      idx = page[page.length - 1]!.idx
    }
  }
}

function nextCopy(db: Db, root: string, after: number): number | undefined {
  return db.get<{ id: number }>(
    'SELECT id FROM copy WHERE root_id = (SELECT id FROM root WHERE cid = ?) AND id > ? ORDER BY id LIMIT 1',
    root,
    after
  )?.id
}

/** The files with index [from, to) in every copy of the root. */
export function copiesOfFiles(db: Db, root: string, from: number, to: number): FileRow[] {
  return db.all<FileRow>(`SELECT ${FILE_COLUMNS} ${FROM_FILES} AND idx >= ? AND idx < ?`, root, from, to).map(placed)
}

/**
 * Those of the files with index [from, to) that stand in a copy, whatever became of them there, and by which names below it: undefined when it was put
 * together of several sources.
 */
export function filesHere(db: Db, root: string, from: number, to: number): Map<number, string | undefined> {
  const rows = db.all<{ idx: number; path: string; isOne: number }>(
    `SELECT idx, path, json_array_length(sources) = 1 AS isOne ${FROM_FILES} AND idx >= ? AND idx < ? ORDER BY copy.id DESC`,
    root,
    from,
    to
  )
  return new Map(rows.map(({ idx, path: names, isOne }) => [idx, isOne === 1 ? names : undefined])) // of the oldest copy
}

/** Whether every file stands in some copy; and of those with a copy that is not clean, every copy. */
export function filesInTrouble(db: Db, root: string): { isAllHere: boolean; rows: FileRow[] } {
  const share = db.get<{ missing: number }>(
    'SELECT file_count - here_files AS missing FROM share WHERE root_id = (SELECT id FROM root WHERE cid = ?)',
    root
  )
  const rows = db.all<FileRow>(
    `SELECT ${FILE_COLUMNS} ${FROM_FILES} AND idx IN (SELECT idx FROM copy JOIN file ON file.copy_id = copy.id
       WHERE copy.root_id = (SELECT id FROM root WHERE cid = ?) AND file.state > 0)`,
    root,
    root
  )
  return { isAllHere: share?.missing === 0, rows: rows.map(placed) }
}

export function setFile(db: Db, row: FileRow, state: FileState, stat: Uint8Array): void {
  db.run('UPDATE file SET state = ?, stat = ? WHERE copy_id = ? AND idx = ?', state, stat, row.copyId, row.idx)
}

/** Derives the share's state from its files: a file counts as its best copy, the share as its worst file. Looks at every one that is not clean. */
export function countState(db: Db, rootId: number): void {
  const isTroubled = db.get(
    'SELECT 1 FROM copy JOIN file ON file.copy_id = copy.id AND file.state > 0 WHERE root_id = ? LIMIT 1',
    rootId
  )
  setState(db, rootId, isTroubled == null ? FILE.clean : worstFile(db, rootId))
}

/** The state of the share whose worst file, each counted as its best copy, is this one. */
export function setState(db: Db, rootId: number, worst: FileState): void {
  const state: ShareState = (['ready', 'indexing', 'missing', 'changed'] as const)[worst]
  db.run('UPDATE share SET state = ?1 WHERE root_id = ?2 AND state <> ?1', state, rootId)
}

function worstFile(db: Db, rootId: number): FileState {
  const row = db.get<{ worst: FileState | null }>(
    `SELECT max(best) AS worst FROM (SELECT min(file.state) AS best
       FROM copy JOIN file ON file.copy_id = copy.id WHERE root_id = ? GROUP BY idx)`,
    rootId
  )
  return row?.worst ?? FILE.clean
}

const placed = (row: FileRow): FileRow => ({ ...row, path: path.resolve(row.base, row.path) })

function belowBase(base: string, file: string): string {
  if (file === base) return ''
  const prefix = base.endsWith(path.sep) ? base : base + path.sep
  return file.startsWith(prefix) ? file.slice(prefix.length) : file
}
