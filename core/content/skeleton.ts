// Reads a skeleton as it arrives and checks every block against the CID the walk expects next (DESIGN 2 and 4).

import type { CID } from 'multiformats/cid'
import { CodedError } from '../errors.ts'
import type { Layout } from './layout.ts'

/** Incremental and verifying: bytes in, a layout out. */
export class SkeletonReader {
  readonly root: CID
  constructor(root: CID) {
    this.root = root
  }

  /** Consecutive bytes of the stream, cut anywhere. */
  push(bytes: Uint8Array): void {
    throw new CodedError('internal', `Cannot read ${bytes.length} bytes yet`)
  }

  /** Everything before this is verified. */
  get verifiedBytes(): number {
    return 0
  }

  /** Drops what was pushed after `verifiedBytes`. */
  resync(): void {}

  get complete(): boolean {
    return false
  }

  layout(): Layout {
    throw new CodedError('internal', 'The skeleton is not complete')
  }
}

/** The layout of a stored skeleton, in pieces cut anywhere. */
export function layoutOf(root: CID, pieces: Iterable<Uint8Array>): Layout {
  const reader = new SkeletonReader(root)
  for (const piece of pieces) reader.push(piece)
  return reader.layout()
}
