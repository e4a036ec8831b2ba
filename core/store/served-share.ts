// A finished share as the exchange serves it: every leaf is read from a user's file and hashed before it leaves.
import type { CID } from 'multiformats/cid'
import { CodedError } from '../errors.ts'
import type { Layout } from '../content/layout.ts'
import type { Servable, ServableChange, ServeState } from '../exchange/servable.ts'
import { rootText } from '../cid.ts'
import type { Turns } from '../turns.ts'
import { Bitset } from '../bitset.ts'
import type { Db } from './db.ts'
import type { LayoutCache } from './layout-cache.ts'
import type { SourceReader } from './source-reader.ts'
import { SMALL_BYTES } from './hashed-read.ts'
import { readLeafFrom, type LeafRead } from './read-leaf.ts'
import { copiesOfFiles, FILE, filePages, filesInTrouble, setFile } from './share-repo.ts'
import type { FileRow, FileState, ShareRow } from './share-repo.ts'
import { readSkeleton } from './skeleton-repo.ts'
import { packedSize } from './stat.ts'

const ROWS_AT_ONCE = 32
const MAX_ROWS = 512

/** What a held root needs of the store. */
export interface ServedSharePorts {
  readonly db: Db
  readonly files: SourceReader
  readonly layouts: LayoutCache
  readonly turns: Turns
  /** The leaf from another root, verified; undefined when no other has it. */
  readElsewhere(digest: Uint8Array, except: string): Promise<Uint8Array | undefined>
  /** The file's stat is not the recorded one: hash it in the background and `mark` the outcome. */
  recheck(held: ServedShare, row: FileRow): void
  /** Writes as soon as there is room; never throws. */
  note(key: string, write: () => void): void
  /** A file's state was written: the share's may be another now. */
  touched(root: string): void
}

export class ServedShare implements Servable {
  readonly root: CID
  readonly name: string
  readonly sizeBytes: number
  readonly leafCount: number
  readonly skeletonBytes: number
  readonly #key: string
  readonly #ports: ServedSharePorts
  readonly #listeners = new Set<(change: ServableChange) => void>()
  readonly #rows = new Map<number, FileRow[]>() // by file, of every copy
  #layout: Layout | undefined // kept once it is retired: its skeleton may be gone then
  #have: Bitset
  #troubled = { checking: 0, missing: 0, changed: 0 } // files with no clean copy
  readonly #unwritten = new Map<string, Pick<FileRow, 'state' | 'stat'>>() // what was found out, where the index has no room for it
  #isGone = false

  constructor(root: CID, share: ShareRow, ports: ServedSharePorts) {
    this.root = root
    this.#key = rootText(root)
    this.#ports = ports
    this.name = share.name
    this.sizeBytes = share.sizeBytes
    this.leafCount = share.leafCount
    this.skeletonBytes = share.skeletonBytes
    this.#have = this.#count()
  }

  get have(): Bitset {
    return this.#have
  }

