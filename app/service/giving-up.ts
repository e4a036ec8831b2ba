// What a download says when it is given up: a code and a sentence.
import { CodedError } from '../../core/errors.ts'
import { giveUpCode } from '../../core/fetch/give-up.ts'
import type { FetchSnapshot } from '../../core/fetch/ports.ts'
import { ownDiskFull } from '../../core/files/write-error.ts'

const GAVE_UP: Record<ReturnType<typeof giveUpCode>, string> = {
  'source-changed':
    'The source changed after it was shared, and nobody else has it. Ask for a new link; what arrived is kept.',
  'hash-mismatch': 'Somebody sent wrong data, and nobody else has it. Nothing wrong was kept; try again later.',
  'no-providers':
    'No device that has this can be reached right now. Everything received so far is kept; run the same command again to resume.'
}

/** Why this one is given up now; undefined while it is not. `afterMs`: null waits for ever, for peers and for room on the disk. `ownDisk`: of the data directory. */
export function givenUp(
  snapshot: FetchSnapshot,
  afterMs: number | null,
  ownDisk: 'ok' | 'full'
): CodedError | undefined {
  if (snapshot.state === 'io-error')
    return new CodedError(
      'not-writable',
      'The files cannot be written there. Everything received so far is kept; check the folder, then run the same command again to resume.'
    )
  if (afterMs == null) return undefined
  if (snapshot.state === 'disk-full' && ownDisk === 'full') return ownDiskFull()
  if (snapshot.state === 'disk-full')
    return new CodedError(
      'disk-full',
      'The disk is full. Everything received so far is kept; free up space, then run the same command again to resume.'
    )
  if ((snapshot.noProgressSinceMs ?? -1) < afterMs) return undefined
  const code = giveUpCode(snapshot)
  return new CodedError(code, GAVE_UP[code])
}
