// Layouts for tests: leaves named by a letter, equal letters being equal leaves.

import { createHash } from 'node:crypto'
import { EXTENT_BYTES } from '../fetch/limits.ts'
import type { Plan } from '../fetch/duplicate-leaves.ts'

/** Leaf `i` has the multihash of `names[i]` and claims `sizes[i]` bytes. */
export function fakePlan(names: readonly string[], sizes: readonly number[]): Plan {
  const digests = names.map(name => createHash('sha256').update(name).digest())
  return {
    leafCount: names.length,
    extents: extentsOf(sizes),
    digest: ordinal => digests[ordinal]!,
    leafBytes: ordinal => sizes[ordinal]!
  }
}

/** Extents: DESIGN.md, "Exchange". */
export function extentsOf(sizes: readonly number[]): Uint32Array {
  const starts: number[] = []
  let bytes = Infinity
  for (const [ordinal, size] of sizes.entries()) {
    if (bytes + size > EXTENT_BYTES) {
      starts.push(ordinal)
      bytes = 0
    }
    bytes += size
  }
  return Uint32Array.from([...starts, sizes.length])
}
