// Reads pieces of the user's files, after a look at their stat. Decides nothing about what is read.
import { closeSync, constants, fstat, fstatSync, openSync, read, readSync, type BigIntStats } from 'node:fs'
import { promisify } from 'node:util'
import { fileStatOf } from '../files/file-stat.ts'
import { FdCache } from './fd-cache.ts'
import { packStat } from './stat.ts'

const [statAt, readAt] = [promisify(fstat), promisify(read)]

const MAX_OPEN = 64
const MAX_AGE_MS = 2_000 // a file replaced at its path is noticed within this
const SMALL_BYTES = 64 * 1024
// A pipe put where a file was must not block us: opened like this, it does not.
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/** What stands at the path now: the file's stat (packed; undefined: no file), and its bytes when the stat is the expected one. */
export interface Piece {
  readonly stat: Uint8Array | undefined
  /** Shorter than asked for when the file ends before; undefined when `isExpected` said no. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined
}

/** At most 64 descriptors; rejects with the system's error (`code` ENOENT and so on). */
export class OpenFiles implements AsyncDisposable {
  readonly #fds = new FdCache({ flags: FLAGS, max: MAX_OPEN, maxAgeMs: MAX_AGE_MS })

  /** Reads [offset, offset + length) after one fstat. The beginning of a file is read at once when it is small. */
  async read(path: string, offset: number, length: number, isExpected: (stat: Uint8Array) => boolean): Promise<Piece> {
    if (length <= SMALL_BYTES && offset === 0 && !this.#fds.has(path)) return readNow(path, length, isExpected)
    const piece = await this.#fds.use(path, async fd => {
      const stat = stored(await statAt(fd, { bigint: true }))
      return stat !== undefined && isExpected(stat)
        ? { stat, bytes: await readFrom(fd, offset, length) }
        : { stat, bytes: undefined }
    })
    if (piece.bytes === undefined) void this.#fds.forget(path)
    return piece
  }

  /** Lets go of a path: the next read opens it anew. */
  forget(path: string): void {
    void this.#fds.forget(path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#fds[Symbol.asyncDispose]()
  }
}

/** Reads `length` bytes at `offset`, fewer where the file ends. */
export async function readFrom(fd: number, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await readAt(fd, bytes, filled, length - filled, offset + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled === length ? bytes : bytes.subarray(0, filled)
}

function readNow(path: string, length: number, isExpected: (stat: Uint8Array) => boolean): Piece {
  const fd = openSync(path, FLAGS)
  try {
    const stat = stored(fstatSync(fd, { bigint: true }))
    if (stat === undefined || !isExpected(stat)) return { stat, bytes: undefined }
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

const stored = (stats: BigIntStats): Uint8Array | undefined =>
  stats.isFile() ? packStat(fileStatOf(stats)) : undefined
