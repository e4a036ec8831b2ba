// A transfer as it is kept, and as it crosses to a client.
import { createHash } from 'node:crypto'
import path from 'node:path'
import { rootText } from '../../core/cid.ts'
import type { ShareLink } from '../../core/link.ts'
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

const MAX_CUT_OFF = 2

/** It was being opened whenever the process ended: it goes on when somebody says so. */
export const isCutOff = ({ cutOff = 0 }: TransferRow): boolean => cutOff >= MAX_CUT_OFF

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
    place: null,
    waitingFor: null,
    error,
    addedAt: row.addedAt,
    folder: path.basename(row.directory),
    path: row.path ?? null
  }
}

/** What a transfer is to do now. What is chosen comes to what was chosen before and is not done yet. */
export function rowToStart(
  before: TransferRow | undefined,
  asked: {
    link: ShareLink
    directory: string
    selection: readonly number[] | null
    addrs: readonly string[]
    manyFiles?: boolean
    now: number
  }
): TransferRow {
  const { link, directory, addrs, now } = asked
  const isGoingOn = before != null && keptState(before) !== 'done'
  const selection = isGoingOn ? union(before.selection, asked.selection) : (asked.selection ?? undefined)
  const isSame = before != null && isSameSelection(selection, before.selection)
  return {
    root: rootText(link.root),
    directory,
    name: link.name ?? before?.name ?? '',
    state: 'active',
    addrs: [...new Set([...addrs, ...link.addrs, ...(before?.addrs ?? [])])].slice(0, 64),
    bytes: isSame ? before.bytes : 0,
    ...(selection != null && { selection }),
    ...(isSame && before.totalBytes != null && { totalBytes: before.totalBytes }),
    ...(before?.path != null && { path: before.path }), // what was got earlier stands there: more is added to it
    addedAt: before?.addedAt ?? now,
    changedAt: now,
    queueOrder: before?.queueOrder ?? 0,
    ...(before?.cutOff != null && { cutOff: before.cutOff }),
    ...((asked.manyFiles === true || before?.manyFiles === true) && { manyFiles: true })
  }
}

/** A row as it is shown with its place in the queue; without one it does not wait there. */
export function asQueued(shown: Transfer, place: number | undefined): Transfer {
  if (place == null) return { ...shown, place: null, state: shown.state === 'queued' ? 'finding' : shown.state }
  return { ...shown, place, state: 'queued', rate: 0, secondsLeft: null, sources: 0, from: [], waitingFor: null }
}

type Selection = readonly number[] | undefined // file indexes; undefined: everything

function union(a: Selection, b: readonly number[] | null): Selection {
  return a == null || b == null ? undefined : [...new Set([...a, ...b])].toSorted((x, y) => x - y)
}

export function isSameSelection(a: Selection, b: Selection): boolean {
  if (a == null || b == null) return a == null && b == null
  const known = new Set(b)
  return known.size === new Set(a).size && a.every(idx => known.has(idx))
}
