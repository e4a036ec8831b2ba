// A few open descriptors by path, so that a file read or written in many pieces is opened once. Decides nothing about content.
import { close } from 'node:fs'
import { promisify } from 'node:util'

const closeAt = promisify(close)

export interface FdCacheOptions {
  readonly flags: number
  open(path: string, flags: number): Promise<number>
  /** Descriptors in use may go above this. */
  readonly max: number
  /** Opened anew when older; Infinity: never. */
  readonly maxAgeMs: number
}

interface Entry {
  readonly path: string
  readonly opening: Promise<number>
  readonly openedAt: number
  users: number
  isOut: boolean // not in the table any more: whoever uses it last closes it
  readonly closed: PromiseWithResolvers<void>
}

/** Rejects with the system's error (`code` ENOENT and so on). */
export class FdCache implements AsyncDisposable {
  readonly #options: FdCacheOptions
  readonly #entries = new Map<string, Entry>() // least recently used first
  readonly #leaving = new Set<Entry>() // out, and not closed yet
  #sweep: NodeJS.Timeout | undefined

  constructor(options: FdCacheOptions) {
    this.#options = options
  }

  has(path: string): boolean {
    return this.#entries.has(path)
  }

  /** Opens `path` if needed, with the cache's flags or other ones, and lends the descriptor to `act`; nobody closes it before `act` ends. */
  async use<T>(path: string, act: (fd: number) => Promise<T>, flags = this.#options.flags): Promise<T> {
    const entry = this.#enter(path, flags)
    try {
      return await act(await entry.opening)
    } finally {
      entry.users--
      if (entry.isOut && entry.users === 0) this.#close(entry)
    }
  }

  /** Lets go of a path; resolves when nobody uses its descriptor any more and it is closed. */
  async forget(path: string): Promise<void> {
    const entry = this.#entries.get(path)
    if (entry == null) return
    this.#takeOut(entry)
    await entry.closed.promise
  }

  /** Lets go of everything; resolves when no descriptor that was lent is open any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#sweep)
    for (const entry of this.#entries.values()) this.#takeOut(entry)
    await Promise.all(Array.from(this.#leaving, entry => entry.closed.promise))
  }

  #enter(path: string, flags: number): Entry {
    const { max, maxAgeMs, open } = this.#options
    let entry = this.#entries.get(path)
    if (entry != null && performance.now() - entry.openedAt >= maxAgeMs) {
      this.#takeOut(entry)
      entry = undefined
    }
    if (entry == null) {
      const opening = open(path, flags)
      const closed = Promise.withResolvers<void>()
      entry = { path, opening, openedAt: performance.now(), users: 0, isOut: false, closed }
      opening.catch(() => this.#takeOut(entry!))
    }
    this.#entries.delete(path)
    this.#entries.set(path, entry)
    entry.users++
    for (const other of this.#entries.values()) {
      if (this.#entries.size <= max) break
      if (other.users === 0) this.#takeOut(other)
    }
    if (Number.isFinite(maxAgeMs)) this.#sweep ??= setTimeout(() => this.#takeOutOld(), maxAgeMs).unref()
    return entry
  }

  #takeOutOld(): void {
    this.#sweep = undefined
    const { maxAgeMs } = this.#options
    const now = performance.now()
    for (const entry of this.#entries.values()) if (now - entry.openedAt >= maxAgeMs) this.#takeOut(entry)
    if (this.#entries.size > 0) this.#sweep = setTimeout(() => this.#takeOutOld(), maxAgeMs).unref()
  }

  #takeOut(entry: Entry): void {
    if (entry.isOut) return
    entry.isOut = true
    this.#leaving.add(entry)
    if (this.#entries.get(entry.path) === entry) this.#entries.delete(entry.path)
    if (entry.users === 0) this.#close(entry)
  }

  /** A failed close loses nothing here: what must not be lost was synced through the descriptor before. */
  #close(entry: Entry): void {
    entry.opening
      .then(fd => closeAt(fd))
      .catch(() => {})
      .finally(() => {
        this.#leaving.delete(entry)
        entry.closed.resolve()
      })
  }
}
