// What is kept about other peers: the last good ones, those banned, and which roots were provided when.
import type { Db } from './db.ts'

const MAX_GOOD_PEERS = 64
const MAX_ADDRS = 16
const MAX_BANS = 10_000

export interface GoodPeer {
  readonly peerId: string
  readonly addrs: readonly string[]
  /** Milliseconds since 1970. */
  readonly seenAt: number
}

/** Latest first, at most 64. */
export function goodPeers(db: Db): GoodPeer[] {
  const rows = db.all<{ peerId: string; addrs: string; seenAt: number }>(
    'SELECT peer_id AS peerId, addrs, seen_at AS seenAt FROM peer ORDER BY seen_at DESC'
  )
  return rows.map(row => ({ ...row, addrs: JSON.parse(row.addrs) as string[] })) // written below
}

export function savePeer(db: Db, peer: GoodPeer): void {
  db.transaction('written', () => {
    const addrs = JSON.stringify(peer.addrs.slice(0, MAX_ADDRS))
    db.run('INSERT OR REPLACE INTO peer VALUES (?, ?, ?)', peer.peerId, addrs, peer.seenAt)
    db.run(
      'DELETE FROM peer WHERE peer_id NOT IN (SELECT peer_id FROM peer ORDER BY seen_at DESC LIMIT ?)',
      MAX_GOOD_PEERS
    )
  })
}

/** Bans a peer until a time in milliseconds since 1970. */
export function ban(db: Db, peerId: string, until: number): void {
  db.transaction('written', () => {
    db.run('INSERT OR REPLACE INTO ban VALUES (?, ?)', peerId, until)
    db.run('DELETE FROM ban WHERE peer_id NOT IN (SELECT peer_id FROM ban ORDER BY until DESC LIMIT ?)', MAX_BANS)
  })
}

/** Lifts a ban, if there is one. */
export function unban(db: Db, peerId: string): void {
  db.run('DELETE FROM ban WHERE peer_id = ?', peerId)
}

/** The peers banned at `now`. */
export function bans(db: Db, now: number): { peerId: string; until: number }[] {
  const rows = db.all<{ peerId: string; until: number }>(
    'SELECT peer_id AS peerId, until FROM ban WHERE until > ? ORDER BY until',
    now
  )
  return rows.map(row => ({ ...row }))
}

/** When a root was announced last and is to be announced again; times in milliseconds since 1970, 0: never, at once. */
export interface ProvideRow {
  readonly root: string
  readonly providedAt: number
  readonly dueAt: number
}

/** Every root of a share or transfer, the most urgent first. */
export function provides(db: Db): ProvideRow[] {
  const rows = db.all<ProvideRow>(
    `SELECT cid AS root, coalesce(provided_at, 0) AS providedAt, coalesce(due_at, 0) AS dueAt
       FROM root LEFT JOIN provide ON provide.root = cid
       WHERE id IN (SELECT root_id FROM share UNION SELECT root_id FROM transfer) AND cid <> '' ORDER BY dueAt, id`
  )
  return rows.map(row => ({ ...row }))
}

export function provided(db: Db, root: string, at: number, dueAt: number): void {
  db.transaction('written', () => {
    db.run('INSERT OR REPLACE INTO provide VALUES (?, ?, ?)', root, at, dueAt)
    db.run('DELETE FROM provide WHERE root NOT IN (SELECT cid FROM root)')
  })
}
