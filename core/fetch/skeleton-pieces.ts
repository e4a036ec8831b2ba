// Bytes of a skeleton that came from one peer, and who is to blame when a block made of several peers' bytes is wrong.

export interface SkeletonPiece {
  readonly peer: string
  readonly offset: number
  readonly bytes: Uint8Array
}

/** The first interval from `start` on that nothing covers; `to` is Infinity at the end. */
export function firstGap(
  covered: readonly { from: number; to: number }[],
  start: number
): { from: number; to: number } {
  let from = start
  for (const it of [...covered].sort((a, b) => a.from - b.from)) {
    if (it.from > from) return { from, to: it.from }
    from = Math.max(from, it.to)
  }
  return { from, to: Infinity }
}

/** Pieces that went into a wrong block. Once the right bytes are there, those that differ name their sender. */
export class Suspects {
  #pieces: SkeletonPiece[] = []

  get pending(): boolean {
    return this.#pieces.length > 0
  }

  add(pieces: readonly SkeletonPiece[]): void {
    this.#pieces.push(...pieces)
  }

  /** `right`: bytes in order, verified before `verified`. Returns who sent something else, once each. */
  compare(right: readonly SkeletonPiece[], verified: number): Set<string> {
    const liars = new Set<string>()
    if (this.#pieces.length === 0) return liars
    for (const it of right) {
      const to = Math.min(it.offset + it.bytes.length, verified)
      for (const suspect of this.#pieces) if (differs(suspect, it, to)) liars.add(suspect.peer)
    }
    this.#pieces = this.#pieces.filter(it => it.offset + it.bytes.length > verified && !liars.has(it.peer))
    return liars
  }
}

function differs(suspect: SkeletonPiece, right: SkeletonPiece, to: number): boolean {
  const a = Math.max(suspect.offset, right.offset)
  const b = Math.min(suspect.offset + suspect.bytes.length, to)
  if (a >= b) return false
  const said = suspect.bytes.subarray(a - suspect.offset, b - suspect.offset)
  return Buffer.compare(said, right.bytes.subarray(a - right.offset, b - right.offset)) !== 0
}
