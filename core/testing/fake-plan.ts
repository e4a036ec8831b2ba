// Layouts for tests: leaves named by a letter, equal letters being equal leaves.

import { createHash } from 'node:crypto'
import { EXTENT_BYTES } from '../fetch/limits.ts'
import { DuplicateLeaves, type Plan } from '../fetch/duplicate-leaves.ts'
import { LeafTable, type Membership } from '../fetch/leaf-table.ts'
import { Scheduler } from '../fetch/scheduler.ts'
import { atOnce } from '../turns.ts'

interface PlanInUse {
  readonly plan: Plan
  readonly have: Membership
  readonly wanted: Membership
  readonly random: () => number
}

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

export function sampleTable({ plan, have, wanted, random }: PlanInUse): LeafTable {
  return atOnce(LeafTable.steps(plan, have, wanted, atOnce(DuplicateLeaves.steps(plan, random))))
}

export function sampleScheduler(it: PlanInUse): Scheduler {
  return new Scheduler({ table: sampleTable(it), random: it.random })
}
