// The index over the user's files: shares, skeletons, where leaves stand, transfers, peers. Bytes stay in the files.
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { parseRoot, rootText } from '../cid.ts'
import type { Layout } from '../content/layout.ts'
import { CodedError } from '../errors.ts'
import type { Bitset } from '../bitset.ts'
import { CopyAdder, type CopyOrder } from './add-copy.ts'
import { checkFiles, Rechecker } from './check-shares.ts'
import { openDb, type Db } from './db.ts'
import { dropForgottenRows, durableLeaves, findDownload, rulesOf } from './download-repo.ts'
import { ServedShare } from './served-share.ts'
import { LayoutCache } from './layout-cache.ts'
import { candidates, isLeafIndexEmpty, type Candidate } from './leaf-index.ts'
import { DiskRoom, freeBytes } from './disk-room.ts'
import { LateWrites } from './late-writes.ts'
import { LeafThreads } from './leaf-threads.ts'
import { SourceReader } from './source-reader.ts'
import { dropOwnFiles } from './own-files.ts'
import * as peers from './peer-repo.ts'
import { verifyFile } from './read-leaf.ts'
import type { DataDirs } from '../files/data-dirs.ts'
import { DestinationNames } from '../files/destination-names.ts'
import type { NameRules } from '../files/safe-name.ts'
import type { Indexed } from '../files/index-paths.ts'
import {
  allShares,
  copiesOf,
  copySizes,
  dropShare,
  FILE,
  filePages,
  filesHere,
  findShare,
  setState,
  type NewCopy,
  type NewFile,
  type NewShare
} from './share-repo.ts'
import type { ShareRow } from './share-repo.ts'
import * as skeletons from './skeleton-repo.ts'
import { SqlStatCache } from './stat-cache.ts'
import { packStat } from './stat.ts'
import { allTransfers, putTransfer, removeTransfer, type TransferRow } from './transfer-repo.ts'
import { Turns } from '../turns.ts'
import { ownDiskFull } from '../files/write-error.ts'

const KEPT_MS = 24 * 60 * 60 * 1000 // a skeleton that nothing came of

export interface StoreOptions {
  /** Milliseconds since 1970; only for display and for the age of files. */
  readonly now?: () => number
  /** The account of the room on disks; a system's own unless a test has others. */
  readonly room?: DiskRoom
  /** Which names the folders hold that are received into. */
  readonly destinations?: DestinationNames
  /** A write that nobody waited for failed for good. */
  readonly onFault?: (error: unknown) => void
}

/** What `indexPaths` found. */
export type Shareable = Pick<Indexed, 'built' | 'name' | 'files' | 'sourcePaths'>

/** Opens or creates the database (`:memory:` works). Throws `data-newer`, `data-damaged`, `not-writable`. */
export function openStore(file: string, options: StoreOptions = {}): Store {
  return new Store(openDb(file), options)
}

/** Owned by whoever opened it: disposing it closes the database and stops background hashing. */
export class Store implements Disposable {
  readonly statCache: SqlStatCache
  /** For the other files of this folder only. */
  readonly db: Db
  readonly #now: () => number
  /** For the other files of this folder only. */
  readonly threads = new LeafThreads()
  /** For the other files of this folder only. */
  readonly late: LateWrites
  /** For the other files of this folder only: what is read or written at once. */
  readonly turns = new Turns()
  /** What open downloads still need of each disk. */
  readonly room: DiskRoom
  readonly destinations: DestinationNames
  readonly #files = new SourceReader(this.threads)
  readonly #layouts: LayoutCache
  readonly #adder: CopyAdder
  readonly #held = new Map<string, ServedShare>()
  readonly #rechecker = new Rechecker(this.#files)
  readonly #listeners = new Set<(root: string) => void>()
  readonly #touched = new Set<string>()
  readonly #previewed = new Map<string, number>() // how many look into a root's skeleton

