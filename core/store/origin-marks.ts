// Tells the system that a file came from somebody else, so that it asks before it runs it. On Windows the mark is a stream beside the bytes, on macOS an
// attribute: neither is content. Where a disk has no place for one there is none, and nothing fails for it.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { promisify } from 'node:util'

const runAt = promisify(execFile)

/** [MS-FSCC], "Known Alternate Stream Names": the zone is 3, the internet. */
const ZONE_STREAM = ':Zone.Identifier'
const ZONE = '[ZoneTransfer]\r\nZoneId=3\r\n'
/** flags;time;program, as programs that download write it: not opened yet. Node writes no attributes: the system's own program does. */
const QUARANTINE = 'com.apple.quarantine'
const QUARANTINE_FLAGS = '0081'
const XATTR = '/usr/bin/xattr'
const XATTR_MS = 30_000
const PATHS_BYTES = 128 * 1024 // of arguments in one call; the system takes 1 MiB

export interface OriginMarkCalls {
  write(at: string, text: string): void
  run(program: string, args: readonly string[]): Promise<unknown>
}

const SYSTEM: OriginMarkCalls = {
  write: (at, text) => writeFileSync(at, text),
  run: async (program, args) => runAt(program, [...args], { timeout: XATTR_MS })
}

export interface OriginMarksOptions {
  readonly calls?: OriginMarkCalls
  readonly platform?: NodeJS.Platform
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** `options` are for tests. */
export class OriginMarks {
  readonly #calls: OriginMarkCalls
  readonly #platform: NodeJS.Platform
  readonly #now: () => number

  constructor({ calls = SYSTEM, platform = process.platform, now = Date.now }: OriginMarksOptions = {}) {
    this.#calls = calls
    this.#platform = platform
    this.#now = now
  }

  /** Whether each file is to be marked by itself. */
  get isEach(): boolean {
    return this.#platform === 'win32'
  }

  /** Where `isEach`: of one file, before its stat is noted, which this changes. Never throws. */
  mark(at: string): void {
    try {
      this.#calls.write(at + ZONE_STREAM, ZONE)
    } catch {
      // a disk without streams
    }
  }

  /** macOS: of all files of a download, before they get their last name; many in one call. Never rejects. */
  async markAll(paths: Iterable<string>): Promise<void> {
    if (this.#platform !== 'darwin') return
    const value = `${QUARANTINE_FLAGS};${Math.floor(this.#now() / 1000).toString(16)};Shoal;`
    for (const some of inCalls(paths)) {
      // -s: never what a symlink leads to. Absolute paths are no options.
      await this.#calls.run(XATTR, ['-s', '-w', QUARANTINE, value, ...some]).catch(() => {}) // a disk without attributes
    }
  }
}

function* inCalls(paths: Iterable<string>): Generator<string[]> {
  let some: string[] = []
  let bytes = 0
  for (const it of paths) {
    some.push(it)
    bytes += Buffer.byteLength(it)
    if (bytes < PATHS_BYTES) continue
    yield some
    ;[some, bytes] = [[], 0]
  }
  if (some.length > 0) yield some
}
