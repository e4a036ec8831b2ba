// The user's downloads as rows that outlive the process. Their states are decided elsewhere.
import type { Db } from './db.ts'
import { dropUnusedRoot, findRootId, rootId } from './skeleton-repo.ts'

/** One root being fetched into one directory. Times are milliseconds since 1970, for display. */
export interface TransferRow {
  readonly root: string
  /** Absolute. */
  readonly directory: string
  readonly name: string
  readonly state: string
  /** An error code, when the state is a failed one. */
  readonly error?: string
  /** File indexes of the layout; absent: everything. */
  readonly selection?: readonly number[]
  /** Multiaddrs to try first. */
  readonly addrs: readonly string[]
  readonly bytes: number
  readonly totalBytes?: number
  /** Where it stands, once finished; while more of it is got, where what was got before stands. */
  readonly path?: string
  readonly addedAt: number
  readonly changedAt: number
  /** Those with a lower number are to receive before it. */
  readonly queueOrder: number
  /** Also when they are very many files: somebody was asked. */
  readonly manyFiles?: boolean
  /** How often it was being opened when the process ended: counted before, taken back when it receives, rests or ends. */
  readonly cutOff?: number
}

interface Row {
  root: string
  directory: string
  name: string
  state: string
  error: string | null
  selection: string | null
  addrs: string
  bytes: number
  totalBytes: number | null
  path: string | null
  addedAt: number
  changedAt: number
  queueOrder: number
  manyFiles: number
  cutOff: number
}

/** Oldest first. */
export function allTransfers(db: Db): TransferRow[] {
  const rows = db.all<Row>(
    `SELECT root.cid AS root, directory, name, state, error, selection, addrs, bytes, total_bytes AS totalBytes, path,
       added_at AS addedAt, changed_at AS changedAt,
       in_line AS queueOrder, many_files AS manyFiles, cut_off AS cutOff FROM transfer JOIN root ON root.id = root_id
       ORDER BY added_at, directory`
  )
  return rows.map(fromRow)
}

/** Inserts or replaces the row of this root and directory. */
export function putTransfer(db: Db, it: TransferRow): void {
  db.transaction('written', () => {
    db.run(
      'INSERT OR REPLACE INTO transfer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      rootId(db, it.root),
      it.directory,
      it.name,
      it.state,
      it.error ?? null,
      it.selection == null ? null : JSON.stringify(it.selection),
      JSON.stringify(it.addrs),
      it.bytes,
      it.totalBytes ?? null,
      it.path ?? null,
      it.addedAt,
      it.changedAt,
      it.queueOrder,
      it.manyFiles === true ? 1 : 0,
      it.cutOff ?? 0
    )
  })
}

/** Forgets the row; no file is touched. False when there was none. */
export function removeTransfer(db: Db, root: string, directory: string): boolean {
  return db.transaction('written', () => {
    const id = findRootId(db, root)
    if (id == null) return false
    const removed = db.run('DELETE FROM transfer WHERE root_id = ? AND directory = ?', id, directory) > 0
    dropUnusedRoot(db, id)
    return removed
  })
}

function fromRow(row: Row): TransferRow {
  const { error, selection, addrs, totalBytes, path, manyFiles, cutOff, ...rest } = row
  return {
    ...rest,
    addrs: JSON.parse(addrs) as string[], // written above
    ...(error != null && { error }),
    ...(selection != null && { selection: JSON.parse(selection) as number[] }), // written above
    ...(totalBytes != null && { totalBytes }),
    ...(path != null && { path }),
    ...(manyFiles === 1 && { manyFiles: true }),
    ...(cutOff > 0 && { cutOff })
  }
}
