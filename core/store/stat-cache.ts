// Digests of files hashed before, by their stat: sharing an unchanged file again reads nothing of it (DESIGN.md, "Store").
import type { FileStat, StatCache } from '../files/file-stat.ts'
import { CodedError } from '../errors.ts'
import type { Db } from './db.ts'
import { packStat } from './stat.ts'

const SETTLED_NS = 2_000_000_000n // a younger file may change again without its mtime showing it
const MAX_ROWS = 500_000
const FLUSH_ROWS = 2_048
const FLUSH_BYTES = 4 * 1024 * 1024

/** Bounded; the least recently used goes first. Puts are gathered and written together: call `flush` at the end. */
export class SqlStatCache implements StatCache {
  readonly #db: Db
  readonly #now: () => number
  readonly #waiting = new Map<string, { stat: Uint8Array; digests: Uint8Array }>()
  #bytes = 0

  constructor(db: Db, now: () => number) {
    this.#db = db
    this.#now = now
  }

  /** The digests of `FileLeaves`, owned by the caller. */
  find(stat: FileStat): Uint8Array | undefined {
    const key = packStat(stat)
    const waiting = this.#waiting.get(keyText(key))
    if (waiting != null) return waiting.digests.slice()
    const row = this.#db.get<{ digests: Uint8Array }>('SELECT digests FROM stat_cache WHERE stat = ?', key)
    return row?.digests
  }

  /** Keeps the digests only of a file whose mtime and ctime are 2 s old: call it with the stat from before hashing. */
  put(stat: FileStat, digests: Uint8Array): void {
    const settled = BigInt(this.#now()) * 1_000_000n - SETTLED_NS
    if (stat.mtimeNs > settled || stat.ctimeNs > settled) return
    const key = packStat(stat)
    this.#waiting.set(keyText(key), { stat: key, digests: digests.slice() })
    this.#bytes += digests.length
    if (this.#isFull) this.flush()
  }

  get #isFull(): boolean {
    return this.#waiting.size >= FLUSH_ROWS || this.#bytes >= FLUSH_BYTES
  }

  /** Best effort: what the index has no room for waits for the next time while it is little, else the files are hashed again some day. */
  flush(): void {
    if (this.#waiting.size === 0) return
    try {
      this.#write()
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      if (!this.#isFull) return
    }
    this.#waiting.clear()
    this.#bytes = 0
  }

  #write(): void {
    this.#db.transaction('written', () => {
      for (const { stat, digests } of this.#waiting.values()) {
        this.#db.run('INSERT OR REPLACE INTO stat_cache VALUES (?, ?, ?)', stat, digests, this.#now())
      }
      const extra = this.#db.get<{ rows: number }>('SELECT count(*) AS rows FROM stat_cache')!.rows - MAX_ROWS
      if (extra > 0) {
        this.#db.run(
          'DELETE FROM stat_cache WHERE stat IN (SELECT stat FROM stat_cache ORDER BY used_at LIMIT ?)',
          extra
        )
      }
    })
  }
}

const keyText = (stat: Uint8Array): string => Buffer.from(stat.buffer, stat.byteOffset, stat.length).toString('latin1')