  constructor(db: Db, options: StoreOptions) {
    const { now = Date.now, room = new DiskRoom(), destinations = new DestinationNames(), onFault = () => {} } = options
    this.db = db
    this.#now = now
    this.room = room
    this.destinations = destinations
    const { folder } = db
    this.late = new LateWrites({
      freeBytes: () => (folder == null ? Number.POSITIVE_INFINITY : (freeBytes(folder) ?? 0)),
      onFault
    })
    db.onFull = () => this.late.foundFull()
    this.statCache = new SqlStatCache(db, now)
    this.#layouts = new LayoutCache(db)
    this.#adder = new CopyAdder(db)
  }

  // Its own disk

  /** Whether the index had room when it was written to last, or has room again. */
  get ownDisk(): 'ok' | 'full' {
    return this.late.isFull ? 'full' : 'ok'
  }

  /** Looks again, now. */
  hasRoom(): boolean {
    return this.late.look()
  }

  /** Before anything that ends in a write somebody waits for. Throws `disk-full`. */
  requireRoom(): void {
    if (this.late.isFull && !this.late.look()) throw ownDiskFull()
  }

  // Shares

  /**
   * Adds what was indexed: on return it is there, durably; before, there is nothing of it. Equal content becomes one share with several copies. Throws
   * `disk-full`, the signal's reason.
   */
  async addShare(indexed: Shareable, signal?: AbortSignal): Promise<ShareRow> {
    const { built, files, sourcePaths } = indexed
    const packed = {
      *[Symbol.iterator](): Generator<NewFile> {
        for (const [idx, it] of files.entries()) yield { idx, path: it.sourcePath, stat: packStat(it.stat) }
      }
    }
    const base = sourcePaths.length === 1 ? sourcePaths[0]! : commonFolder(sourcePaths)
    this.statCache.flush()
    const share = { layout: built.layout, name: indexed.name, origin: 'shared' } as const
    return this.#add(share, { sources: sourcePaths, base, files: packed }, { skeleton: built.skeleton }, signal)
  }

  /** Adds a copy of a root whose skeleton is stored, and the share when it is new. `also`: what is to be true from the same moment on. */
  async putCopy(
    share: Omit<NewShare, 'now'>,
    copy: NewCopy,
    signal: AbortSignal,
    also?: () => void
  ): Promise<ShareRow> {
    return this.#add(share, copy, also == null ? {} : { also }, signal)
  }

