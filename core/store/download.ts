// Writes one transfer straight to its final place, so that a crash costs a re-check and never a lie.
//
// A file of many gigabytes arrives in pieces, out of order, and the machine may stop between any two instructions: the process is killed, the disk is
// full, the power goes. What the system was told to write may then be on the disk or not, in any order. So nothing is believed that was not synced
// before it was noted, and what is noted may lag behind: it costs hashing again, never wrong bytes. The rules, cited by number, are those of
// DESIGN.md, "Crash rules":
//
// R1 A leaf goes MISSING -> WRITTEN -> DURABLE. Written is verified and in the file: it counts, is announced and served (hashed again). Before the
//    first byte its extent is noted as dirty; that note need not be synced, as whoever loses it only fetches more. Durable is
//    synced and noted, in that order: fdatasync of the batch's files, then one transaction. A batch is a second, 32 MiB or 1,024 leaves; at most two are open.
// R2 After an unclean stop: durable bits of files with the stat of the last clean point are trusted, leaves of dirty extents are hashed, and kept
//    if right. Everything else is missing. So a kill costs what was in flight, and a power cut two batches.
// R3 Names come last. A file gets its own when all of it is durable; the top one is given by one rename, whose aim was noted before, so that a
//    crash between the two is finished by the next run. What stands under a final name is what the root says.
// R4 A leaf that reads wrong, or is gone, loses its bits, the durable one too, and is fetched again. One that cannot be read just now is neither.
// R5 Room is claimed before anything is made, and looked at while it is written. A full disk stops the writing and loses nothing.
// R6 What is timed within a run is timed by a monotonic clock; the wall clock is for people, and for dates that outlive a run.
// R7 One process holds the data directory, hence this index and this .part: no rule here has to think of a second writer.
//
// R1 and R3 are durability.ts and finish-download.ts, R2 is resume.ts, R5 disk-room.ts, R7 data-dir.ts.
import type { CID } from 'multiformats/cid'
import { rootText } from '../cid.ts'
import type { Layout } from '../content/layout.ts'
import { CodedError, codeOf } from '../errors.ts'
import type { Servable, ServableChange, ServeState } from '../exchange/servable.ts'
import { Bitset } from '../bitset.ts'
import type { DownloadParts } from './download-parts.ts'
import { forgetDownload, partFiles, type DownloadRow } from './download-repo.ts'
import type { Claim } from './disk-room.ts'
import { standingBytes, wantedLeaves } from './existing-destination.ts'
import { Durability } from './durability.ts'
import { finishDownload, removePart } from './finish-download.ts'
import { hasDigest, isLeaf, SMALL_BYTES } from './hashed-read.ts'
import { isGone } from './read-leaf.ts'
import type { NameRules } from '../files/safe-name.ts'
import { codedWrite, diskFull, systemCode } from '../files/write-error.ts'
import { together } from '../together.ts'

const COPIES_IN_FLIGHT = 4

/**
 * One open download; dispose it to pause. `have` is WRITTEN: verified, in the file, hashed again whenever it is served.
 * Watch it: a leaf found to be wrong later, or lost by a failed sync, is taken back with `unset` and must be fetched again.
 * It is withdrawn before it is closed: whoever serves it stops asking first.
 */
export class Download implements Servable, AsyncDisposable {
  readonly root: CID
  readonly name: string
  readonly sizeBytes: number
  readonly leafCount: number
  readonly skeletonBytes: number
  readonly have: Bitset
  /** The positions that the selection asks for and that do not stand there already. */
  readonly wanted: Bitset
  /** Bytes of everything chosen. */
  readonly totalBytes: number
  readonly #it: DownloadParts
  readonly #layout: Layout
  readonly #chosen: ReadonlySet<number> | undefined
  readonly #durability: Durability
  readonly #claim: Claim
  readonly #listeners = new Set<(change: ServableChange) => void>()
  readonly #writing = new Set<number>()
  readonly #inFlight = new Set<Promise<unknown>>() // writes
  readonly #reading = new Set<Promise<unknown>>()
  #moving: PromiseWithResolvers<void> | undefined // the files are let go of, to get their name: who reads waits
  readonly #standingBytes: number
  #bytesWritten = 0
  #missing = 0 // wanted and not written
  #queuedBytes = 0
  #state: 'open' | 'finished' | 'closed' = 'open'
  #isWithdrawn = false

