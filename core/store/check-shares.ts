// Finds out whether shared files still are what was shared: a quick look at every stat, and a hash where a stat differs.
import { lstat } from 'node:fs'
import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { fileStatOf } from '../files/file-stat.ts'
import type { HeldRoot } from './held-root.ts'
import type { OpenFiles } from './open-files.ts'
import { isGone, verifyFile } from './read-leaf.ts'
import { FILE, type FileRow } from './share-repo.ts'
import { isSameFile, packedSize, packStat } from './stat.ts'

const statAt = promisify(lstat)
const IN_FLIGHT = 16

/** The stat (packed) of the file at the row's path; undefined when there is none, or nothing that is a file: a symlink is not followed. */
async function findStat(row: FileRow): Promise<Uint8Array | undefined> {
  try {
    const stats = await statAt(row.path, { bigint: true })
    return stats.isFile() ? packStat(fileStatOf(stats)) : undefined
  } catch (err) {
    if (isGone(err)) return undefined
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
    return expected === undefined || (await realpath(folder)) === expected
  } catch {
    return false
  }
}

/** Looks at the files' stats, 16 at a time, and marks or rechecks those that are not as recorded. */
export async function checkFiles(
  held: HeldRoot,
  rows: readonly FileRow[],
  recheck: (row: FileRow) => void,
  signal: AbortSignal
): Promise<void> {
  let next = 0
  const run = async (): Promise<void> => {
    for (let row = rows[next++]; row !== undefined; row = rows[next++]) {
      signal.throwIfAborted()
      const now = await findStat(row)
      if (now === undefined) {
        if (row.state !== FILE.missing) held.mark(row, FILE.missing, row.stat)
      } else if (packedSize(now) !== row.sizeBytes) {
        if (row.state !== FILE.changed || !isSameFile(now, row.stat)) held.mark(row, FILE.changed, now)
      } else if (row.state === FILE.checking || !isSameFile(now, row.stat)) {
        held.mark(row, FILE.checking, row.stat)
        recheck(row)
      } else if (row.state === FILE.missing) held.mark(row, FILE.clean, row.stat)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, run))
}

/** Hashes files whose stat is not the recorded one, one after the other; what still holds the content gets its new stat. */
export class Rechecker implements Disposable {
  readonly #files: OpenFiles
  readonly #waiting = new Map<string, { held: HeldRoot; row: FileRow }>() // by file, first come first
  readonly #stop = new AbortController()
  #running: Promise<void> | undefined

  constructor(files: OpenFiles) {
    this.#files = files
  }

  add(held: HeldRoot, row: FileRow): void {
    const key = `${row.copyId}/${row.idx}`
    if (!this.#waiting.has(key)) this.#waiting.set(key, { held, row })
    this.#running ??= this.#run()
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  [Symbol.dispose](): void {
    this.#waiting.clear()
    this.#stop.abort(new Error('The store is closed'))
  }

  async #run(): Promise<void> {
    for (const [key, { held, row }] of this.#waiting) {
      this.#waiting.delete(key)
      await new Promise(resolve => setImmediate(resolve)) // small files are read at once: let others have their turn
      if (this.#stop.signal.aborted) break
      await this.#recheck(held, row).catch(() => {}) // stopped half way: the file stays `checking`, and is looked at again
    }
    this.#running = undefined
  }

  async #recheck(held: HeldRoot, row: FileRow): Promise<void> {
    const now = await findStat(row)
    if (now === undefined || !(await standsBelow(row))) {
      held.mark(row, FILE.missing, row.stat)
      return
    }
    const layout = await held.load()
    const state =
      row.sizeBytes === packedSize(now)
        ? await verifyFile(this.#files, row, layout, now, this.#stop.signal)
        : FILE.changed
    if (!this.#stop.signal.aborted) held.mark(row, state, now)
  }
}
