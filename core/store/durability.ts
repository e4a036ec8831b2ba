// Makes written leaves durable in batches, off the receiving path (DESIGN.md, "Crash rules", R1 and R3): sync the files of a batch, give whole
// files their names, sync the folders, then one transaction. Notes an extent as dirty before the first write into it.
import { closeSync, constants, fsync, openSync } from 'node:fs'
import { promisify } from 'node:util'
import { codeOf } from '../errors.ts'
import { named } from '../loop-blocks.ts'
import { trace } from '../trace.ts'
import type { Bitset } from '../bitset.ts'
import type { Db } from './db.ts'
import { dropDirty, putDirty, putDurable, putPartFile } from './download-repo.ts'
import type { LateWrites } from './late-writes.ts'
import type { PartTree } from './part-tree.ts'
import { codedWrite, systemCode } from '../files/write-error.ts'
import { together } from '../together.ts'

const syncAt = promisify(fsync)

const BATCH_MS = 1_000
const BATCH_BYTES = 32 * 1024 * 1024
const BATCH_LEAVES = 1_024 // each is a row or two of the transaction
const SYNCS_IN_FLIGHT = 16
/** What was to be synced may not be on the disk. */
const LOST_CODES = new Set(['EIO', 'ENOSPC', 'EDQUOT'])

interface Batch {
  readonly ordinals: Set<number> // written and right so far; each in one batch only
  readonly files: Set<number>
  bytes: number
}

export interface DurabilityOptions {
  readonly db: Db
  readonly late: LateWrites
  readonly id: number
  readonly tree: PartTree
  /** What is durable already; owned by this from now on. */
  readonly durable: Bitset
  /** Extents noted as dirty already. */
  readonly dirty: Iterable<number>
  /** These leaves could not be synced: they count as never written. */
  onLost(ordinals: readonly number[]): void
}

export class Durability {
  readonly #it: DurabilityOptions
  readonly #dirty: Map<number, number> // extent -> leaves being written, or written and not durable
  #filling: Batch = emptyBatch()
  #running: Batch | undefined
  #syncing: Promise<void> | undefined
  #isClosed = false
  #timer: NodeJS.Timeout | undefined
  #error: unknown

  constructor(options: DurabilityOptions) {
    this.#it = options
    this.#dirty = new Map(Array.from(options.dirty, extent => [extent, 0]))
  }

