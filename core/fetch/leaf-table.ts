// Where every wanted multihash stands. All positions of one multihash share one state, kept under the lowest of them, so
// that two of them can never be asked for at once.

import { Bitset } from '../bitset.ts'
import { Availability } from './availability.ts'
import type { Steps } from '../turns.ts'
import type { DuplicateLeaves, Plan } from './duplicate-leaves.ts'

/** VERIFIED and DURABLE are the shell's and the store's business: here a leaf is RECEIVED until it is WRITTEN. */
export type LeafState = typeof UNWANTED | typeof MISSING | typeof ASSIGNED | typeof RECEIVED | typeof WRITTEN
export const UNWANTED = 0
export const MISSING = 1
export const ASSIGNED = 2
export const RECEIVED = 3
export const WRITTEN = 4

export interface Membership {
  has(ordinal: number): boolean
}

const STEP_LEAVES = 8_192

export class LeafTable {
  readonly plan: Plan
  readonly duplicates: DuplicateLeaves
  readonly availability: Availability
  readonly wanted: Membership
  /** Every position, wanted or not, of a multihash that is wanted and asked of nobody. */
  readonly missing: Bitset
  #wantedBytes = 0
  readonly #state: Uint8Array
  readonly #missingIn: Uint32Array // by extent
  readonly #extentOf: Uint32Array | undefined // undefined: every extent is one leaf
  readonly #counts = [0, 0, 0, 0, 0]

  private constructor(plan: Plan, wanted: Membership, duplicates: DuplicateLeaves) {
    this.plan = plan
    this.wanted = wanted
    this.duplicates = duplicates
    const extents = plan.extents.length - 1
    this.availability = new Availability(extents)
    this.missing = new Bitset(plan.leafCount)
    this.#state = new Uint8Array(plan.leafCount)
    this.#missingIn = new Uint32Array(extents)
    if (extents !== plan.leafCount) {
      this.#extentOf = new Uint32Array(plan.leafCount)
      for (let x = 0; x < extents; x++) this.#extentOf.fill(x, plan.extents[x]!, plan.extents[x + 1]!)
    }
  }

  /** Some thousand leaves in a step. What `have` loses meanwhile, the caller tells the scheduler. */
  static *steps(plan: Plan, have: Membership, wanted: Membership, duplicates: DuplicateLeaves): Steps<LeafTable> {
    const table = new LeafTable(plan, wanted, duplicates)
    for (let ordinal = 0; ordinal < plan.leafCount; ordinal++) {
      table.#enter(ordinal, have)
      if (ordinal % STEP_LEAVES === STEP_LEAVES - 1) yield
    }
    return table
  }

  /** Of what is wanted and not here, each multihash once. */
  get wantedBytes(): number {
    return this.#wantedBytes
  }

  #enter(ordinal: number, have: Membership): void {
    const leaf = this.duplicates.first(ordinal)
    if (!this.wanted.has(ordinal) || this.#state[leaf] === MISSING) return
    if (have.has(ordinal)) return this.set(leaf, WRITTEN)
    this.#wantedBytes += this.plan.leafBytes(ordinal)
    this.set(leaf, MISSING)
  }

  /** Multihashes, not positions. */
  count(state: LeafState): number {
    return this.#counts[state]!
  }

  get left(): number {
    return this.#counts[MISSING]! + this.#counts[ASSIGNED]! + this.#counts[RECEIVED]!
  }

  extentOf(ordinal: number): number {
    return this.#extentOf == null ? ordinal : this.#extentOf[ordinal]!
  }

  state(leaf: number): LeafState {
    return this.#state[leaf] as LeafState // only `set` writes it
  }

  /** `leaf` is a `duplicates.first`. */
  set(leaf: number, state: LeafState): void {
    const was = this.#state[leaf] as LeafState // only `set` writes it
    if (was === state) return
    this.#state[leaf] = state
    this.#counts[was] = this.#counts[was]! - 1
    this.#counts[state] = this.#counts[state]! + 1
    if (was === MISSING) this.#mark(leaf, false)
    if (state === MISSING) this.#mark(leaf, true)
  }

  #mark(leaf: number, missing: boolean): void {
    for (let at = leaf; at !== -1; at = this.duplicates.next(at)) {
      const extent = this.extentOf(at)
      if (missing) {
        this.missing.add(at)
        this.#missingIn[extent] = this.#missingIn[extent]! + 1
        this.availability.open(extent)
      } else {
        this.missing.delete(at)
        this.#missingIn[extent] = this.#missingIn[extent]! - 1
        if (this.#missingIn[extent] === 0) this.availability.close(extent)
      }
    }
  }
}
