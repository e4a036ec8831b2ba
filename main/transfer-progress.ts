// What the system is shown of transfers: how far all of them are, and those that ended while somebody may have been looking elsewhere.
import type { Transfer } from '../app/contract/shapes.ts'

const MOVING = new Set<Transfer['state']>(['finding', 'fetching', 'verifying'])

export interface TransferProgress {
  /** 0 to 1 over everything that moves; null: nothing does. */
  readonly progress: number | null
  /** Something arrives or is checked: the machine should not sleep. */
  readonly isBusy: boolean
  /** Ended since the rows before. */
  readonly ended: readonly Transfer[]
}

/** `before`: the states by id of the last look; null at the first one, when what is over is old. A row that was not there then has ended since. */
export function transferProgressOf(
  rows: readonly Transfer[],
  before: ReadonlyMap<string, Transfer['state']> | null
): TransferProgress {
  const moving = rows.filter(row => MOVING.has(row.state))
  const known = moving.filter(row => row.total != null)
  const total = known.reduce((sum, row) => sum + (row.total ?? 0), 0)
  const bytes = known.reduce((sum, row) => sum + row.bytes, 0)
  const hasEnded = (row: Transfer): boolean => row.state === 'done' || row.state === 'failed'
  return {
    progress: moving.length === 0 ? null : total === 0 ? 0 : bytes / total,
    isBusy: moving.some(row => row.state !== 'finding'),
    ended: rows.filter(row => hasEnded(row) && before != null && before.get(row.id) !== row.state)
  }
}