  /** Nothing more may be written just now. */
  get isFull(): boolean {
    return isFull(this.#filling) && this.#syncing != null
  }

  /** Resolves when another leaf may be written: at most two batches are open. Throws what a sync failed with, once. */
  async room(): Promise<void> {
    this.#throwError()
    while (this.isFull) await this.#syncing
    this.#throwError()
  }

  /** Call before the first byte of these leaves is written. */
  begin(ordinals: readonly number[]): void {
    const extents = ordinals.map(ordinal => this.#extentOf(ordinal))
    for (const extent of extents) if (!this.#dirty.has(extent)) putDirty(this.#it.db, this.#it.id, extent)
    for (const extent of extents) this.#dirty.set(extent, (this.#dirty.get(extent) ?? 0) + 1)
  }

  /** A write that `begin` announced failed. */
  failed(ordinals: readonly number[]): void {
    for (const ordinal of ordinals) this.#settle(ordinal)
  }

  /** The leaf is in its file. */
  written(ordinal: number, idx: number, bytes: number): void {
    this.#filling.ordinals.add(ordinal)
    this.touch(idx)
    this.#filling.bytes += bytes
    if (isFull(this.#filling)) this.#start()
  }

  /** The file has something to be synced, or may be whole now. */
  touch(idx: number): void {
    this.#filling.files.add(idx)
    this.#timer ??= setTimeout(() => this.#start(), BATCH_MS).unref()
  }

  /** Leaves turned out to be wrong: no open batch makes them durable, and where a bit is set it goes, durably. */
  lose(ordinals: readonly number[]): void {
    const { db, id, durable, late } = this.#it
    for (const ordinal of ordinals) this.#takeOut(ordinal)
    const lost = ordinals.filter(ordinal => durable.delete(ordinal))
    if (lost.length === 0) return
    late.note(`lost ${id} ${lost[0]}`, () => db.transaction('durable', () => putDurable(db, id, durable, lost)))
  }

  /** There is room again: what a full disk failed with is over, and what could not be noted is noted now. */
  retry(): void {
    if (codeOf(this.#error) === 'disk-full') this.#error = undefined
    this.#start()
  }

  /** Resolves when everything written is durable. Throws `disk-full` and the like when it cannot be made so. */
  async flush(): Promise<void> {
    for (;;) {
      await this.#syncing
      this.#throwError()
      if (this.#filling.files.size === 0) return
      this.#start()
    }
  }

  /**
   * Makes durable what can be, and touches no file from then on: they may be another download's. What was not made durable is hashed when that is opened.
   */
  async close(): Promise<void> {
    await this.flush().catch(() => {})
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#syncing
  }

  #start(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#isClosed) return
    if (this.#syncing != null || this.#filling.files.size === 0) return // the end of the running one looks again
    const batch = this.#filling
    trace.store?.('batch', { leaves: batch.ordinals.size, files: batch.files.size, bytes: batch.bytes })
    this.#filling = emptyBatch()
    this.#running = batch
    this.#syncing = this.#run(batch).finally(() => {
      this.#syncing = undefined
      if (this.#isClosed) return
      if (isFull(this.#filling)) this.#start()
      else if (this.#filling.files.size > 0) this.#timer ??= setTimeout(() => this.#start(), BATCH_MS).unref()
    })
  }

  async #run(batch: Batch): Promise<void> {
    const stats = new Map<number, Uint8Array>()
    const lost = new Set<number>()
    await eachOf(batch.files, async idx => {
      try {
        stats.set(idx, await this.#it.tree.sync(idx))
      } catch (error) {
        lost.add(idx)
        this.#error ??= codedWrite(error)
        trace.store?.('sync-failed', { code: codeOf(this.#error) })
      }
    })
    const gone = this.#takeOutOf(lost)
    try {
      for (const ordinal of batch.ordinals) this.#it.durable.add(ordinal)
      for (const idx of stats.keys()) if (this.#isWhole(idx)) await this.#it.tree.nameFinished(idx)
      await syncFolders(this.#it.tree)
      named('commit', () => this.#commit(batch.ordinals, stats))
    } catch (error) {
      this.#error ??= codedWrite(error)
      trace.store?.('batch-failed', { code: codeOf(this.#error) })
      for (const ordinal of batch.ordinals) this.#filling.ordinals.add(ordinal) // written and synced, only not noted
      for (const idx of stats.keys()) this.#filling.files.add(idx)
    }
    this.#running = undefined
    if (gone.length > 0) this.#it.onLost(gone)
  }

  /** Takes the leaves of these files out of both batches: the system tells once that it could not write, and a later sync says nothing of them. */
  #takeOutOf(files: ReadonlySet<number>): number[] {
    if (files.size === 0) return []
    const all = [...(this.#running?.ordinals ?? []), ...this.#filling.ordinals]
    const gone = all.filter(ordinal => files.has(this.#it.tree.layout.fileIndexOf(ordinal)))
    for (const ordinal of gone) this.#takeOut(ordinal)
    return gone
  }

  #takeOut(ordinal: number): void {
    const isOpen = this.#running?.ordinals.delete(ordinal) === true || this.#filling.ordinals.delete(ordinal)
    if (isOpen) this.#settle(ordinal)
  }

  #commit(ordinals: ReadonlySet<number>, stats: ReadonlyMap<number, Uint8Array>): void {
    const { db, id, durable } = this.#it
    const quiet = new Map<number, number>()
    for (const ordinal of ordinals) {
      const extent = this.#extentOf(ordinal)
      quiet.set(extent, (quiet.get(extent) ?? 0) + 1)
    }
    db.transaction('durable', () => {
      putDurable(db, id, durable, ordinals)
      for (const [extent, settled] of quiet) {
        if ((this.#dirty.get(extent) ?? 0) <= settled) dropDirty(db, id, extent)
      }
      for (const [idx, stat] of stats) putPartFile(db, id, idx, stat)
    })
    trace.store?.('commit', { leaves: ordinals.size, files: stats.size })
    for (const ordinal of ordinals) this.#settle(ordinal)
  }

  /** True when every leaf of the file is synced: only then it gets its name. */
  #isWhole(idx: number): boolean {
    const { start, end } = this.#it.tree.layout.files[idx]!
    return this.#it.durable.nextClear(start) >= end
  }

  /** One leaf of an extent is durable or lost; the extent is clean when it was the last one open. */
  #settle(ordinal: number): void {
    const extent = this.#extentOf(ordinal)
    const open = (this.#dirty.get(extent) ?? 0) - 1
    if (open > 0) this.#dirty.set(extent, open)
    else this.#dirty.delete(extent)
  }

  #extentOf(ordinal: number): number {
    const { extents } = this.#it.tree.layout
    let low = 0
    let high = extents.length - 1
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (extents[middle]! <= ordinal) low = middle
      else high = middle
    }
    return low
  }

  #throwError(): void {
    const error = this.#error
    this.#error = undefined
    if (error !== undefined) throw error
  }
}

const isFull = ({ bytes, ordinals }: Batch): boolean => bytes >= BATCH_BYTES || ordinals.size >= BATCH_LEAVES
const emptyBatch = (): Batch => ({ ordinals: new Set(), files: new Set(), bytes: 0 })

/** Syncs every folder of a download in which names changed. What throws leaves all of them to the next time. */
export async function syncFolders(tree: PartTree): Promise<void> {
  const folders = tree.takeNewFolders()
  try {
    await eachOf(folders, syncFolder)
  } catch (error) {
    tree.changedIn(folders)
    throw error
  }
}

/** Names made in a folder survive a power cut once it is synced. A system that refuses to sync folders at all is left as it is; throws what else goes wrong. */
async function syncFolder(at: string): Promise<void> {
  if (process.platform === 'win32') return
  const fd = openSync(at, constants.O_RDONLY)
  try {
    await syncAt(fd)
  } catch (error) {
    if (LOST_CODES.has(systemCode(error) ?? '')) throw error // others are the refusals of some network file systems
  } finally {
    closeSync(fd)
  }
}

/** Runs `act` over all, 16 in flight. */
async function eachOf<T>(items: Iterable<T>, act: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  let next = 0
  await together(Math.min(SYNCS_IN_FLIGHT, queue.length), async isOver => {
    while (next < queue.length && !isOver()) await act(queue[next++]!)
  })
}
