// The databases of a simulated computer: real SQLite in memory. What a power cut leaves is modelled: every transaction that was committed with
// synchronous=FULL and all before it; of the later ones as many, in order, as the dice say. Nothing of an open one.
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { Dice } from './dice.ts'

export interface Statement {
  readonly sql: string
  readonly params: readonly SQLInputValue[] | undefined // undefined: by exec
}

class Database {
  driver = new DatabaseSync(':memory:')
  /** Every transaction since the database was made. */
  readonly committed: (readonly Statement[])[] = []
  /** How many of them a power cut leaves at least. */
  durable = 0
}

export class Databases {
  readonly #all = new Map<string, Database>()
  /** Told after a transaction that is durable from now on. */
  onDurable: (file: string) => void = () => {}

  /** The one at this path, made when it is missing. */
  open(file: string): Database {
    let database = this.#all.get(file)
    if (database == null) this.#all.set(file, (database = new Database()))
    return database
  }

  /** For whoever looks at what is in there; undefined when there is none. */
  find(file: string): DatabaseSync | undefined {
    return this.#all.get(file)?.driver
  }

  commit(file: string, statements: readonly Statement[], isDurable: boolean): void {
    const database = this.open(file)
    database.committed.push(statements)
    if (!isDurable) return
    database.durable = database.committed.length
    this.onDurable(file)
  }

  /** A clean end: all of it is on the disk. */
  closed(file: string): void {
    const database = this.open(file)
    database.durable = database.committed.length
  }

  /** The program is gone: what it had not committed is. */
  killed(): void {
    for (const { driver } of this.#all.values()) if (driver.isTransaction) driver.exec('ROLLBACK')
  }

  /** The power is cut. */
  cut(dice: Dice): void {
    for (const database of this.#all.values()) {
      database.driver.close()
      database.driver = new DatabaseSync(':memory:')
      database.committed.length = dice.int(database.durable, database.committed.length)
      database.durable = database.committed.length // what is read again after a start is taken in, with a sync
      for (const statements of database.committed) replay(database.driver, statements)
    }
  }

  /** They are gone, and their memory given back. */
  close(): void {
    for (const { driver } of this.#all.values()) driver.close()
    this.#all.clear()
  }
}

function replay(driver: DatabaseSync, statements: readonly Statement[]): void {
  for (const { sql, params } of statements) {
    if (params == null) driver.exec(sql)
    else driver.prepare(sql).run(...params)
  }
}
