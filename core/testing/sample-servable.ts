// A servable in memory, for tests of every layer: leaves made from their ordinals, faults and changes on demand.
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { createHash } from 'node:crypto'
import { RAW } from '../cid.ts'
import { CodedError, type Code } from '../errors.ts'
import type {
  FoundServable,
  ReadonlyBitset,
  Servable,
  ServableChange,
  Servables,
  ServeState
} from '../exchange/servable.ts'

/** A raw root named by a text: it stands for a share, its digest is not that of any content. */
export function sampleRoot(text: string): CID {
  return CID.createV1(RAW, createDigest(0x12, createHash('sha256').update(text).digest()))
}

/** The bytes of a leaf: different for every ordinal, the same for everybody. */
export function sampleLeaf(ordinal: number, bytes: number): Uint8Array {
  const leaf = new Uint8Array(bytes).fill(ordinal & 0xff)
  for (let i = 0; i < Math.min(4, bytes); i++) leaf[i] = (ordinal * 2654435761) >>> (8 * i)
  return leaf
}

class Bitset implements ReadonlyBitset {
  readonly size: number
  readonly bytes: Uint8Array
  count = 0

  constructor(size: number) {
    this.size = size
    this.bytes = new Uint8Array(Math.ceil(size / 8))
  }

  get isFull(): boolean {
    return this.count === this.size
  }

  has(ordinal: number): boolean {
    return ((this.bytes[ordinal >>> 3] ?? 0) & (1 << (ordinal & 7))) !== 0
  }

  put(ordinal: number, value: boolean): void {
    if (this.has(ordinal) === value) return
    this.count += value ? 1 : -1
    this.bytes[ordinal >>> 3] = (this.bytes[ordinal >>> 3] ?? 0) ^ (1 << (ordinal & 7))
  }
}

export class SampleServable implements Servable {
  readonly root: CID
  readonly name: string
  readonly leafSizes: readonly number[]
  readonly sizeBytes: number
  readonly skeleton: Uint8Array
  readonly have: Bitset
  state: ServeState = 'ready'
  isWithdrawn = false
  /** Ordinals whose reading fails, and how. */
  readonly faults = new Map<number, Code>()
  /** Leaves read so far. */
  reads = 0
  /** Awaited by every read, so that a test can hold them up. */
  beforeRead: (ordinal: number) => Promise<void> = async () => {}
  /** Claimed lengths asked for so far, of a leaf or of a run. */
  lookUps = 0
  /** Bytes before each leaf, and before the end. */
  readonly #starts: readonly number[]
  readonly #listeners = new Set<(change: ServableChange) => void>()

  /** Holds every leaf, unless `held` says otherwise. */
  constructor(name: string, leafSizes: readonly number[], options: { held?: boolean; skeletonBytes?: number } = {}) {
    this.name = name
    this.root = sampleRoot(name)
    this.leafSizes = leafSizes
    const starts = [0]
    for (const [i, bytes] of leafSizes.entries()) starts.push((starts[i] ?? 0) + bytes)
    this.#starts = starts
    this.sizeBytes = starts.at(-1) ?? 0
    this.skeleton = Uint8Array.from({ length: options.skeletonBytes ?? 100 }, (_, i) => (i * 31) & 0xff)
    this.have = new Bitset(leafSizes.length)
    if (options.held !== false) for (let i = 0; i < leafSizes.length; i++) this.have.put(i, true)
    else this.state = 'partial'
  }

  get leafCount(): number {
    return this.leafSizes.length
  }

  get skeletonBytes(): number {
    return this.skeleton.length
  }

  get watchers(): number {
    return this.#listeners.size
  }

  readSkeleton(offset: number, maxBytes: number): Uint8Array | undefined {
    return offset < this.skeleton.length ? this.skeleton.subarray(offset, offset + maxBytes) : undefined
  }

  async readLeaf(ordinal: number): Promise<Uint8Array> {
    this.reads++
    await this.beforeRead(ordinal)
    const fault = this.faults.get(ordinal)
    if (fault != null) throw new CodedError(fault, 'A fault of the test')
    if (!this.have.has(ordinal) || this.isWithdrawn) throw new CodedError('not-found', 'Not held')
    return sampleLeaf(ordinal, this.leafBytes(ordinal))
  }

  leafBytes(ordinal: number): number {
    this.lookUps++
    return this.leafSizes[ordinal] ?? 0
  }

  runBytes(start: number, count: number): number {
    this.lookUps++
    return (this.#starts[start + count] ?? 0) - (this.#starts[start] ?? 0)
  }

  watch(listener: (change: ServableChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Holds [start, end) from now on, or no longer. */
  hold(start: number, end: number, held: boolean): void {
    for (let i = start; i < end; i++) this.have.put(i, held)
    this.#tell(held ? { set: [start, end] } : { unset: [start, end] })
  }

  /** Is gone from now on: reads fail, those that are under way too. */
  withdraw(): void {
    if (this.isWithdrawn) return
    this.isWithdrawn = true
    this.#tell({ withdrawn: true })
  }

  become(state: ServeState): void {
    this.state = state
    this.#tell({ state })
  }

  #tell(change: ServableChange): void {
    for (const listener of this.#listeners) listener(change)
  }
}

/** Finds these, and what is put in later. */
export class SampleServables implements Servables {
  readonly byRoot = new Map<string, Servable | 'not-yet'>()

  constructor(...servables: Servable[]) {
    for (const it of servables) this.byRoot.set(it.root.toString(), it)
  }

  find(root: CID): FoundServable {
    const found = this.byRoot.get(root.toString())
    return typeof found === 'object' && found.isWithdrawn ? undefined : found
  }
}
