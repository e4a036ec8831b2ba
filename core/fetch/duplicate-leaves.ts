// Which positions of a layout hold the same multihash. One of them is fetched; all of them are written.

import { inTurns, type Steps } from '../turns.ts'

/** What planning needs to know of a layout. */
export interface Plan {
  readonly leafCount: number
  /** First ordinal of each extent, and `leafCount` at the end. */
  readonly extents: Uint32Array
  digest(ordinal: number): Uint8Array
  leafBytes(ordinal: number): number
}

const STEP_LEAVES = 8_192

export class DuplicateLeaves {
  /** By ordinal, the lowest ordinal with that multihash; undefined while no two are equal. */
  #first: Int32Array | undefined
  #next: Int32Array | undefined

  private constructor() {}

  /**
   * Some thousand leaves in a step. `random` keys the hash table: the digests are a stranger's claims and could all be made to collide otherwise.
   */
  static *steps(plan: Plan, random: () => number): Steps<DuplicateLeaves> {
    const found = new DuplicateLeaves()
    const keys = Int32Array.from({ length: 8 }, () => (random() * 4_294_967_296) | 1)
    const mask = 2 ** Math.ceil(Math.log2(plan.leafCount * 2 + 2)) - 1
    const table = new Int32Array(mask + 1).fill(-1)
    const last = new Map<number, number>()
    for (let ordinal = 0; ordinal < plan.leafCount; ordinal++) {
      const digest = plan.digest(ordinal)
      let slot = hash(digest, keys) & mask
      while (table[slot] !== -1 && !equal(digest, plan.digest(table[slot]!))) slot = (slot + 1) & mask
      const first = table[slot]!
      if (first === -1) table[slot] = ordinal
      else found.#join(plan.leafCount, first, ordinal, last)
      if (ordinal % STEP_LEAVES === STEP_LEAVES - 1) yield
    }
    return found
  }

  get some(): boolean {
    return this.#first != null
  }

  /** The ordinal under which this multihash is kept. */
  first(ordinal: number): number {
    return this.#first == null ? ordinal : this.#first[ordinal]!
  }

  /** The next position with that multihash after this one; -1 at the end. Start with `first`. */
  next(ordinal: number): number {
    return this.#next == null ? -1 : this.#next[ordinal]!
  }

  positions(ordinal: number): number[] {
    const all: number[] = []
    for (let at = this.first(ordinal); at !== -1; at = this.next(at)) all.push(at)
    return all
  }

  #join(size: number, first: number, ordinal: number, last: Map<number, number>): void {
    this.#first ??= Int32Array.from({ length: size }, (_, i) => i)
    this.#next ??= new Int32Array(size).fill(-1)
    this.#first[ordinal] = first
    this.#next[last.get(first) ?? first] = ordinal
    last.set(first, ordinal)
  }
}

/** In turns of the loop. Throws the signal's reason. */
export async function findDuplicates(plan: Plan, random: () => number, signal: AbortSignal): Promise<DuplicateLeaves> {
  return inTurns('leaf-table', DuplicateLeaves.steps(plan, random), () => signal.throwIfAborted())
}

function hash(digest: Uint8Array, keys: Int32Array): number {
  let sum = 0
  for (let i = 0; i < 32; i += 4) {
    const word = digest[i]! | (digest[i + 1]! << 8) | (digest[i + 2]! << 16) | (digest[i + 3]! << 24)
    sum = (Math.imul(sum ^ word, keys[i >>> 2]!) + (sum >>> 13)) | 0
  }
  return sum ^ (sum >>> 16)
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < 32; i++) if (a[i] !== b[i]) return false
  return true
}
