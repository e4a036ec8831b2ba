// A list as it arrives: the whole first, then what changed, numbered. Pure; a missing number means that the whole must be asked for again.
import type { ListUpdate } from '../app/contract/shapes.ts'

export interface List<Row> {
  /** The number of the last update that was applied; null: none yet. */
  readonly seq: number | null
  readonly rows: ReadonlyMap<string, Row>
}

export const EMPTY_LIST: List<never> = { seq: null, rows: new Map<string, never>() }

/** The list after an update, or undefined when one before it is missing. */
export function applyUpdate<Row>(
  list: List<Row>,
  update: ListUpdate<Row>,
  keyOf: (row: Row) => string
): List<Row> | undefined {
  const { seq, whole } = update
  if (!whole && (list.seq == null || seq !== list.seq + 1)) return undefined
  const rows = new Map(whole ? [] : list.rows)
  for (const key of update.removed) rows.delete(key)
  for (const row of update.rows) rows.set(keyOf(row), row)
  return { seq, rows }
}
