// Opens the database and takes it to this version's schema. The only file that names the SQLite driver.
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { CodedError } from '../errors.ts'
import { MIGRATIONS } from './migrations.ts'

type Row = Record<string, SQLOutputValue>

const BUSY_MS = 2_000
const WAL_LIMIT_BYTES = 8 * 1024 * 1024 // the log shrinks back to this after a checkpoint
const CACHE_KIB = 16 * 1024

/**
 * One open database; statements are prepared once. Every call throws `disk-full` (no room for the index),
 * `data-damaged`, `not-writable`; a query's row type is the caller's claim about the SQL beside it.
 */
export class Db implements Disposable {
  readonly #driver: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  #depth = 0

  constructor(driver: DatabaseSync) {
    this.#driver = driver
  }

  /** Returns how many rows changed. */
  run(sql: string, ...params: SQLInputValue[]): number {
    return guard(() => Number(this.#prepare(sql).run(...params).changes))
  }

  get<T = Row>(sql: string, ...params: SQLInputValue[]): T | undefined {
    return guard(() => this.#prepare(sql).get(...params)) as T | undefined // the SQL names T's columns
  }

  all<T = Row>(sql: string, ...params: SQLInputValue[]): T[] {
    return guard(() => this.#prepare(sql).all(...params)) as T[] // the SQL names T's columns
  }

  /**
   * Runs `change` in one transaction; inside another one it simply joins. `durable`: on return it survives a power cut
   * (synchronous=FULL); `written`: it survives the death of this process.
   */
  transaction<T>(durability: 'written' | 'durable', change: () => T): T {
    if (this.#depth > 0) return change()
    if (durability === 'durable') this.#driver.exec('PRAGMA synchronous=FULL')
    try {
      guard(() => this.#driver.exec('BEGIN IMMEDIATE'))
      this.#depth++
      const result = change()
      guard(() => this.#driver.exec('COMMIT'))
      return result
    } catch (err) {
      if (this.#driver.isTransaction) this.#driver.exec('ROLLBACK')
      throw err
    } finally {
      this.#depth = 0
      if (durability === 'durable') this.#driver.exec('PRAGMA synchronous=NORMAL')
    }
  }

  [Symbol.dispose](): void {
    if (this.#driver.isOpen) this.#driver.close()
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#driver.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}

/** Opens or creates `file` (`:memory:` works). Throws `data-newer`, `data-damaged`, `not-writable`, `disk-full`. */
export function openDb(file: string): Db {
  const driver = guard(() => new DatabaseSync(file))
  try {
    guard(() => {
      driver.exec(`PRAGMA busy_timeout=${BUSY_MS}; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;
        PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-${CACHE_KIB};
        PRAGMA journal_size_limit=${WAL_LIMIT_BYTES}`)
      migrate(driver)
    })
  } catch (err) {
    driver.close()
    throw err
  }
  return new Db(driver)
}

function migrate(driver: DatabaseSync): void {
  const version = Number(driver.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version > MIGRATIONS.length) {
    throw new CodedError('data-newer', 'This data was written by a newer Shoal. Update Shoal, or use another --data.')
  }
  for (let at = version; at < MIGRATIONS.length; at++) {
    driver.exec(`BEGIN EXCLUSIVE; ${MIGRATIONS[at]}; PRAGMA user_version=${at + 1}; COMMIT`)
  }
  driver.prepare('SELECT count(*) FROM share').get() // a file that is no database of ours is noticed here
}

/**
 * Takes an exclusive lock on `file` and keeps it until disposed; the system releases it when the process dies.
 * Throws `already-running` when another holder has it, `not-writable`, `data-damaged`.
 */
export function openLock(file: string): Disposable {
  const driver = guard(() => new DatabaseSync(file, { timeout: 0 }))
  try {
    guard(() => driver.exec('BEGIN EXCLUSIVE'))
  } catch (err) {
    driver.close()
    throw err
  }
  return { [Symbol.dispose]: () => driver.isOpen && driver.close() }
}

function guard<T>(act: () => T): T {
  try {
    return act()
  } catch (err) {
    throw coded(err)
  }
}

// Primary result codes, sqlite.org/rescode.html
const SQLITE = { PERM: 3, BUSY: 5, READONLY: 8, IOERR: 10, CORRUPT: 11, FULL: 13, CANTOPEN: 14, NOTADB: 26 }

function coded(err: unknown): unknown {
  if (!(err instanceof Error) || !('errcode' in err) || typeof err.errcode !== 'number') return err
  switch (err.errcode & 0xff) {
    case SQLITE.BUSY:
      return new CodedError('already-running', 'Another Shoal is using this data directory.', { cause: err })
    case SQLITE.FULL:
      return new CodedError('disk-full', 'The disk of the data directory is full. Free some space.', { cause: err })
    case SQLITE.CORRUPT:
    case SQLITE.NOTADB:
    case 1: // a statement that does not fit the tables: somebody else's schema
      return new CodedError('data-damaged', "Shoal's index is damaged. Your files are not affected.", { cause: err })
    case SQLITE.PERM:
    case SQLITE.READONLY:
    case SQLITE.CANTOPEN:
      return new CodedError('not-writable', 'The data directory cannot be written. Check who may write to it.', {
        cause: err
      })
    default:
      return err
  }
}
