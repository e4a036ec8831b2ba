// Opens the database and takes it to this version's schema. The only file that names the SQLite driver.
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import path from 'node:path'
import { CodedError, codeOf } from '../errors.ts'
import { freeBytes } from './disk-room.ts'
import { MIGRATIONS } from './migrations.ts'
import { ownDiskFull } from '../files/write-error.ts'

type Row = Record<string, SQLOutputValue>

const BUSY_MS = 2_000
const WAL_LIMIT_BYTES = 8 * 1024 * 1024 // the log shrinks back to this after a checkpoint
const CACHE_KIB = 16 * 1024

/**
 * One open database; statements are prepared once. Every call throws `disk-full` (no room for the index),
 * `data-damaged`, `not-writable`; a query's row type is the caller's claim about the SQL beside it.
 */
export class Db implements Disposable {
  /** On which disk it stands; undefined: in memory. */
  readonly folder: string | undefined
  /** It was made just now: there was none, or an empty file. */
  readonly isNew: boolean
  /** Told whenever a call found no room. */
  onFull: () => void = () => {}
  readonly #driver: DatabaseSync
  readonly #file: string | undefined
  readonly #statements = new Map<string, StatementSync>()
  #depth = 0

  /** @param file undefined: in memory */
  constructor(driver: DatabaseSync, file: string | undefined, isNew: boolean) {
    this.#driver = driver
    this.isNew = isNew
    this.#file = file
    this.folder = file == null ? undefined : path.dirname(file)
  }

  /** Returns how many rows changed. */
  run(sql: string, ...params: SQLInputValue[]): number {
    return this.#guard(() => Number(this.#prepare(sql).run(...params).changes))
  }

  get<T = Row>(sql: string, ...params: SQLInputValue[]): T | undefined {
    return this.#guard(() => this.#prepare(sql).get(...params)) as T | undefined // the SQL names T's columns
  }

  all<T = Row>(sql: string, ...params: SQLInputValue[]): T[] {
    return this.#guard(() => this.#prepare(sql).all(...params)) as T[] // the SQL names T's columns
  }

