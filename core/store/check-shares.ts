// Finds out whether shared files still are what was shared: a quick look at every stat, and a hash where a stat differs.
import { lstat } from 'node:fs'
import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { type Clock, systemClock } from '../clock.ts'
import { fileStatOf } from '../files/file-stat.ts'
import { together } from '../together.ts'
import type { ServedShare } from './served-share.ts'
import type { SourceReader } from './source-reader.ts'
import { isGone, isPassing, verifyFile } from './read-leaf.ts'
import { FILE, type FileRow } from './share-repo.ts'
import { isSameFile, packedSize, packStat } from './stat.ts'

const statAt = promisify(lstat)
const IN_FLIGHT = 16
/** Before a file that could not be read is tried again: twice as long each time. */
const FIRST_WAIT_MS = 200
const MAX_WAIT_MS = 60_000

/** The stat (packed) of the file at the row's path; undefined when there is none, or nothing that is a file: a symlink is not followed. */
async function findStat(row: FileRow): Promise<Uint8Array | undefined> {
  try {
    const stats = await statAt(row.path, { bigint: true })
    return stats.isFile() ? packStat(fileStatOf(stats)) : undefined
  } catch (error) {
    if (isGone(error)) return undefined
    return row.stat // cannot be looked at now: reading it will tell
  }
}

/**
 * True when the folders between what was shared and the file are still real ones. A file that is another now is read to see whether it holds the
 * same content: not when somebody put a symlink in the way. What the user named may itself be reached through one.
 */
async function standsBelow({ base, path: file }: FileRow): Promise<boolean> {
  const folder = path.dirname(file)
  const rest = path.relative(base, folder)
  try {
    const isBelow = file !== base && !rest.startsWith('..') && !path.isAbsolute(rest)
    const expected = isBelow ? path.join(await realpath(base), rest) : file === base ? undefined : folder
    return expected == null || (await realpath(folder)) === expected
  } catch (error) {
    if (isPassing(error)) throw error
    return false
  }
}

/** Looks at the files' stats, 16 at a time, and marks or rechecks those that are not as recorded. */
export async function checkFiles(
  held: ServedShare,
  rows: readonly FileRow[],
  recheck: (row: FileRow) => void,
  signal: AbortSignal
): Promise<void> {
  let next = 0
  await together(IN_FLIGHT, async isOver => {
    for (let row = rows[next++]; row != null && !isOver(); row = rows[next++]) {
      signal.throwIfAborted()
      const now = await findStat(row)
      if (now == null) {
        if (row.state !== FILE.missing) held.mark(row, FILE.missing, row.stat)
      } else if (packedSize(now) !== row.sizeBytes) {
        if (row.state !== FILE.changed || !isSameFile(now, row.stat)) held.mark(row, FILE.changed, now)
      } else if (row.state === FILE.checking || !isSameFile(now, row.stat)) {
        held.mark(row, FILE.checking, row.stat)
        recheck(row)
      } else if (row.state === FILE.missing) held.mark(row, FILE.clean, row.stat)
    }
  })
}

interface Waiting {
  readonly held: ServedShare
  readonly row: FileRow
  /** Before the next attempt, should this one fail. */
  readonly waitMs: number
}

/**
 * Hashes files whose stat is not the recorded one, one after the other; what still holds the content gets its new stat. What cannot be read just now stays
 * `checking` and is tried again; after about a minute it counts as missing, and is still tried once a minute.
 */
export class Rechecker implements Disposable {
  readonly #files: Pick<SourceReader, 'read'>
  readonly #clock: Clock
  readonly #waiting = new Map<string, Waiting>() // by file, first come first
  readonly #later = new Map<string, () => void>() // by file: forgets it
  readonly #stop = new AbortController()
  #running: Promise<void> | undefined

  constructor(files: Pick<SourceReader, 'read'>, clock: Clock = systemClock) {
    this.#files = files
    this.#clock = clock
  }

  add(held: ServedShare, row: FileRow): void {
    this.#add({ held, row, waitMs: FIRST_WAIT_MS })
  }

  /** Resolves when nothing waits any more but for a time at which it may be readable. */
  async idle(): Promise<void> {
    while (this.#running != null) await this.#running
  }

  [Symbol.dispose](): void {
    this.#waiting.clear()
    for (const forget of this.#later.values()) forget()
    this.#later.clear()
    this.#stop.abort(new Error('The store is closed'))
  }

  #add(it: Waiting): void {
    const key = keyOf(it.row)
    this.#later.get(key)?.()
    this.#later.delete(key)
    if (!this.#waiting.has(key)) this.#waiting.set(key, it)
    this.#running ??= this.#run()
  }

  #addLater(it: Waiting): void {
    const again = { ...it, waitMs: Math.min(MAX_WAIT_MS, it.waitMs * 2) }
    const isLong = again.waitMs === MAX_WAIT_MS && it.waitMs < MAX_WAIT_MS
    if (isLong) it.held.mark(it.row, FILE.missing, it.row.stat)
    this.#later.set(
      keyOf(it.row),
      this.#clock.after(it.waitMs, () => this.#add(again))
    )
  }

  async #run(): Promise<void> {
    for (const [key, it] of this.#waiting) {
      this.#waiting.delete(key)
      await new Promise(resolve => setImmediate(resolve)) // small files are read at once: let others have their turn
      if (this.#stop.signal.aborted) break
      try {
        await this.#recheck(it)
      } catch (error) {
        // what else goes wrong leaves it `checking`: it is looked at again at the next look
        if (isPassing(error) && !this.#stop.signal.aborted) this.#addLater(it)
      }
    }
    this.#running = undefined
  }

  async #recheck(it: Waiting): Promise<void> {
    const { held, row } = it
    if (held.isWithdrawn) return
    const now = await findStat(row)
    if (now == null || !(await standsBelow(row))) {
      held.mark(row, FILE.missing, row.stat)
      return
    }
    const layout = await held.load()
    const isSameSize = row.sizeBytes === packedSize(now)
    const state = isSameSize ? await verifyFile(this.#files, row, layout, now, this.#stop.signal) : FILE.changed
    if (this.#stop.signal.aborted) return
    if (state === 'unread') this.#addLater(it)
    else held.mark(row, state, now)
  }
}

const keyOf = ({ copyId, idx }: FileRow): string => `${copyId}/${idx}`
