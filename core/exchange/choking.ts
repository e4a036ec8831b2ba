// Who is unchoked among peers from public addresses (BEP 3, "choking"): a few who take the most, and one more by turns.

export interface Candidate {
  readonly id: number
  /** Payload bytes sent to it since the last choice. */
  readonly recentBytes: number
}

/**
 * The ids to be unchoked. With no more candidates than places everybody is. Otherwise the fastest keep their slots, and the
 * one place beside them goes round: to the first id after `lastOptimistic` that has none.
 */
export function chooseUnchoked(
  candidates: readonly Candidate[],
  slots: number,
  lastOptimistic: number
): { unchoked: Set<number>; optimistic: number } {
  if (candidates.length <= slots + 1)
    return { unchoked: new Set(candidates.map(it => it.id)), optimistic: lastOptimistic }
  const byRate = candidates.toSorted((a, b) => b.recentBytes - a.recentBytes || a.id - b.id)
  const unchoked = new Set(byRate.slice(0, slots).map(it => it.id))
  const others = candidates.filter(it => !unchoked.has(it.id)).toSorted((a, b) => a.id - b.id)
  const optimistic = (others.find(it => it.id > lastOptimistic) ?? others[0])?.id ?? lastOptimistic
  unchoked.add(optimistic)
  return { unchoked, optimistic }
}
