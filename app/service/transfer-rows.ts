// A transfer as it is kept, and as it crosses to a client.
import { createHash } from 'node:crypto'
import path from 'node:path'
import type { TransferRow } from '../../core/store/transfer-repo.ts'
import type { Transfer, TransferState, WireError } from '../contract/shapes.ts'

/** States that outlive the process as they are; everything else goes on at the next start. */
export type KeptState = 'active' | 'paused' | 'done' | 'failed'

/** One root into one directory: the same after a restart. */
export function transferId(root: string, directory: string): string {
  return createHash('sha256').update(`${root}\0${directory}`).digest('base64url').slice(0, 22)
}

export function keptState(row: TransferRow): KeptState {
  return row.state === 'paused' || row.state === 'done' || row.state === 'failed' ? row.state : 'active'
}

/** What a client is shown of a transfer that is not running. */
export function restingRow(row: TransferRow, error: WireError | null): Transfer {
  const state: Record<KeptState, TransferState> = {
    active: 'finding',
    paused: 'paused',
    done: 'done',
    failed: 'failed'
  }
  return {
    id: transferId(row.root, row.directory),
    root: row.root,
    name: row.name,
    state: state[keptState(row)],
    bytes: row.bytes,
    total: row.totalBytes ?? null,
    rate: 0,
    secondsLeft: null,
    received: 0,
    duplicate: 0,
    sources: 0,
    from: [],
    waitingFor: null,
    error,
    addedAt: row.addedAt,
    folder: path.basename(row.directory),
    path: row.path ?? null
  }
}
