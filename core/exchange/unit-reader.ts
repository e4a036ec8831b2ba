// Reads the leaves of a unit, and names what went wrong as the peer is told it.
import { codeOf } from '../errors.ts'
import { ExchangeCode } from './messages.ts'
import type { Servable } from './servable.ts'
import type { Unit } from './send-queue.ts'

/** A leaf's bytes, or why there are none. */
export type ReadLeaf = Uint8Array | ExchangeCode

/**
 * Reads every leaf of a unit. `findAgain`: a download that finished is served from elsewhere from then on; asked once,
 * when the servable no longer holds what it said it did. Never rejects.
 */
export async function readUnit(unit: Unit, findAgain: () => Promise<Servable | undefined>): Promise<ReadLeaf[]> {
  if (unit.kind === 'range') return []
  if (unit.count === 1) return [await readLeaf(unit, unit.start, findAgain)]
  return Promise.all(Array.from({ length: unit.count }, (_, i) => readLeaf(unit, unit.start + i, findAgain)))
}

async function readLeaf(
  unit: Unit,
  ordinal: number,
  findAgain: () => Promise<Servable | undefined>
): Promise<ReadLeaf> {
  const servable = unit.job.root.servable
  if (servable == null) return ExchangeCode.NOT_FOUND
  let result = await attempt(servable, ordinal)
  if (result === ExchangeCode.NOT_HAVE) {
    const other = await findAgain()
    if (other != null && other !== servable) result = await attempt(other, ordinal)
  }
  return result
}

async function attempt(servable: Servable, ordinal: number): Promise<ReadLeaf> {
  try {
    const bytes = await servable.readLeaf(ordinal)
    // verified, and yet longer than the DAG claims: a malformed DAG, which the other side would take for our lie
    return bytes.length > servable.leafBytes(ordinal) ? ExchangeCode.IO : bytes
  } catch (error) {
    const code = codeOf(error)
    if (code === 'not-found') return ExchangeCode.NOT_HAVE
    return code === 'source-changed' ? ExchangeCode.CHANGED : ExchangeCode.IO
  }
}
