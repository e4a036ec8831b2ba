// What of an index is written beside it (app/service/catalogue.ts), and comes into a new one when it was lost.
import { createHash } from 'node:crypto'
import { allDownloads, type DownloadRow, type MadePart, restoreDownload } from './download-repo.ts'
import { ban } from './peer-repo.ts'
import type { Store } from './store.ts'
import { allTransfers, putTransfer, type TransferRow } from './transfer-repo.ts'

/** What an index knew that the files of shares do not. */
export interface Lost {
  readonly transfers: readonly TransferRow[]
  readonly parts: readonly ({ readonly root: string } & MadePart)[]
  readonly bans: readonly { readonly peerId: string; readonly until: number }[]
}

/** The index was made just now, and nothing is in it. */
export const isNewIndex = ({ db }: Store): boolean => db.isNew

/** Downloads that have a .part of their own. */
export const downloadsWithParts = ({ db }: Store): (DownloadRow & { readonly root: string })[] => allDownloads(db)

/** Durable when it returns. What is known already stays as it is; a .part is gone on with, once everything in it was hashed. Throws `disk-full`. */
export function restoreLost({ db }: Store, { transfers, parts, bans }: Lost): void {
  const keyOf = ({ root, directory }: TransferRow): string => `${root} ${directory}`
  db.transaction('durable', () => {
    const known = new Set(allTransfers(db).map(keyOf))
    for (const row of transfers) if (!known.has(keyOf(row))) putTransfer(db, row)
    for (const { root, ...part } of parts) restoreDownload(db, root, part)
    for (const { peerId, until } of bans) ban(db, peerId, until)
  })
}

/** Grows with every row that is changed in this run. */
export const changeCount = ({ db }: Store): number =>
  db.get<{ count: number }>('SELECT total_changes() AS count')?.count ?? 0

/** Selections may be long: a change of one shows in its length or its end. */
const STAMPED = [
  `SELECT root_id, directory, name, state, error, length(selection), substr(selection, -64), addrs, path, in_line, many_files,
     cut_off FROM transfer ORDER BY rowid`,
  'SELECT root_id, name, here_files, file_count FROM share ORDER BY root_id',
  'SELECT id, root_id, sources FROM copy ORDER BY id',
  'SELECT id, part, place FROM download ORDER BY id',
  'SELECT peer_id, until FROM ban ORDER BY peer_id'
]

/** Other when a share, a download or a ban came, went or changed; not for what a download received. */
export function catalogueStamp({ db }: Store): string {
  const stamp = createHash('sha256')
  for (const sql of STAMPED) stamp.update(JSON.stringify(db.all(sql)))
  return stamp.digest('base64')
}
