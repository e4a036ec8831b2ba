// Shares made before data directories were left out of them: what stands in one is no longer served.
import path from 'node:path'
import type { DataDirs } from '../files/data-dirs.ts'
import type { Db } from './db.ts'
import { countHere, countState, dropShare } from './share-repo.ts'

/**
 * Takes files that stand in a data directory out of every copy; a share with nothing left goes. Returns the roots that lost any. Reads every
 * file's path once.
 */
export function dropOwnFiles(db: Db, dataDirs: DataDirs): string[] {
  return db.transaction('durable', () => {
    const touched = new Map<number, string>()
    for (const { id, rootId, root, base, own } of ownPlaces(db, dataDirs)) {
      const below = own.endsWith(path.sep) ? own : own + path.sep
      const rows = db.all<{ idx: number; path: string }>('SELECT idx, path FROM file WHERE copy_id = ?', id)
      for (const { idx, path: stored } of rows) {
        const at = path.resolve(base, stored)
        if (at !== own && !at.startsWith(below)) continue
        db.run('DELETE FROM file WHERE copy_id = ? AND idx = ?', id, idx)
        touched.set(rootId, root)
      }
    }
    for (const [rootId, root] of touched) {
      db.run('DELETE FROM copy WHERE root_id = ? AND id NOT IN (SELECT copy_id FROM file)', rootId)
      if (db.get('SELECT 1 FROM copy WHERE root_id = ?', rootId) == null) dropShare(db, root)
      else {
        countHere(db, rootId)
        countState(db, rootId)
      }
    }
    return [...touched.values()]
  })
}

interface OwnPlace {
  readonly id: number
  readonly rootId: number
  readonly root: string
  readonly base: string
  /** A data directory, or a folder in one. */
  readonly own: string
}

// Only folders with such a file are looked at on the disk: shares may stand where looking takes long.
const OWN_NAME = /^(identity\.key|run\.json|settings\.json|shoal\.(json|db(-\w+)?|([0-9]\.)?jsonl))$/i
const MAY_BE_OWN = `path = '' OR path LIKE '%identity.key' OR path LIKE '%run.json' OR path LIKE '%settings.json'
  OR path LIKE '%shoal.%'`

function ownPlaces(db: Db, dataDirs: DataDirs): OwnPlace[] {
  const rows = db.all<Omit<OwnPlace, 'own'> & { path: string }>(
    `SELECT copy.id, root_id AS rootId, cid AS root, base, path FROM file JOIN copy ON copy.id = copy_id
       JOIN root ON root.id = root_id WHERE cid <> '' AND (${MAY_BE_OWN})`
  )
  const isOwn = dataDirs.ownInodes()
  const known = new Map<string, boolean>()
  return rows.flatMap(({ path: stored, ...copy }) => {
    const file = path.resolve(copy.base, stored)
    const own = path.dirname(file)
    if (!OWN_NAME.test(path.basename(file))) return []
    const isHeld = known.get(own) ?? dataDirs.hold(own, isOwn)
    known.set(own, isHeld)
    return isHeld ? [{ ...copy, own }] : []
  })
}
