// What this run may send and receive in a second, and how much of a disk stays free.
import { statfsSync } from 'node:fs'
import path from 'node:path'
import { systemClock } from '../../core/clock.ts'
import { CodedError } from '../../core/errors.ts'
import { UploadLimiter } from '../../core/exchange/upload-limiter.ts'
import { DownloadLimit } from '../../core/fetch/download-limit.ts'
import type { Limits } from '../contract/shapes.ts'
import type { SettingsFile } from './settings.ts'

const MIN_RESERVE_BYTES = 1024 ** 3 // max(1 %, 1 GiB): DESIGN.md, "Crash rules", R5

const KEYS = ['uploadBytesPerSecond', 'downloadBytesPerSecond', 'reserveBytes'] as const

/** Rates and reserve: as saved, unless this run was started or told otherwise since. */
export class RunLimits {
  readonly upload = new UploadLimiter(systemClock)
  readonly download = new DownloadLimit()
  readonly #settings: SettingsFile
  #run: Limits

  constructor(settings: SettingsFile, run: Limits) {
    this.#settings = settings
    this.#run = run
    this.#apply()
  }

  /** For this run; what is null stays as it is. What holds now. */
  set(change: Limits): Limits {
    const merged = Object.entries(change).filter(([, value]) => value != null)
    this.#run = { ...this.#run, ...Object.fromEntries(merged) }
    this.#apply()
    return this.#now
  }

  /** These were just saved: they hold from now on, also over what this run was started with. */
  choose(saved: Partial<Record<keyof Limits, unknown>>): void {
    const run = { ...this.#run }
    for (const key of KEYS) if (key in saved) run[key] = null
    this.#run = run
    this.#apply()
  }

  reserveBytes(directory: string): number {
    return this.#now.reserveBytes ?? Math.max(MIN_RESERVE_BYTES, Math.floor(sizeOfDisk(directory) / 100))
  }

  get #now() {
    const saved = this.#settings.value
    return {
      uploadBytesPerSecond: this.#run.uploadBytesPerSecond ?? saved.uploadBytesPerSecond,
      downloadBytesPerSecond: this.#run.downloadBytesPerSecond ?? saved.downloadBytesPerSecond,
      reserveBytes: this.#run.reserveBytes ?? saved.reserveBytes
    }
  }

  #apply(): void {
    const { uploadBytesPerSecond, downloadBytesPerSecond } = this.#now
    this.upload.setAll(uploadBytesPerSecond)
    this.download.set(downloadBytesPerSecond, performance.now())
  }
}

/** Of the nearest folder that exists. */
function sizeOfDisk(directory: string): number {
  try {
    const { blocks, bsize } = statfsSync(directory)
    return blocks * bsize
  } catch (error) {
    const above = path.dirname(directory)
    if (above === directory) throw new CodedError('not-writable', 'That folder is not on any disk.', { cause: error })
    return sizeOfDisk(above)
  }
}
