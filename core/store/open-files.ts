// Reads pieces of files by path, keeping a few descriptors open. Decides nothing about what is read.
import { close, constants, fstat, open, read, type BigIntStats } from 'node:fs'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { promisify } from 'node:util'
import { packStat, statOf } from './stat.ts'

const [openAt, closeAt, statAt, readAt] = [promisify(open), promisify(close), promisify(fstat), promisify(read)]

const MAX_OPEN = 64
const MAX_AGE_MS = 2_000 // a file replaced at its path is noticed within this
const SMALL_BYTES = 64 * 1024
// A pipe put where a file was must not block us: opened like this, it does not.
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/** What stands at the path now: the file's stat (packed), and its bytes when the stat is the expected one. */
export interface Piece {
  readonly stat: Uint8Array
  /** Shorter than asked for when the file ends before; undefined when `isExpected` said no. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined
}

interface Entry {
  readonly path: string
  readonly opening: Promise<number>
  readonly openedAt: number
  users: number
  isStale: boolean
}

/** At most 64 descriptors; rejects with the system's error (`code` ENOENT and so on). */
export class OpenFiles implements Disposable {
  readonly #entries = new Map<string, Entry>() // least recently used first
  #sweep: NodeJS.Timeout | undefined

  /** Reads [offset, offset + length) after one fstat. Small pieces are read at once, others on the thread pool. */
  async read(path: string, offset: number, length: number, isExpected: (stat: Uint8Array) => boolean): Promise<Piece> {
    if (length <= SMALL_BYTES && offset === 0 && !this.#entries.has(path)) return readNow(path, length, isExpected)
    const entry = this.#enter(path)
    try {
      const fd = await entry.opening
      const stat = stored(await statAt(fd, { bigint: true }))
      if (stat === undefined || !isExpected(stat)) {
        entry.isStale = true
        return { stat: stat ?? NO_FILE, bytes: undefined }
      }
      const bytes = new Uint8Array(length)
      let filled = 0
      while (filled < length) {
        const { bytesRead } = await readAt(fd, bytes, filled, length - filled, offset + filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return { stat, bytes: filled === length ? bytes : bytes.subarray(0, filled) }
    } finally {
      this.#leave(entry)
    }
  }

  /** Lets go of a path: the next read opens it anew. */
  forget(path: string): void {
    const entry = this.#entries.get(path)
    if (entry !== undefined) this.#retire(entry)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#sweep)
    for (const entry of this.#entries.values()) this.#retire(entry)
  }

  #enter(path: string): Entry {
    const known = this.#entries.get(path)
    const isYoung = known !== undefined && performance.now() - known.openedAt < MAX_AGE_MS
    if (known !== undefined && !isYoung) this.#retire(known)
    const entry =
      known !== undefined && isYoung
        ? known
        : { path, opening: openAt(path, FLAGS), openedAt: performance.now(), users: 0, isStale: false }
    this.#entries.delete(path)
    this.#entries.set(path, entry)
    entry.users++
    for (const other of this.#entries.values()) {
      if (this.#entries.size <= MAX_OPEN) break
      if (other.users === 0) this.#retire(other)
    }
    this.#sweep ??= setTimeout(() => this.#retireOld(), MAX_AGE_MS).unref()
    return entry
  }

  #leave(entry: Entry): void {
    entry.users--
    if (entry.isStale) this.#retire(entry)
  }

  #retireOld(): void {
    this.#sweep = undefined
    const now = performance.now()
    for (const entry of this.#entries.values()) if (now - entry.openedAt >= MAX_AGE_MS) this.#retire(entry)
    if (this.#entries.size > 0) this.#sweep = setTimeout(() => this.#retireOld(), MAX_AGE_MS).unref()
  }

  /** Takes it out of the table; whoever reads from it last closes it. */
  #retire(entry: Entry): void {
    if (this.#entries.get(entry.path) === entry) this.#entries.delete(entry.path)
    entry.isStale = true
    if (entry.users > 0) return
    entry.users = -1 // closed once
    entry.opening.then(fd => closeAt(fd)).catch(() => {}) // nothing was written: a failed close loses nothing
  }
}

const NO_FILE = new Uint8Array(40) // of what is no regular file: equal to no stored stat

function readNow(path: string, length: number, isExpected: (stat: Uint8Array) => boolean): Piece {
  const fd = openSync(path, FLAGS)
  try {
    const stat = stored(fstatSync(fd, { bigint: true }))
    if (stat === undefined || !isExpected(stat)) return { stat: stat ?? NO_FILE, bytes: undefined }
    const bytes = new Uint8Array(length)
    let filled = 0
    while (filled < length) {
      const bytesRead = readSync(fd, bytes, filled, length - filled, filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return { stat, bytes: bytes.subarray(0, filled) }
  } finally {
    closeSync(fd)
  }
}

const stored = (stats: BigIntStats): Uint8Array | undefined => (stats.isFile() ? packStat(statOf(stats)) : undefined)
