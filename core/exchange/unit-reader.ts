// Reads the leaves of a unit, and names what went wrong as the peer is told it.
import { codeOf } from '../errors.ts'
import { ExchangeCode } from './codes.ts'
import type { Servable } from './servable.ts'
import type { Unit } from './send-queue.ts'

/** A leaf's bytes, or why there are none. */
export type ReadLeaf = Uint8Array | ExchangeCode

/** Reads every leaf of a unit. Never rejects. */
export async function readUnit(unit: Unit): Promise<ReadLeaf[]> {
  const { servable } = unit.job.root
  if (unit.kind === 'range') return []
  if (servable == null) return Array.from({ length: unit.count }, () => ExchangeCode.SHUTDOWN)
  if (unit.count === 1) return [await readLeaf(servable, unit.start)]
  return Promise.all(Array.from({ length: unit.count }, (_, i) => readLeaf(servable, unit.start + i)))
}

async function readLeaf(servable: Servable, ordinal: number): Promise<ReadLeaf> {
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