  get state(): ServeState {
    if (this.#isGone || this.#troubled.changed > 0) return 'changed'
    if (this.#troubled.checking > 0) return 'checking'
    return this.#have.isFull ? 'ready' : 'partial'
  }

  /** The worst of its files, each counted as its best copy. */
  get worstFile(): FileState {
    if (this.#troubled.changed > 0) return FILE.changed
    if (this.#troubled.missing > 0) return FILE.missing
    return this.#troubled.checking > 0 ? FILE.checking : FILE.clean
  }

  /** Reads the layout in, so that `leafBytes` answers at once. */
  async load(): Promise<Layout> {
    return this.#ports.layouts.load(this.root, this.sizeBytes)
  }

  leafBytes(ordinal: number): number {
    return this.#layoutNow.leafBytes(ordinal)
  }

  runBytes(start: number, count: number): number {
    return this.#layoutNow.runBytes(start, count)
  }

  get #layoutNow(): Layout {
    return this.#layout ?? this.#ports.layouts.get(this.root, this.sizeBytes)
  }

  get isWithdrawn(): boolean {
    return this.#isGone
  }

  readSkeleton(offset: number, maxBytes: number): Uint8Array | undefined {
    return this.#isGone ? undefined : readSkeleton(this.#ports.db, this.#key, offset, maxBytes)
  }

  /** Throws `not-found`, `source-changed`, `unreadable`. */
  async readLeaf(ordinal: number): Promise<Uint8Array> {
    if (!this.#have.has(ordinal)) throw this.#notHeld()
    let unreadable: unknown
    const own = await this.readOwn(ordinal, cause => (unreadable = cause))
    if (own != null) return own
    const digest = this.#ports.layouts.get(this.root, this.sizeBytes).digest(ordinal)
    const elsewhere = await this.#ports.readElsewhere(digest, this.#key)
    if (elsewhere != null) return elsewhere
    if (unreadable === undefined) throw this.#notHeld()
    throw new CodedError('unreadable', `A file of “${this.name}” cannot be read. Check who may read it.`, {
      cause: unreadable
    })
  }

  /** The leaf from this root's own copies, verified; undefined when none of them still has it. */
  async readOwn(ordinal: number, onError: (cause: unknown) => void = () => {}): Promise<Uint8Array | undefined> {
    const layout = await this.load()
    if (layout.leafBytes(ordinal) <= SMALL_BYTES) await this.#ports.turns.take()
    for (const row of this.#copiesOf(layout.fileIndexOf(ordinal))) {
      if (row.state !== FILE.clean) continue
      const found = await readLeafFrom(this.#ports.files, row, layout, ordinal)
      if (found.type === 'bytes') return found.bytes
      if (found.type === 'unreadable') onError(found.cause)
      else this.#doubt(row, found)
    }
    return undefined
  }

  watch(listener: (change: ServableChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Writes what was found out about a file, and tells the watchers which leaves that gives or takes. */
  mark(row: FileRow, state: FileState, stat: Uint8Array): void {
    if (this.#isGone) return
    const key = keyOf(row)
    this.#unwritten.set(key, { state, stat })
    this.#ports.note(key, () => {
      setFile(this.#ports.db, row, state, stat)
      this.#unwritten.delete(key)
    })
    const known = this.#rows.get(row.idx)
    const changed = known?.map(it => (it.copyId === row.copyId ? { ...it, state, stat } : it))
    if (changed != null) this.#rows.set(row.idx, changed)
    this.#ports.touched(this.#key)
    this.#recount(row.idx)
  }

  /** A copy was added or taken away: counts anew. */
  refresh(): void {
    const before = this.#have
    const state = this.state
    this.#rows.clear()
    this.#have = this.#count()
    for (const [start, end] of runsIn(before, this.#have)) this.#tell({ unset: [start, end] }, state)
    for (const [start, end] of runsIn(this.#have, before)) this.#tell({ set: [start, end] }, state)
    if (this.state !== state) this.#tell({}, state)
  }

  /** Before the share is removed: the claims of its leaves hold for whoever is still counting. */
  beforeRetiring(): void {
    if (this.#listeners.size > 0) this.#layout = this.#ports.layouts.get(this.root, this.sizeBytes)
  }

  /** The share was removed: nothing is served any more. */
  retire(): void {
    this.#isGone = true
    for (const listener of this.#listeners) listener({ withdrawn: true })
    this.#have = new Bitset(this.leafCount)
  }

  #doubt(row: FileRow, found: LeafRead): void {
    const now = this.#copiesOf(row.idx).find(it => it.copyId === row.copyId)
    if (now == null || now.state !== FILE.clean || Buffer.compare(now.stat, row.stat) !== 0) return // known since
    this.#ports.files.forget(row.path)
    if (found.type === 'touched' && packedSize(found.stat) === row.sizeBytes) {
      this.mark(row, FILE.checking, row.stat)
      this.#ports.recheck(this, row)
    } else if (found.type === 'missing') this.mark(row, FILE.missing, row.stat)
    else if (found.type === 'touched' || found.type === 'mismatch') this.mark(row, FILE.changed, found.stat)
  }

  /** The file in every copy. Small files are asked for one after the other: the next ones are read along. */
  #copiesOf(idx: number): readonly FileRow[] {
    const known = this.#rows.get(idx)
    if (known != null) return known
    if (this.#rows.size > MAX_ROWS) this.#rows.clear()
    for (let i = idx; i < idx + ROWS_AT_ONCE; i++) this.#rows.set(i, [])
    for (const row of copiesOfFiles(this.#ports.db, this.#key, idx, idx + ROWS_AT_ONCE)) {
      const found = this.#unwritten.get(keyOf(row))
      this.#rows.get(row.idx)!.push(found == null ? row : { ...row, ...found })
    }
    return this.#rows.get(idx)!
  }

  #notHeld(): CodedError {
    if (this.#isGone || this.state !== 'changed')
      return new CodedError('not-found', `“${this.name}” does not have that part.`)
    return new CodedError('source-changed', `“${this.name}” changed after it was shared. Share it again.`)
  }

  /** Sets or clears the leaves of one file by its best copy. */
  #recount(idx: number): void {
    const copies = this.#copiesOf(idx)
    const first = copies[0]
    if (first == null) return
    const state = this.state
    const [start, end] = [first.first, first.first + first.leaves]
    const best = Math.min(...copies.map(row => row.state))
    const [was, is] = [this.#best.get(idx) ?? FILE.clean, best as FileState]
    this.#best.set(idx, is)
    this.#weigh(was, -1)
    this.#weigh(is, 1)
    if (is === FILE.clean) this.#have.addRange(start, end)
    else for (let i = start; i < end; i++) this.#have.delete(i)
    if ((was === FILE.clean) !== (is === FILE.clean)) {
      this.#tell(is === FILE.clean ? { set: [start, end] } : { unset: [start, end] }, state)
    } else if (this.state !== state) this.#tell({}, state)
  }

  #best = new Map<number, FileState>() // of files that are not, or were not, clean

  #weigh(state: FileState, by: 1 | -1): void {
    if (state === FILE.checking) this.#troubled.checking += by
    if (state === FILE.missing) this.#troubled.missing += by
    if (state === FILE.changed) this.#troubled.changed += by
  }

  #tell(change: ServableChange, before: ServeState): void {
    const { state } = this
    const whole = state === before ? change : { ...change, state }
    for (const listener of this.#listeners) listener(whole)
  }

  #count(): Bitset {
    const have = new Bitset(this.leafCount)
    this.#best.clear()
    this.#troubled = { checking: 0, missing: 0, changed: 0 }
    const { isAllHere, rows } = filesInTrouble(this.#ports.db, this.#key)
    const count = (row: FileRow): void => {
      const best = Math.min(row.state, this.#best.get(row.idx) ?? row.state) as FileState // one of the two
      this.#best.set(row.idx, best)
      if (row.state === FILE.clean) have.addRange(row.first, row.first + row.leaves)
    }
    if (isAllHere) {
      have.addRange(0, this.leafCount)
      for (const { first, leaves } of rows) for (let i = first; i < first + leaves; i++) have.delete(i)
      rows.forEach(count)
    } else for (const page of filePages(this.#ports.db, this.#key)) page.forEach(count)
    for (const state of this.#best.values()) this.#weigh(state, 1)
    return have
  }
}

const keyOf = ({ copyId, idx }: FileRow): string => `file ${copyId}/${idx}`

/** The runs that are set in `a` and not in `b`. */
function* runsIn(a: Bitset, b: Bitset): Generator<readonly [number, number]> {
  for (let at = a.nextSet(0); at < a.size;) {
    if (b.has(at)) {
      at = a.nextSet(at + 1)
      continue
    }
    const start = at
    while (at < a.size && a.has(at) && !b.has(at)) at++
    yield [start, at]
    at = a.nextSet(at)
  }
}
