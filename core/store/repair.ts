// A damaged index is set aside, never deleted: whoever knows SQLite may still want it. What was in it is known from elsewhere (app/service/catalogue.ts).
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { damageMarker, isDbDamaged } from './db.ts'

/**
 * Looks at all of the index, which takes minutes for a large one; one in order is believed again, whatever was noted of it. The caller holds the data
 * directory. Throws `data-newer`, `not-writable`, `disk-full`.
 */
export function isIndexDamaged(file: string): boolean {
  const isDamaged = isDbDamaged(file)
  if (!isDamaged) rmSync(damageMarker(file), { force: true })
  return isDamaged
}

/** Moves the index into a new folder beside it, and returns that folder; in its place stands nothing. `now`: milliseconds since 1970, for the name. */
export function setIndexAside(file: string, now: number): string {
  const stamp = new Date(now).toISOString().slice(0, 19).replaceAll(':', '-')
  const aside = path.join(path.dirname(file), `damaged-index-${stamp}`)
  mkdirSync(aside, { recursive: true, mode: 0o700 })
  // the log before the database: alone it would be played into the new one. Cut off in between, nobody takes what is left for whole: the next one goes on
  writeFileSync(damageMarker(file), '', { mode: 0o600 })
  for (const part of [`${file}-wal`, `${file}-shm`, file]) {
    if (existsSync(part)) renameSync(part, path.join(aside, path.basename(part)))
  }
  rmSync(damageMarker(file), { force: true })
  return aside
}
