// Newer versions of Shoal: looked for in internet mode and in no other, loaded and installed only when the user says so. Who really looks is behind
// `Updater`; here is when, and what the user may do about it.
import type { NetworkMode } from '../app/contract/shapes.ts'
import type { Update } from '../app/contract/window-contract.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../app/service/log.ts'
import { CodedError } from '../core/errors.ts'

const FIRST_MS = 60_000 // a start has other things to do
const EVERY_MS = 24 * 60 * 60_000
const MAX_VERSION_CHARS = 64 // as the contract

/** Where updates come from. Each may throw whatever it likes: it is logged and nothing else. */
export interface Updater {
  /** The version that is newer than this one; null: none is. */
  check(): Promise<string | null>
  /** After a check that found one. */
  download(): Promise<void>
  /** Ends the program, after a download. */
  install(): void
}

export interface UpdatesParts {
  /** Loaded when it is used for the first time, if ever. */
  readonly open: () => Promise<Updater>
  /** The mode that is in effect now. Throws while there is no engine. */
  readonly network: () => Promise<NetworkMode>
  readonly clock: Clock
  readonly log: Log
  readonly onChange: (update: Update | null) => void
}

export class Updates implements Disposable {
  readonly #parts: UpdatesParts
  #updater: Promise<Updater> | undefined
  #update: Update | null = null
  #cancel: () => void

  constructor(parts: UpdatesParts) {
    this.#parts = parts
    this.#cancel = parts.clock.after(FIRST_MS, () => void this.#look())
  }

  [Symbol.dispose](): void {
    this.#cancel()
  }

  /** Throws not-found when there is nothing to fetch, forbidden when the network mode has changed since. */
  async fetch(): Promise<void> {
    const found = this.#update
    if (found?.state !== 'available') throw new CodedError('not-found', 'There is nothing to fetch.')
    if (!(await this.#mayLook()))
      throw new CodedError('forbidden', 'Updates come over the internet, which is switched off.')
    this.#set({ ...found, state: 'loading' })
    void this.#load(found)
  }

  get isReady(): boolean {
    return this.#update?.state === 'ready'
  }

  /** Throws not-found before there is something to install. */
  async install(): Promise<void> {
    if (!this.isReady) throw new CodedError('not-found', 'There is nothing to install.')
    const updater = await this.#open()
    updater.install()
  }

  async #look(): Promise<void> {
    this.#cancel = this.#parts.clock.after(EVERY_MS, () => void this.#look())
    if (this.#isTaken()) return
    await this.#logged('update.check.failed', async () => {
      if (!(await this.#mayLook())) return
      const updater = await this.#open()
      const version = await updater.check()
      if (this.#isTaken()) return // meanwhile
      this.#set(version == null ? null : { version: version.slice(0, MAX_VERSION_CHARS), state: 'available' })
    })
  }

  /** The user has begun to do something about it. */
  #isTaken(): boolean {
    return this.#update != null && this.#update.state !== 'available'
  }

  async #load(found: Update): Promise<void> {
    const isThere = await this.#logged('update.fetch.failed', async () => (await this.#open()).download())
    this.#set({ ...found, state: isThere ? 'ready' : 'available' })
  }

  async #mayLook(): Promise<boolean> {
    try {
      return (await this.#parts.network()) === 'internet'
    } catch {
      return false
    }
  }

  async #open(): Promise<Updater> {
    return await (this.#updater ??= this.#parts.open())
  }

  async #logged(event: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      this.#parts.log.error(event, error)
      return false
    }
  }

  #set(update: Update | null): void {
    this.#update = update
    this.#parts.onChange(update)
  }
}
