// What simulated code gets when it imports node:sqlite: real SQLite in memory, kept by the machine from one run of the program to the next.
import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import type { Databases, Statement } from '../databases.ts'
import { type Machine, thisMachine } from '../machine.ts'

const FULL = 13 // SQLITE_FULL, sqlite.org/rescode.html
const NO_ROOM_BYTES = 256 * 1024

const sqliteError = (code: number, message: string): Error =>
  Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode: code })

export class DatabaseSync {
  readonly #file: string
  readonly #machine: Machine
  readonly #databases: Databases
  #transaction: Statement[] | undefined
  #isFull = false
  isOpen = true

  constructor(file: string) {
    this.#machine = thisMachine()
    this.#file = file
    this.#databases = this.#machine.databases
    this.#databases.open(file)
  }

  get #driver() {
    return this.#databases.open(this.#file).driver
  }

  get isTransaction(): boolean {
    return this.#driver.isTransaction
  }

  exec(sql: string): void {
    this.#mustBeOn()
    if (sql.startsWith('PRAGMA synchronous=FULL')) this.#isFull = true
    if (sql.startsWith('PRAGMA synchronous=NORMAL')) this.#isFull = false
    if (sql.startsWith('PRAGMA')) return this.#driver.exec(sql)
    if (sql === 'COMMIT') this.#mustHaveRoom()
    this.#driver.exec(sql)
    if (/^BEGIN[^;]*$/.test(sql)) this.#transaction = []
    else if (sql === 'ROLLBACK') this.#transaction = undefined
    else if (sql === 'COMMIT') {
      const statements = this.#transaction ?? []
      this.#transaction = undefined
      this.#databases.commit(this.#file, statements, this.#isFull)
    } else this.#wrote({ sql, params: undefined })
  }

  prepare(sql: string): Prepared {
    return new Prepared(() => this.#driver, sql, {
      ask: () => this.#mustBeOn(),
      write: () => this.#mustHaveRoom(),
      wrote: params => this.#wrote({ sql, params })
    })
  }

  close(): void {
    if (!this.isOpen) return
    this.isOpen = false
    if (!this.#machine.isOn) return
    if (this.#driver.isTransaction) this.#driver.exec('ROLLBACK')
    this.#databases.closed(this.#file)
  }

  #wrote(statement: Statement): void {
    if (this.#transaction != null) this.#transaction.push(statement)
    else this.#databases.commit(this.#file, [statement], this.#isFull)
  }

  #mustBeOn(): void {
    thisMachine()
    if (!this.isOpen) throw sqliteError(21, 'The database is not open')
  }

  #mustHaveRoom(): void {
    this.#mustBeOn()
    if (this.#machine.disk.freeBytes < NO_ROOM_BYTES) throw sqliteError(FULL, 'database or disk is full')
  }
}

interface Uses {
  ask(): void
  write(): void
  wrote(params: SQLInputValue[]): void
}

/** Prepared anew when another database stands there: after a power cut. */
class Prepared {
  readonly #sql: string
  readonly #uses: Uses
  readonly #driver: () => { prepare(sql: string): StatementSync }
  #statement: StatementSync | undefined

  constructor(driver: () => { prepare(sql: string): StatementSync }, sql: string, uses: Uses) {
    this.#driver = driver
    this.#sql = sql
    this.#uses = uses
    this.#statement = driver().prepare(sql)
  }

  run(...params: SQLInputValue[]): { changes: number | bigint } {
    this.#uses.write()
    const result = this.#prepared().run(...params)
    this.#uses.wrote(params.map(it => (ArrayBuffer.isView(it) ? Uint8Array.from(it as Uint8Array) : it)))
    return result
  }

  get(...params: SQLInputValue[]): Record<string, SQLOutputValue> | undefined {
    this.#uses.ask()
    return this.#prepared().get(...params)
  }

  all(...params: SQLInputValue[]): Record<string, SQLOutputValue>[] {
    this.#uses.ask()
    return this.#prepared().all(...params)
  }

  #prepared(): StatementSync {
    return (this.#statement ??= this.#driver().prepare(this.#sql))
  }
}