  /**
   * Runs `change` in one transaction; inside another one it simply joins. `durable`: on return it survives a power cut
   * (synchronous=FULL); `written`: it survives the death of this process.
   */
  transaction<T>(durability: 'written' | 'durable', change: () => T): T {
    if (this.#depth > 0) return change()
    if (durability === 'durable') this.#driver.exec('PRAGMA synchronous=FULL')
    try {
      this.#guard(() => this.#driver.exec('BEGIN IMMEDIATE'))
      this.#depth++
      const result = change()
      this.#guard(() => this.#driver.exec('COMMIT'))
      return result
    } catch (error) {
      if (this.#driver.isTransaction) this.#driver.exec('ROLLBACK')
      throw error
    } finally {
      this.#depth = 0
      if (durability === 'durable') this.#driver.exec('PRAGMA synchronous=NORMAL')
    }
  }

  [Symbol.dispose](): void {
    if (this.#driver.isOpen) this.#driver.close()
  }

  #guard<T>(act: () => T): T {
    try {
      return guard(act, this.folder)
    } catch (error) {
      if (codeOf(error) === 'disk-full') this.onFull()
      if (isFileDamage(error)) this.#noteDamage()
      throw error
    }
  }

  /** Most damage is not seen when the index is opened: the next start is told, so that it can be repaired. */
  #noteDamage(): void {
    try {
      if (this.#file != null) writeFileSync(damageMarker(this.#file), '', { mode: 0o600 })
    } catch {
      // whoever looks at the same place again finds it again
    }
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known != null) return known
    const statement = this.#driver.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}

/** Stands beside an index that was found damaged while it was open. */
export const damageMarker = (file: string): string => `${file}.damaged` // an empty file

/** Opens or creates `file` (`:memory:` works). Throws `data-newer`, `data-damaged`, `not-writable`, `disk-full`. */
export function openDb(file: string): Db {
  if (existsSync(damageMarker(file))) throw damaged()
  return openDespiteDamage(file)
}

/** Reads all of an index, which may take minutes. The caller holds the data directory. Throws `data-newer`, `not-writable`, `disk-full`. */
export function isDbDamaged(file: string): boolean {
  try {
    using db = openDespiteDamage(file)
    return db.get<{ integrity_check: string }>('PRAGMA integrity_check(1)')?.integrity_check !== 'ok'
  } catch (error) {
    if (codeOf(error) === 'data-damaged') return true
    throw error
  }
}

/** Also an index that was noted as damaged. Throws as `openDb`. */
export function openDespiteDamage(file: string): Db {
  const folder = file === ':memory:' ? undefined : path.dirname(file)
  const driver = guard(() => new DatabaseSync(file), folder)
  if (folder != null) keepPrivate(file) // what SQLite makes beside it gets the same rights
  let isNew = false
  try {
    guard(() => {
      driver.exec(`PRAGMA busy_timeout=${BUSY_MS}; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;
        PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-${CACHE_KIB};
        PRAGMA journal_size_limit=${WAL_LIMIT_BYTES}; PRAGMA fullfsync=ON; PRAGMA checkpoint_fullfsync=ON`)
      isNew = migrate(driver) === 0
    }, folder)
  } catch (error) {
    driver.close()
    throw error
  }
  return new Db(driver, folder == null ? undefined : file, isNew)
}

/** Returns the version it had. */
function migrate(driver: DatabaseSync): number {
  const version = Number(driver.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version > MIGRATIONS.length) {
    throw new CodedError('data-newer', 'This data was written by a newer Shoal. Update Shoal, or use another --data.')
  }
  for (let at = version; at < MIGRATIONS.length; at++) {
    driver.exec(`BEGIN EXCLUSIVE; ${MIGRATIONS[at]}; PRAGMA user_version=${at + 1}; COMMIT`)
  }
  driver.prepare('SELECT count(*) FROM share').get() // a file that is no database of ours is noticed here
  return version
}

/**
 * Takes an exclusive lock on `file` and keeps it until disposed; the system releases it when the process dies.
 * Throws `already-running` when another holder has it, `not-writable`, `data-damaged`, `disk-full`.
 */
export function openLock(file: string): Disposable {
  const folder = path.dirname(file)
  const driver = guard(() => new DatabaseSync(file, { timeout: 0 }), folder)
  keepPrivate(file)
  try {
    guard(() => driver.exec('BEGIN EXCLUSIVE'), folder)
  } catch (error) {
    driver.close()
    throw error
  }
  return { [Symbol.dispose]: () => driver.isOpen && driver.close() }
}

/** The folder is its owner's alone as well; a disk that has no rights of files says so here, and nothing is lost. */
function keepPrivate(file: string): void {
  try {
    chmodSync(file, 0o600)
  } catch {
    // no such rights there
  }
}

function guard<T>(act: () => T, folder: string | undefined): T {
  try {
    return act()
  } catch (error) {
    throw coded(error, folder)
  }
}

// Primary result codes, sqlite.org/rescode.html
/** SQLite does not say why the system refused it room for its shared memory, or a new file: with less than this free, that is why. */
const NO_ROOM_BYTES = 256 * 1024
const SQLITE = { PERM: 3, BUSY: 5, READONLY: 8, IOERR: 10, CORRUPT: 11, FULL: 13, CANTOPEN: 14, NOTADB: 26 }

/** Not a statement that fails for a reason of its own. */
function isFileDamage(error: unknown): boolean {
  const cause = error instanceof CodedError ? error.cause : undefined
  const code = cause instanceof Error && 'errcode' in cause ? Number(cause.errcode) & 0xff : undefined
  return code === SQLITE.CORRUPT || code === SQLITE.NOTADB
}

function coded(error: unknown, folder: string | undefined): unknown {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return error
  const code = error.errcode & 0xff
  const isUnclear = code === SQLITE.IOERR || code === SQLITE.CANTOPEN
  if (isUnclear && folder != null && (freeBytes(folder) ?? Infinity) < NO_ROOM_BYTES) return ownDiskFull(error)
  switch (code) {
    case SQLITE.BUSY:
      return new CodedError('already-running', 'Another Shoal is using this data directory.', { cause: error })
    case SQLITE.FULL:
      return ownDiskFull(error)
    case SQLITE.CORRUPT:
    case SQLITE.NOTADB:
    case 1: // a statement that does not fit the tables: somebody else's schema
      return damaged(error)
    case SQLITE.PERM:
    case SQLITE.READONLY:
    case SQLITE.CANTOPEN:
      return new CodedError('not-writable', 'The data directory cannot be written. Check who may write to it.', {
        cause: error
      })
    default:
      return error
  }
}

function damaged(cause?: unknown): CodedError {
  const sentence = "Shoal's index is damaged. Your files are not affected: `shoal repair` makes a new index of them."
  return new CodedError('data-damaged', sentence, { cause })
}