  async #add(
    share: Omit<NewShare, 'now'>,
    copy: NewCopy,
    more: Pick<CopyOrder, 'skeleton' | 'also'>,
    signal: AbortSignal | undefined
  ): Promise<ShareRow> {
    const root = rootText(share.layout.root)
    await this.#adder.add({ share: { ...share, now: this.#now() }, copy, ...more }, signal)
    this.late.forget(unshareKey(root))
    this.#layouts.keep(share.layout)
    this.#held.get(root)?.refresh()
    this.#announce(root)
    return findShare(this.db, root)!
  }

  /** Newest first. */
  shares(): ShareRow[] {
    this.#countTouched()
    return allShares(this.db)
  }

  share(root: string): ShareRow | undefined {
    this.#countTouched()
    return findShare(this.db, root)
  }

  /** Which of the files with index [from, to) stand in a copy of the share, and where below it, as far as that is one folder. */
  filesHere(root: string, from: number, to: number): ReadonlyMap<number, string | undefined> {
    return filesHere(this.db, root, from, to)
  }

  /** By which the files of a download have their names; of one that was not begun, those of the system. */
  rulesIn(root: string, directory: string): NameRules {
    const row = findDownload(this.db, root, directory)
    const { ofSystem } = this.destinations
    return row == null ? ofSystem : rulesOf(row, ofSystem)
  }

  /** Bytes of a share that stand in a copy right in this directory. */
  bytesIn(root: string, directory: string): number {
    const copies = copySizes(this.db, root).filter(({ base }) => path.dirname(base) === directory)
    return Math.max(0, ...copies.map(({ bytes }) => bytes))
  }

  /** The paths as the user named them, copy by copy, oldest first. */
  shareCopies(root: string): readonly (readonly string[])[] {
    return copiesOf(this.db, root)
  }

  /** Forgets a share; touches no file of the user. False when there was none. */
  removeShare(root: string): boolean {
    const held = this.#held.get(root)
    held?.beforeRetiring()
    const isRemoved = this.db.transaction('durable', () => dropShare(this.db, root))
    this.#adder.removed()
    this.#held.delete(root)
    held?.retire()
    this.#layouts.forget(root)
    if (isRemoved) this.#announce(root)
    return isRemoved
  }

  /** Before anything is served: shares of earlier versions lose what stands in a data directory. Returns their roots. */
  withdrawOwn(dataDirs: DataDirs): string[] {
    return dropOwnFiles(this.db, dataDirs)
  }

  /** The same as soon as the index has room for it; nobody waits. */
  removeShareSoon(root: string): void {
    this.late.note(unshareKey(root), () => this.removeShare(root))
  }

  /** Called with the root of every share that was added, removed, or whose state may be another now. */
  onShares(listener: (root: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What a share can serve; the same object as long as the share is there. */
  held(root: CID): ServedShare | undefined {
    const key = rootText(root)
    const known = this.#held.get(key)
    if (known != null) return known
    const share = findShare(this.db, key)
    if (share == null) return undefined
    const held = new ServedShare(root, share, {
      db: this.db,
      files: this.#files,
      layouts: this.#layouts,
      turns: this.turns,
      readElsewhere: async (digest, except) => this.readLeaf(digest, except),
      recheck: (it, row) => this.#rechecker.add(it, row),
      note: (it, write) => this.late.note(it, write),
      touched: it => this.#touch(it)
    })
    this.#held.set(key, held)
    return held
  }

  /** The same with its layout read in, so that serving it begins without holding up the loop. */
  async loadHeld(root: CID): Promise<ServedShare | undefined> {
    const held = this.held(root)
    await held?.load()
    return held
  }

  /**
   * Looks at the stats of a share's files, or of all shares'; files that differ are hashed afterwards (`whenChecked`). `pauseMs`: after every
   * thousand files, for a look that nobody waits for.
   */
  async checkShares(signal: AbortSignal, root?: string, pauseMs = 0): Promise<void> {
    const roots = root == null ? allShares(this.db).map(share => share.root) : [root]
    for (const it of roots) {
      const held = this.held(parseRoot(it))
      if (held == null) continue
      for (const page of filePages(this.db, it)) {
        await checkFiles(held, page, row => this.#rechecker.add(held, row), signal)
        if (pauseMs > 0) await delay(pauseMs, undefined, { signal, ref: false })
      }
    }
  }

  /** The same for somebody who waits for a list: as much of it as fits into `withinMs`, hashing included. Never rejects. */
  async lookAtShares(withinMs: number): Promise<void> {
    const signal = AbortSignal.timeout(withinMs)
    const late = new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
    const looked = this.checkShares(signal).then(() => this.whenChecked())
    await Promise.race([looked, late]).catch(() => {})
  }

  /** Resolves when no file waits to be hashed again. */
  async whenChecked(): Promise<void> {
    await this.#rechecker.idle()
  }

  /** Reads and hashes every byte of a share. `bad`: files, by their path in the share, that are not what was shared. Throws `not-found`. */
  async verifyShare(
    root: CID,
    signal: AbortSignal,
    onBytes: (bytes: number) => void = () => {}
  ): Promise<{ bytes: number; bad: string[] }> {
    const held = this.held(root)
    if (held == null) throw new CodedError('not-found', 'There is no such share.')
    const layout = await held.load()
    const bad = new Set<string>()
    let bytes = 0
    await this.checkShares(signal, rootText(root))
    await this.whenChecked()
    for (const page of filePages(this.db, rootText(root))) {
      for (const row of page) {
        await new Promise(resolve => setImmediate(resolve)) // small files are read at once
        const state = await verifyFile(this.#files, row, layout, row.stat, signal, read => {
          bytes += read
          onBytes(read)
        })
        if (state !== row.state && state !== 'unread') held.mark(row, state, row.stat)
        if (state !== FILE.clean) bad.add(layout.files[row.idx]!.path.join('/') || held.name)
      }
    }
    return { bytes, bad: [...bad] }
  }

  // Leaves

  /** Where shares may hold a leaf with this digest (at most 8); `readLeaf` checks. */
  locate(digest: Uint8Array): Candidate[] {
    return candidates(this.db, digest)
  }

  /** False when no share holds any leaf: then looking for one is wasted. */
  get hasLeaves(): boolean {
    return !isLeafIndexEmpty(this.db)
  }

  /** A leaf by its digest from any share, verified just now; undefined when none has it. */
  async readLeaf(digest: Uint8Array, except?: string): Promise<Uint8Array | undefined> {
    for (const { root, ordinal } of candidates(this.db, digest)) {
      if (root === except) continue
      const held = this.held(parseRoot(root))
      if (held == null || !held.have.has(ordinal)) continue
      const layout = await held.load()
      if (Buffer.compare(layout.digest(ordinal), digest) !== 0) continue
      const bytes = await held.readOwn(ordinal)
      if (bytes != null) return bytes
    }
    return undefined
  }

  // Skeletons

  appendSkeleton(root: string, offset: number, bytes: Uint8Array): void {
    skeletons.appendSkeleton(this.db, root, offset, bytes)
    skeletons.useSkeleton(this.db, root, this.#now())
  }
  /** While this is held, the root's skeleton is not let go of; and a day from then on. */
  keepSkeleton(root: string): Disposable {
    const use = (by: 1 | -1): void => {
      this.#previewed.set(root, (this.#previewed.get(root) ?? 0) + by)
      if (this.#previewed.get(root) === 0) this.#previewed.delete(root)
      this.late.note(`used ${root}`, () => skeletons.useSkeleton(this.db, root, this.#now()))
    }
    use(1)
    return { [Symbol.dispose]: () => use(-1) }
  }
  /** Lets go of skeletons that were last used more than a day ago and that no share, transfer or download came of, some MiB at a time, and of
   * what is half added or half gone. Throws `disk-full`. */
  async dropForgottenSkeletons(signal: AbortSignal): Promise<void> {
    const now = this.#now()
    for (const { id, root } of skeletons.forgottenRoots(this.db, now - KEPT_MS, now + KEPT_MS)) {
      while (!this.#previewed.has(root) && skeletons.dropForgotten(this.db, id)) {
        await new Promise(resolve => setImmediate(resolve))
        signal.throwIfAborted()
      }
    }
    await this.#adder.tidy(signal)
    await this.dropForgottenDownloads(signal)
  }
  /** Takes away what is left of downloads that were forgotten, some thousand rows in a turn of the loop. Throws `disk-full`, the signal's reason. */
  async dropForgottenDownloads(signal?: AbortSignal): Promise<void> {
    while (dropForgottenRows(this.db)) {
      await new Promise(resolve => setImmediate(resolve))
      signal?.throwIfAborted()
    }
  }
  /** At most `maxBytes` from `offset`, never empty; undefined when they are not there. */
  readSkeleton(root: string, offset: number, maxBytes: number): Uint8Array | undefined {
    return skeletons.readSkeleton(this.db, root, offset, maxBytes)
  }
  skeletonBytes(root: string): number {
    return skeletons.skeletonBytes(this.db, root)
  }
  /** The stored part of a skeleton from its beginning, a MiB at a time. */
  skeletonParts(root: string): Iterable<Uint8Array> {
    return skeletons.skeletonParts(this.db, root)
  }

  /** The layout of a root whose skeleton is stored in full; `sizeBytes` counts for a raw root only. Throws `data-damaged`. */
  async layout(root: CID, sizeBytes: number): Promise<Layout> {
    return this.#layouts.load(root, sizeBytes)
  }

  // Transfers and peers

  transfers(): TransferRow[] {
    return allTransfers(this.db)
  }
  /** Throws `disk-full`: then nothing was changed. */
  putTransfer(row: TransferRow): void {
    putTransfer(this.db, row)
    this.late.forget(transferKey(row))
  }
  /** The same as soon as the index has room; never throws. The newest counts. */
  noteTransfer(row: TransferRow): void {
    this.late.note(transferKey(row), () => putTransfer(this.db, row))
  }
  /** As soon as the index has room; never throws. */
  removeTransfer(root: string, directory: string): void {
    this.late.note(transferKey({ root, directory }), () => removeTransfer(this.db, root, directory))
  }
  /** What of a download that is not open was made durable; undefined when it made nothing. */
  received(root: string, directory: string, leafCount: number): Bitset | undefined {
    const row = findDownload(this.db, root, directory)
    return row == null ? undefined : durableLeaves(this.db, row.id, leafCount)
  }
  goodPeers(): peers.GoodPeer[] {
    return peers.goodPeers(this.db)
  }
  savePeer(peer: peers.GoodPeer): void {
    this.late.note(`peer ${peer.peerId}`, () => peers.savePeer(this.db, peer))
  }
  bans(): { peerId: string; until: number }[] {
    return peers.bans(this.db, this.#now())
  }
  ban(peerId: string, until: number): void {
    this.late.note(`ban ${peerId}`, () => peers.ban(this.db, peerId, until))
  }
  unban(peerId: string): void {
    this.late.note(`ban ${peerId}`, () => peers.unban(this.db, peerId))
  }
  provides(): peers.ProvideRow[] {
    return peers.provides(this.db)
  }
  provided(root: string, at: number, dueAt: number): void {
    this.late.note(`provided ${root}`, () => peers.provided(this.db, root, at, dueAt))
  }

  [Symbol.dispose](): void {
    this.#rechecker[Symbol.dispose]()
    this.#layouts[Symbol.dispose]()
    void this.threads[Symbol.asyncDispose]()
    void this.#files[Symbol.asyncDispose]()
    this.statCache.flush()
    this.#countTouched()
    this.late[Symbol.dispose]()
    this.db[Symbol.dispose]()
  }

  /** Many files may change at once: the share's state is written once for all of them. */
  #touch(root: string): void {
    if (this.#touched.size === 0) setImmediate(() => this.#countTouched())
    this.#touched.add(root)
  }

  #countTouched(): void {
    const roots = [...this.#touched]
    this.#touched.clear()
    for (const root of roots) {
      this.late.note(`count ${root}`, () => {
        const [id, held] = [skeletons.findRootId(this.db, root), this.#held.get(root)]
        if (id != null && held != null) setState(this.db, id, held.worstFile)
      })
      this.#announce(root)
    }
  }

  #announce(root: string): void {
    for (const listener of this.#listeners) listener(root)
  }
}

const transferKey = ({ root, directory }: Pick<TransferRow, 'root' | 'directory'>): string =>
  `transfer ${root} ${directory}`
const unshareKey = (root: string): string => `unshare ${root}`

function commonFolder(paths: readonly string[]): string {
  let common = path.dirname(paths[0] ?? path.sep)
  for (const it of paths) {
    while (it !== common && !it.startsWith(common.endsWith(path.sep) ? common : common + path.sep)) {
      const up = path.dirname(common)
      if (up === common) return common
      common = up
    }
  }
  return common
}
