// Reads pieces of the user's files, after a look at their stat. Decides nothing about what is read.
import { closeSync, constants, fstatSync, open, openSync, type BigIntStats } from 'node:fs'
import { promisify } from 'node:util'
import { fileStatOf } from '../files/file-stat.ts'
import { FdCache } from './fd-cache.ts'
import { readHashed, readHashedNow, SMALL_BYTES, type Hashed } from './hashed-read.ts'
import type { LeafThreads } from './leaf-threads.ts'
import { packStat } from './stat.ts'

const openAt = promisify(open)
const MAX_OPEN = 64
const MAX_AGE_MS = 2_000 // a file replaced at its path is noticed within this
// A pipe put where a file was must not block us, and a symlink there leads elsewhere: opened like this, neither does. Windows has no such flags.
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0)

/**
 * What stands at the path now: the file's stat (packed; undefined: no file), and
 * its bytes when the stat is the expected one.
 */
export interface SourceRead {
  readonly stat: Uint8Array | undefined
  /** Shorter than asked for when the file ends before; undefined when `isExpected` said no. */
  readonly read: Hashed | undefined
}

/** At most 64 descriptors; rejects with the system's error (`code` ENOENT and so on), and with EIO once it is disposed of. */
export class SourceReader implements AsyncDisposable {
  readonly #threads: LeafThreads
  readonly #fds = new FdCache({ flags: FLAGS, open: openAt, max: MAX_OPEN, maxAgeMs: MAX_AGE_MS })
  #isOver = false

  constructor(threads: LeafThreads) {
    this.#threads = threads
  }

  /** Reads [offset, offset + length) after one fstat. The beginning of a file is read at once when it is small. */
  async read(
    path: string,
    offset: number,
    length: number,
    isExpected: (stat: Uint8Array) => boolean
  ): Promise<SourceRead> {
    // what was opened now nobody would close; and that it cannot be read says nothing of the file
    if (this.#isOver) throw Object.assign(new Error('Shoal is closing'), { code: 'EIO' })
    if (length <= SMALL_BYTES && offset === 0 && !this.#fds.has(path)) return readNow(path, length, isExpected)
    const piece = await this.#fds.use(path, async fd => {
      const stat = stored(fstatSync(fd, { bigint: true }))
      if (stat == null || !isExpected(stat)) return { stat, read: undefined }
      return { stat, read: await readHashed(this.#threads, fd, offset, length) }
    })
    if (piece.read == null) void this.#fds.forget(path)
    return piece
  }

  /** Lets go of a path: the next read opens it anew. */
  forget(path: string): void {
    void this.#fds.forget(path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await this.#fds[Symbol.asyncDispose]()
  }
}

function readNow(path: string, length: number, isExpected: (stat: Uint8Array) => boolean): SourceRead {
  const fd = openSync(path, FLAGS)
  try {
    const stat = stored(fstatSync(fd, { bigint: true }))
    if (stat == null || !isExpected(stat)) return { stat, read: undefined }
    return { stat, read: readHashedNow(fd, 0, length) }
  } finally {
    closeSync(fd)
  }
}

const stored = (stats: BigIntStats): Uint8Array | undefined =>
  stats.isFile() ? packStat(fileStatOf(stats)) : undefined
