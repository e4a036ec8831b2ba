// The bytes of one simulated file, in pages, and which of them a power cut would leave: each page that was written since the last sync may be there in any
// of its versions, or not.
import type { Dice } from './dice.ts'

export const PAGE_BYTES = 4096

type Page = Buffer | undefined // undefined: zeros that take no room
type Pages = Map<number, Page>

export class FilePages {
  sizeBytes = 0
  #pages: Pages = new Map()
  /** What each page that was written since the last sync held before, and the size then. */
  #before: Pages = new Map()
  #sizeBefore: number | undefined
  /** The same of a sync that is going on. */
  #syncing: { pages: Pages; size: number | undefined } | undefined
  /** What the disk holds of pages that it could not write: it told of it once. */
  readonly #lost: Pages = new Map()

  /** Pages that take room. */
  get pages(): number {
    return this.#pages.size
  }

  /** Pages that a write would add. */
  newPages(at: number, length: number): number {
    let pages = 0
    for (let page = Math.floor(at / PAGE_BYTES); page * PAGE_BYTES < at + length; page++)
      if (!this.#pages.has(page)) pages++
    return pages
  }

  read(into: Uint8Array, at: number): number {
    const length = Math.max(0, Math.min(into.length, this.sizeBytes - at))
    for (let done = 0; done < length;) {
      const page = Math.floor((at + done) / PAGE_BYTES)
      const from = (at + done) % PAGE_BYTES
      const part = Math.min(PAGE_BYTES - from, length - done)
      const held = this.#pages.get(page)
      if (held == null) into.fill(0, done, done + part)
      else into.set(held.subarray(from, from + part), done)
      done += part
    }
    return length
  }

  write(bytes: Uint8Array, at: number): void {
    for (let done = 0; done < bytes.length;) {
      const page = Math.floor((at + done) / PAGE_BYTES)
      const from = (at + done) % PAGE_BYTES
      const part = Math.min(PAGE_BYTES - from, bytes.length - done)
      this.#change(page, from, bytes.subarray(done, done + part))
      done += part
    }
    if (at + bytes.length > this.sizeBytes) this.#resize(at + bytes.length)
  }

  truncate(sizeBytes: number): void {
    if (sizeBytes === this.sizeBytes) return
    if (sizeBytes < this.sizeBytes) {
      for (const page of this.#pages.keys()) {
        const keep = sizeBytes - page * PAGE_BYTES
        if (keep >= PAGE_BYTES) continue
        if (keep > 0) this.#change(page, keep, new Uint8Array(PAGE_BYTES - keep))
        else {
          this.#remember(page)
          this.#pages.delete(page)
        }
      }
    }
    this.#resize(sizeBytes)
  }

  /** A sync begins: what is written from now on is not part of it. Returns how it ends. */
  beginSync(): { done(): void; failed(): void } {
    const earlier = this.#syncing
    const pages: Pages = new Map([...this.#before, ...(earlier?.pages ?? [])]) // of two the older one is what the disk holds
    const it = { pages, size: earlier?.size ?? this.#sizeBefore }
    const written = new Map([...pages.keys()].map(page => [page, this.#pages.get(page)]))
    this.#syncing = it
    this.#before = new Map()
    this.#sizeBefore = undefined
    const end = (): boolean => {
      if (this.#syncing !== it) return false // a later one covers it
      this.#syncing = undefined
      return true
    }
    return {
      done: () => {
        if (end()) for (const page of written.keys()) this.#lost.delete(page)
      },
      failed: () => {
        if (end()) for (const [page, held] of pages) if (!this.#lost.has(page)) this.#lost.set(page, held)
      }
    }
  }

  /** Whether a power cut could change anything. */
  get isDirty(): boolean {
    return this.#before.size > 0 || this.#sizeBefore != null || this.#syncing != null || this.#lost.size > 0
  }

  /** The worst that a power cut could leave of these bytes: zeros where nothing was synced. */
  readDurable(into: Uint8Array, at: number): number {
    const size = Math.min(this.sizeBytes, this.#syncing?.size ?? this.#sizeBefore ?? this.sizeBytes)
    const length = Math.max(0, Math.min(into.length, size - at))
    for (let done = 0; done < length;) {
      const page = Math.floor((at + done) / PAGE_BYTES)
      const from = (at + done) % PAGE_BYTES
      const part = Math.min(PAGE_BYTES - from, length - done)
      const held = this.#onDisk(page)
      if (held == null) into.fill(0, done, done + part)
      else into.set(held.subarray(from, from + part), done)
      done += part
    }
    return length
  }

  /** The power is cut. */
  cut(dice: Dice): void {
    const syncing = this.#syncing
    const unsynced = new Set([...(syncing?.pages.keys() ?? []), ...this.#before.keys()])
    for (const page of unsynced) {
      const versions = [this.#pages.get(page)]
      if (syncing?.pages.has(page) === true) versions.push(syncing.pages.get(page))
      if (this.#before.has(page)) versions.push(this.#before.get(page))
      this.#put(page, dice.pick(versions))
    }
    for (const [page, held] of this.#lost) this.#put(page, held)
    const sizes = [this.sizeBytes, syncing?.size, this.#sizeBefore].filter(size => size != null)
    this.sizeBytes = dice.pick(sizes)
    for (const page of this.#pages.keys()) if (page * PAGE_BYTES >= this.sizeBytes) this.#pages.delete(page)
    this.#before = new Map()
    this.#sizeBefore = undefined
    this.#syncing = undefined
    this.#lost.clear()
  }

  #onDisk(page: number): Page {
    if (this.#lost.has(page)) return this.#lost.get(page)
    if (this.#syncing?.pages.has(page) === true) return this.#syncing.pages.get(page)
    return this.#before.has(page) ? this.#before.get(page) : this.#pages.get(page)
  }

  #change(page: number, from: number, bytes: Uint8Array): void {
    this.#remember(page)
    const held = this.#pages.get(page)
    const next = Buffer.alloc(PAGE_BYTES)
    if (held != null && bytes.length < PAGE_BYTES) held.copy(next)
    next.set(bytes, from)
    this.#pages.set(page, next)
  }

  #remember(page: number): void {
    if (!this.#before.has(page)) this.#before.set(page, this.#pages.get(page))
  }

  #resize(sizeBytes: number): void {
    this.#sizeBefore ??= this.sizeBytes
    this.sizeBytes = sizeBytes
  }

  #put(page: number, held: Page): void {
    if (held == null) this.#pages.delete(page)
    else this.#pages.set(page, held)
  }
}
