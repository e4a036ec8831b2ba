// What a download does to names on the disk, with patience for systems on which others may hold a file for a moment. Decides nothing about which names.
import { linkSync, renameSync, rmdirSync, unlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { systemCode } from '../files/write-error.ts'

/** On Windows a virus scanner, an indexer or a backup that looks at a file, or at one in a folder, makes a rename or removal fail like this. */
export const BUSY_CODES = new Set(['EBUSY', 'EPERM', 'EACCES'])
/** Between attempts: 20 ms, twice as long each time up to 1 s; about ten seconds in all. */
const FIRST_WAIT_MS = 20
const MAX_WAIT_MS = 1_000
const MAX_WAITS = 15

/** The system's calls: they throw its errors. */
export interface NameCalls {
  rename(from: string, to: string): void
  link(from: string, to: string): void
  unlink(at: string): void
  rmdir(at: string): void
}

export interface DiskNamesOptions {
  readonly calls?: NameCalls
  readonly platform?: NodeJS.Platform
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>
}

const SYSTEM: NameCalls = { rename: renameSync, link: linkSync, unlink: unlinkSync, rmdir: rmdirSync }

/** `options` are for tests. */
export class DiskNames {
  readonly calls: NameCalls
  readonly #isPatient: boolean
  readonly #wait: (ms: number, signal?: AbortSignal) => Promise<void>

  constructor({ calls = SYSTEM, platform = process.platform, wait = waitFor }: DiskNamesOptions = {}) {
    this.calls = calls
    this.#isPatient = platform === 'win32' // elsewhere open files can be renamed and removed, and these codes mean what they say
    this.#wait = wait
  }

  /** Acts, again and again while the system says that somebody else has the file, for about ten seconds; then throws what it says. */
  async patiently(act: (calls: NameCalls) => void, signal?: AbortSignal): Promise<void> {
    for (let waits = 0; ; waits++) {
      signal?.throwIfAborted()
      try {
        act(this.calls)
        return
      } catch (error) {
        if (!this.#isPatient || waits >= MAX_WAITS || !BUSY_CODES.has(systemCode(error) ?? '')) throw error
      }
      await this.#wait(Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** waits), signal)
    }
  }
}

async function waitFor(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, signal && { signal })
}
