// Layouts of stored roots: read back from the skeleton when asked for, and kept by how lately they were used.
import type { CID } from 'multiformats/cid'
import { rawRootLayout, type Layout } from '../content/layout.ts'
import { SkeletonReader } from '../content/skeleton.ts'
import { RAW, rootText } from '../cid.ts'
import { type Clock, systemClock } from '../clock.ts'
import { CodedError } from '../errors.ts'
import { named } from '../loop-blocks.ts'
import { atOnce, inTurns } from '../turns.ts'
import type { Db } from './db.ts'
import { skeletonParts } from './skeleton-repo.ts'

const RESTING_BYTES = 48 * 1024 * 1024
const USED_BYTES = 320 * 1024 * 1024
const STEP_BYTES = 64 * 1024 // of skeleton: some thousand names
const REST_MS = 60_000 // since it was used last

export interface LayoutCacheOptions {
  readonly clock?: Clock
  /** Memory of layouts that nobody used for a minute, about. */
  readonly restingBytes?: number
  /** Of all of them: many roots are served by turns, and reading one in again takes longer than sending a leaf. One that is bigger is kept alone. */
  readonly usedBytes?: number
}

interface Kept {
  readonly layout: Layout
  readonly bytes: number
  usedAt: number
}

/** Throws `not-found` while a skeleton is not whole, `data-damaged` when a share's stored skeleton cannot be read back. */
export class LayoutCache implements Disposable {
  readonly #db: Db
  readonly #clock: Clock
  readonly #restingBytes: number
  readonly #usedBytes: number
  readonly #kept = new Map<string, Kept>() // least recently used first
  readonly #loading = new Map<string, Promise<Layout>>()
  #bytes = 0
  #cancelLook: (() => void) | undefined

  /** `options` are for tests. */
  constructor(db: Db, options: LayoutCacheOptions = {}) {
    this.#db = db
    this.#clock = options.clock ?? systemClock
    this.#restingBytes = options.restingBytes ?? RESTING_BYTES
    this.#usedBytes = options.usedBytes ?? USED_BYTES
  }

  /** What is kept takes in memory, about. */
  get bytes(): number {
    return this.#bytes
  }

  /** At once; blocks for some 10 ms a MiB of skeleton when it is not at hand. `sizeBytes` counts for a raw root only. */
  get(root: CID, sizeBytes: number): Layout {
    const known = this.#find(root)
    if (known != null) return known
    const layout = named('layout', () => atOnce(this.#steps(root, sizeBytes)))
    this.keep(layout)
    return layout
  }

  /** The same, letting the loop breathe after every 64 KiB; read once for all who ask meanwhile. */
  async load(root: CID, sizeBytes: number): Promise<Layout> {
    const known = this.#find(root)
    if (known != null) return known
    const key = rootText(root)
    let loading = this.#loading.get(key)
    if (loading == null) {
      const isWanted = (): boolean => this.#loading.get(key) === loading
      loading = this.#load(root, sizeBytes, isWanted).finally(() => isWanted() && this.#loading.delete(key))
      this.#loading.set(key, loading)
    }
    return loading
  }

  keep(layout: Layout): void {
    const key = rootText(layout.root)
    this.#drop(key)
    const bytes = bytesOf(layout)
    this.#kept.set(key, { layout, bytes, usedAt: this.#clock.now() })
    this.#bytes += bytes
    this.#dropOld()
  }

  forget(root: string): void {
    this.#drop(root)
    this.#loading.delete(root)
  }

  [Symbol.dispose](): void {
    this.#cancelLook?.()
    this.#kept.clear()
    this.#bytes = 0
  }

  #find(root: CID): Layout | undefined {
    const key = rootText(root)
    const known = this.#kept.get(key)
    if (known == null) return undefined
    known.usedAt = this.#clock.now()
    this.#kept.delete(key)
    this.#kept.set(key, known)
    return known.layout
  }

  async #load(root: CID, sizeBytes: number, isWanted: () => boolean): Promise<Layout> {
    await new Promise(resolve => setImmediate(resolve))
    const layout = await inTurns('layout', this.#steps(root, sizeBytes))
    if (isWanted()) this.keep(layout)
    return layout
  }

  #drop(key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes ?? 0
    this.#kept.delete(key)
  }

  #dropOld(): void {
    const restingSince = this.#clock.now() - REST_MS
    for (const [key, { usedAt }] of this.#kept) {
      const mayTake = usedAt > restingSince ? this.#usedBytes : this.#restingBytes
      if (this.#kept.size === 1 || this.#bytes <= mayTake) break
      this.#drop(key)
    }
    this.#cancelLook?.()
    this.#cancelLook = undefined
    const [oldest] = this.#kept.values()
    if (this.#kept.size < 2 || this.#bytes <= this.#restingBytes || oldest == null) return
    this.#cancelLook = this.#clock.after(Math.max(1_000, oldest.usedAt - restingSince), () => this.#dropOld())
  }

  *#steps(root: CID, sizeBytes: number): Generator<void, Layout> {
    return root.code === RAW ? rawRootLayout(root, sizeBytes) : yield* this.#read(root)
  }

  *#read(root: CID): Generator<void, Layout> {
    const reader = new SkeletonReader(root)
    for (const part of skeletonParts(this.#db, rootText(root))) {
      for (let at = 0; at < part.length; at += STEP_BYTES) {
        reader.push(part.subarray(at, at + STEP_BYTES))
        yield
      }
    }
    if (!reader.complete) throw new CodedError('not-found', 'What is inside this link is not all known yet.')
    return reader.layout()
  }
}

/** Leaves are 40 bytes each; a file, folder or symlink some hundreds. */
function bytesOf({ leafCount, files, folders, symlinks }: Layout): number {
  return 1_024 + 40 * leafCount + 300 * (files.length + folders.length + symlinks.length)
}