  constructor(parts: DownloadParts) {
    const { tree, resumed, store, row } = parts
    this.#it = parts
    this.#layout = tree.layout
    this.#chosen = parts.selection && new Set(parts.selection)
    this.root = tree.layout.root
    this.name = parts.name
    this.sizeBytes = tree.layout.sizeBytes
    this.leafCount = tree.layout.leafCount
    this.skeletonBytes = tree.layout.skeletonBytes
    this.wanted = wantedLeaves(tree.layout, parts.selection, parts.standing)
    this.#standingBytes = standingBytes(tree.layout, parts.standing)
    this.have = new Bitset(this.leafCount, resumed.durable.bytes)
    this.totalBytes = this.#bytesOf(this.wanted) + this.#standingBytes
    this.#claim = store.room.claim(row.directory, () => this.totalBytes - this.bytesWritten)
    this.#durability = new Durability({
      db: store.db,
      late: store.late,
      id: row.id,
      tree,
      durable: resumed.durable,
      dirty: resumed.dirty,
      onLost: ordinals => this.#takeBack(ordinals)
    })
    for (const ordinal of resumed.written) {
      this.have.add(ordinal)
      const idx = this.#layout.fileIndexOf(ordinal)
      tree.nameMayBeNew(idx)
      this.#durability.written(ordinal, idx, 0)
    }
    for (const idx of resumed.files) {
      const { start, end } = this.#layout.files[idx]!
      if (!tree.isFinished(idx) && this.have.nextClear(start) >= end) this.#durability.touch(idx) // it gets its name with the next batch
    }
    this.#countHere()
  }

  get state(): ServeState {
    return this.#state === 'finished' && this.have.isFull ? 'ready' : 'partial'
  }

  /** Bytes of chosen files that are written. */
  get bytesWritten(): number {
    return this.#standingBytes + this.#bytesWritten
  }

  /** Bytes given to `writeLeaf` that are not in a file yet: ask peers for no more than there is room for. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** Claims the room for what is missing; it is given back by whatever fails with `disk-full`. False when it does not fit. */
  takeRoom(reserveBytes: number): boolean {
    const hasRoom = this.#claim.take(reserveBytes)
    if (hasRoom) this.#durability.retry()
    return hasRoom
  }

  /** By which its files have their names. */
  get rules(): NameRules {
    return this.#it.tree.rules
  }

  /** Whether the selection names this file. */
  wants(idx: number): boolean {
    return this.#chosen?.has(idx) ?? true
  }

  get isComplete(): boolean {
    return this.#missing === 0
  }

  leafBytes(ordinal: number): number {
    return this.#layout.leafBytes(ordinal)
  }

  runBytes(start: number, count: number): number {
    return this.#layout.runBytes(start, count)
  }

  readSkeleton(offset: number, maxBytes: number): Uint8Array | undefined {
    return this.#it.store.readSkeleton(rootText(this.root), offset, maxBytes)
  }

  get isWithdrawn(): boolean {
    return this.#isWithdrawn
  }

  /** Nothing of it is served from now on; the rest of it goes on. */
  withdraw(): void {
    if (this.#isWithdrawn) return
    this.#isWithdrawn = true
    this.#tell({ withdrawn: true })
  }

  watch(listener: (change: ServableChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Writes a verified leaf to every one of these positions (all of its digest) that is wanted and missing; resolves when it is
   * in the file. Throws `disk-full`, `not-writable`, `unsafe-name`, `bad-content` (its length is not the layout's).
   */
  async writeLeaf(ordinals: readonly number[], bytes: Uint8Array): Promise<void> {
    await this.#queued(ordinals, bytes, async missing => {
      await this.#write(missing, bytes)
      return true
    })
  }

  /**
   * The same for a leaf nobody has hashed yet: false, and nothing written, when it does not have the positions' digest. A big
   * leaf is hashed and written on a thread, and `bytes` are empty afterwards.
   */
  async verifyAndWrite(ordinals: readonly number[], bytes: Uint8Array): Promise<boolean> {
    const first = ordinals[0]
    if (first == null) return true
    const digest = this.#layout.digest(first)
    const isPlain = bytes.length <= SMALL_BYTES || ordinals.some(it => this.#layout.leafBytes(it) !== bytes.length)
    if (isPlain && !hasDigest(bytes, digest)) return false // before its length: that is the content's fault, this the sender's
    if (isPlain) return this.writeLeaf(ordinals, bytes).then(() => true)
    return this.#queued(ordinals, bytes, async missing => {
      const [only, ...others] = missing
      if (only != null && others.length === 0) return this.#writeOnThread(only, bytes)
      if (!hasDigest(bytes, digest)) return false
      await this.#write(missing, bytes)
      return true
    })
  }

  /** Waits for room, sorts out what is not missing, and keeps count of what is on its way. */
  async #queued(
    ordinals: readonly number[],
    bytes: Uint8Array,
    write: (missing: readonly number[]) => Promise<boolean>
  ): Promise<boolean> {
    const { length } = bytes
    this.#queuedBytes += length
    try {
      for (let mustLook = true; mustLook;) {
        await this.#durability.room()
        if (length <= SMALL_BYTES) await this.#it.store.turns.take()
        mustLook = this.#durability.isFull // many waited for the same room
      }
      this.#throwIfClosed()
      if (ordinals.some(ordinal => this.#layout.leafBytes(ordinal) !== length)) {
        throw new CodedError('bad-content', 'A part has another length than its folder says. The link is damaged.')
      }
      const missing = ordinals.filter(it => this.wanted.has(it) && !this.have.has(it) && !this.#writing.has(it))
      if (missing.length === 0) return true
      if (!this.#claim.mayWrite(length * missing.length)) throw diskFull()
      return await tracked(this.#inFlight, write(missing))
    } catch (error) {
      throw this.#failed(error)
    } finally {
      this.#queuedBytes -= length
    }
  }

  /**
   * Throws `not-found` when the leaf is not here, or not right any more: then it is fetched again. `unreadable`: it is here, and this system cannot read
   * it now.
   */
  async readLeaf(ordinal: number): Promise<Uint8Array> {
    while (this.#moving != null) await this.#moving.promise
    if (this.#state === 'finished') return this.#readFinished(ordinal)
    return tracked(this.#reading, this.#readPart(ordinal))
  }

  async #readPart(ordinal: number): Promise<Uint8Array> {
    if (!this.have.has(ordinal) || this.#state === 'closed') throw notHere()
    const length = this.#layout.leafBytes(ordinal)
    if (length === 0) return new Uint8Array(0)
    if (length <= SMALL_BYTES) await this.#it.store.turns.take()
    const at = this.#layout.leafOffset(ordinal)
    const read = await this.#it.tree.read(this.#layout.fileIndexOf(ordinal), at, length).catch(lostOrThrown)
    if (isLeaf(read, length, this.#layout.digest(ordinal))) return read.bytes
    if (this.#state === 'open') {
      this.#durability.lose([ordinal])
      this.#takeBack([ordinal])
    }
    throw notHere()
  }

  /** Fills in wanted leaves that shares of this store hold; returns their bytes. Throws as `writeLeaf`. */
  async copyLocal(signal: AbortSignal): Promise<number> {
    if (!this.#it.store.hasLeaves) return 0
    let next = 0
    let bytes = 0
    await together(COPIES_IN_FLIGHT, async isOver => {
      while (!isOver()) {
        const ordinal = this.wanted.nextSet(next)
        if (ordinal >= this.leafCount) return
        next = ordinal + 1
        if (this.have.has(ordinal)) continue
        signal.throwIfAborted()
        if (ordinal % 64 === 0) await new Promise(resolve => setImmediate(resolve))
        const leaf = await this.#it.store.readLeaf(this.#layout.digest(ordinal))
        if (leaf == null) continue
        await this.writeLeaf([ordinal], leaf)
        bytes += leaf.length
      }
    })
    return bytes
  }

  /**
   * Everything wanted is written: makes it durable, gives it its name (never one that is taken) and keeps it as a share.
   * `leftOut`: symlinks that would lead outside, by their path. Throws `disk-full`, `not-writable`; then it may be called again.
   */
  async finish(signal: AbortSignal): Promise<{ path: string; leftOut: string[] }> {
    this.#throwIfClosed()
    if (!this.isComplete) throw new CodedError('internal', 'A download was to be finished that is not complete.')
    try {
      await this.#allDurable()
      const finished = await finishDownload(this.#it, async () => this.#letGo(), signal)
      this.#state = 'finished'
      this.#claim.give()
      this.#tell({ state: this.state })
      return finished
    } catch (error) {
      signal.throwIfAborted()
      throw this.#failed(error)
    } finally {
      this.#moving?.resolve()
      this.#moving = undefined
    }
  }

  async #allDurable(): Promise<void> {
    await Promise.allSettled(this.#inFlight)
    await this.#durability.flush()
    if (!this.isComplete) throw new CodedError('unreadable', 'Some parts could not be kept by the disk. Try again.')
  }

  /** Nobody reads from now on, and no file is open. Throws `unreadable` when a read that was going on found a leaf wrong. */
  async #letGo(): Promise<void> {
    this.#moving = Promise.withResolvers()
    await Promise.allSettled(this.#reading)
    await this.#allDurable()
    await this.#it.tree.closeAll()
  }

  /** While it waits for room, others may have it. */
  #failed(error: unknown): unknown {
    const coded = codedWrite(error)
    if (codeOf(coded) === 'disk-full') this.#claim.give()
    return coded
  }

  /** Forgets the download and removes the .part it made, and nothing else. Also when it throws, nothing of it is open any more. */
  async discard(): Promise<void> {
    this.withdraw()
    if (this.#state !== 'open') return
    this.#state = 'closed'
    this.#claim.give()
    await this.#settled()
    await Promise.allSettled(this.#reading)
    await this.#it.tree.closeAll()
    const { store, row, tree, isAdding } = this.#it
    try {
      await removePart(tree, isAdding ? partFiles(store.db, row.id) : undefined)
    } finally {
      await tree.closeAll()
    }
    store.late.note(dropKey(row), () => forgetDownload(store.db, rootText(this.root), row.id))
    await store.dropForgottenDownloads().catch(() => {}) // an hourly look takes away what stays
  }

  /** Makes durable what is written, and lets go of the files. Nothing is lost: opening it again goes on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.withdraw()
    if (this.#state === 'open') {
      this.#state = 'closed'
      this.#claim.give()
      await this.#settled()
    }
    await Promise.allSettled(this.#reading)
    await this.#it.tree.closeAll()
  }

  /** Waits for what is being written. What cannot be made durable now is hashed at the next opening. */
  async #settled(): Promise<void> {
    await Promise.allSettled(this.#inFlight)
    await this.#durability.close()
  }

  /** It is a share now, wherever that stands. */
  async #readFinished(ordinal: number): Promise<Uint8Array> {
    const held = this.#it.store.held(this.root)
    if (held == null) throw notHere()
    return held.readLeaf(ordinal)
  }

  async #write(missing: readonly number[], bytes: Uint8Array): Promise<void> {
    this.#begin(missing)
    let done = 0
    try {
      for (const ordinal of missing) {
        if (done > 0) await this.#durability.room() // one leaf may stand in a million places
        const idx = this.#layout.fileIndexOf(ordinal)
        const { sizeBytes } = this.#layout.files[idx]!
        const writing = this.#it.tree.write(idx, this.#layout.leafOffset(ordinal), bytes, sizeBytes)
        if (writing != null) await writing
        done++
        this.#written(ordinal, idx, bytes.length)
      }
    } finally {
      this.#end(missing, missing.slice(done))
    }
  }

  async #writeOnThread(ordinal: number, bytes: Uint8Array): Promise<boolean> {
    const { length } = bytes
    const idx = this.#layout.fileIndexOf(ordinal)
    const { sizeBytes } = this.#layout.files[idx]!
    const [offset, digest] = [this.#layout.leafOffset(ordinal), this.#layout.digest(ordinal)]
    this.#begin([ordinal])
    let isRight = false
    try {
      isRight = await this.#it.tree.verifyAndWrite(idx, offset, bytes, sizeBytes, digest)
      if (isRight) this.#written(ordinal, idx, length)
    } finally {
      this.#end([ordinal], isRight ? [] : [ordinal])
    }
    return isRight
  }

  #begin(ordinals: readonly number[]): void {
    this.#durability.begin(ordinals)
    for (const ordinal of ordinals) this.#writing.add(ordinal)
  }

  #written(ordinal: number, idx: number, bytes: number): void {
    this.have.add(ordinal)
    this.#countWritten(ordinal, 1)
    this.#durability.written(ordinal, idx, bytes)
    this.#tell({ set: [ordinal, ordinal + 1] })
  }

  #end(ordinals: readonly number[], failed: readonly number[]): void {
    if (failed.length > 0) this.#durability.failed(failed)
    for (const ordinal of ordinals) this.#writing.delete(ordinal)
  }

  #takeBack(ordinals: readonly number[]): void {
    for (const ordinal of ordinals) {
      if (!this.have.delete(ordinal)) continue
      this.#countWritten(ordinal, -1)
      this.#tell({ unset: [ordinal, ordinal + 1] })
    }
  }

  #countWritten(ordinal: number, by: 1 | -1): void {
    if (this.wanted.has(ordinal)) this.#countBytes(by * this.#layout.leafBytes(ordinal), by)
  }

  #countBytes(bytes: number, leaves: number): void {
    this.#bytesWritten += bytes
    this.#missing -= leaves
  }

  /** Of what an earlier run left, run by run where everything is wanted: there are few of those. */
  #countHere(): void {
    this.#missing = this.wanted.count
    const { have, leafCount } = this
    for (let start = have.nextSet(0), end = 0; start < leafCount; start = have.nextSet(end)) {
      end = have.nextClear(start)
      if (this.wanted.isFull) this.#countBytes(this.#layout.runBytes(start, end - start), end - start)
      else for (let i = start; i < end; i++) this.#countWritten(i, 1)
    }
  }

  #bytesOf(leaves: Bitset): number {
    if (leaves.isFull) return this.sizeBytes
    let bytes = 0
    for (let i = leaves.nextSet(0); i < leaves.size; i = leaves.nextSet(i + 1)) bytes += this.#layout.leafBytes(i)
    return bytes
  }

  #tell(change: ServableChange): void {
    for (const listener of this.#listeners) listener(change)
  }

  #throwIfClosed(): void {
    if (this.#state !== 'open') throw new CodedError('cancelled', 'The download was closed.')
  }
}

async function tracked<T>(among: Set<Promise<unknown>>, act: Promise<T>): Promise<T> {
  among.add(act)
  try {
    return await act
  } finally {
    among.delete(act)
  }
}

/** Names the note that a download is to be forgotten. */
export const dropKey = ({ id }: Pick<DownloadRow, 'id'>): string => `download ${id}`

/** What stands at the place is gone, or the disk has lost it; anything else passes. */
function lostOrThrown(error: unknown): undefined {
  if (isGone(error) || systemCode(error) === 'EIO' || error instanceof CodedError) return undefined
  throw new CodedError('unreadable', 'A part cannot be read now; it is tried again.', { cause: error })
}

const notHere = (): CodedError => new CodedError('not-found', 'That part has not been received.')
