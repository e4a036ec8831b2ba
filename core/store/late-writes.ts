// Writes into the index that nobody waits for, and whether its disk has room. What fails is kept, the newest of each key, and written when it can be: none of
// it is thrown at whoever noted it. What must stand in the index before something else goes on is not noted here: it throws to whoever asked for it.
import { type Code, codeOf } from '../errors.ts'

const RETRY_MS = 1_000
/** Free again only with so much: what SQLite's log may take before it is taken in. */
const ROOM_BYTES = 8 * 1024 * 1024
/** Keys may be strangers’. */
const MAX_KEPT = 100_000
const PASSING: ReadonlySet<Code> = new Set(['disk-full', 'not-writable', 'already-running'])

export interface LateWritesPorts {
  /** On the disk of the index. */
  freeBytes(): number
  /** A write failed for a reason that does not pass by itself, and is given up. */
  onFault(error: unknown): void
}

/** One per index. Keys name what is written, so that the newest is enough: there are as many as there are things to note. */
export class LateWrites implements Disposable {
  readonly #ports: LateWritesPorts
  readonly #kept = new Map<string, () => void>()
  #timer: NodeJS.Timeout | undefined
  #isFull = false

  constructor(ports: LateWritesPorts) {
    this.#ports = ports
  }

  /** The disk had no room at the last write, and has not had enough since. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** Writes now, or as soon as it can be. Never throws. */
  note(key: string, write: () => void): void {
    this.#kept.delete(key)
    if (this.#isFull || !this.#write(write)) this.#kept.set(key, write)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MAX_KEPT && oldest != null) this.#kept.delete(oldest)
    this.#wait()
  }

  /** What was noted under this key is not to be written any more: it was done another way, or undone. */
  forget(key: string): void {
    this.#kept.delete(key)
  }

  has(key: string): boolean {
    return this.#kept.has(key)
  }

  /** A write found no room, whoever asked for it. */
  foundFull(): void {
    this.#isFull = true
    this.#wait()
  }

  /** Looks again, and writes what was kept. Whether there is room now. */
  look(): boolean {
    if (this.#isFull && this.#ports.freeBytes() >= ROOM_BYTES) this.#isFull = false
    if (!this.#isFull) this.#writeKept()
    return !this.#isFull
  }

  /** Tries a last time. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#writeKept()
    clearTimeout(this.#timer)
    this.#kept.clear()
  }

  #writeKept(): void {
    for (const [key, write] of this.#kept) {
      if (!this.#write(write)) return
      this.#kept.delete(key)
    }
  }

  /** False when it is to be tried again. */
  #write(write: () => void): boolean {
    try {
      write()
    } catch (error) {
      if (PASSING.has(codeOf(error))) return false
      this.#ports.onFault(error)
    }
    return true
  }

  #wait(): void {
    if (this.#timer != null || (!this.#isFull && this.#kept.size === 0)) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.look()
      this.#wait()
    }, RETRY_MS).unref()
  }
}
