// What the server side can serve. A finished share and a running download both are one of these.
import type { CID } from 'multiformats/cid'

/** The parts of a bitmap that are read here; bit i of byte j is ordinal 8 j + i. */
export interface ReadonlyBitset {
  readonly size: number
  readonly count: number
  readonly isFull: boolean
  readonly bytes: Uint8Array
  has(ordinal: number): boolean
}

/** `checking`: files are being re-hashed, the bitmap grows. `changed`: files no longer are what was shared. */
export type ServeState = 'ready' | 'checking' | 'partial' | 'changed'

/** What changed in a servable: half-open intervals of ordinals now held or no longer held, and the state. */
export interface ServableChange {
  set?: readonly [start: number, end: number]
  unset?: readonly [start: number, end: number]
  state?: ServeState
  /** It is withdrawn from now on; told before the first read fails for it. */
  withdrawn?: true
}

/** One root that can be served, its skeleton known in full. Until it is withdrawn, for good: whoever serves it says so, and lets go of it. */
export interface Servable {
  readonly root: CID
  /** A name to suggest; '' when there is none. */
  readonly name: string
  readonly sizeBytes: number
  readonly leafCount: number
  readonly skeletonBytes: number
  readonly state: ServeState
  /** Nothing of it is served any more. Its numbers, claims included, stay as they were. */
  readonly isWithdrawn: boolean
  /** Live; do not modify. */
  readonly have: ReadonlyBitset
  /** At most `maxBytes` from `offset`, never empty; undefined when they are not there (yet). Valid until the next call. */
  readSkeleton(offset: number, maxBytes: number): Uint8Array | undefined
  /**
   * The leaf's bytes, verified against its digest just now and owned by the caller.
   * Throws `not-found` (not held), `source-changed`, `unreadable`.
   */
  readLeaf(ordinal: number): Promise<Uint8Array>
  leafBytes(ordinal: number): number
  /** Claimed bytes of `count` leaves from `start` together, without a look at each: a stranger says how many. */
  runBytes(start: number, count: number): number
  /** Returns the function that ends the watch. */
  watch(listener: (change: ServableChange) => void): () => void
}

/** Finds what is served: one servable for a root, never a withdrawn one. `not-yet`: the root is known here, its skeleton is still being fetched. */
export interface Servables {
  find(root: CID): FoundServable | Promise<FoundServable>
}
export type FoundServable = Servable | 'not-yet' | undefined
