// What this device offers, and what it is about to: one row each, from the first byte that is read to the share. Jobs and shares come on feeds of their
// own, in any order; here one turns into the other in one step and goes on under the same key. Pure.
import type { Share, ShareJob } from '../app/contract/shapes.ts'

export interface Offers {
  readonly jobs: readonly ShareJob[]
  /** Those to be seen, by root. */
  readonly shares: ReadonlyMap<string, Share>
  /** By root, of those to be seen. */
  readonly keys: ReadonlyMap<string, string>
}

export const NO_OFFERS: Offers = { jobs: [], shares: new Map(), keys: new Map() }

export type Offer = Share | ShareJob

export const isShare = (row: Offer): row is Share => 'addedAt' in row

export const keyOf = (row: Offer, { keys }: Offers): string =>
  isShare(row) ? (keys.get(row.root) ?? row.root) : row.job

/**
 * A job stands for its share until both say that it is made. A share that was seen before keeps its row, and the job's goes: there is one of each.
 * @param leaving roots that are not to be seen
 */
export function nextOffers(
  before: Offers,
  jobs: readonly ShareJob[],
  shares: ReadonlyMap<string, Share>,
  leaving: ReadonlySet<string>
): Offers {
  const going = new Map(jobs.filter(({ state }) => state === 'indexing').map(it => [it.job, it]))
  const known = new Set(jobs.map(({ job }) => job))
  const keys = new Map<string, string>()
  const seen = new Map<string, Share>()
  for (const [root, share] of shares) {
    if (leaving.has(root)) continue
    const { job } = share
    const key = before.keys.get(root)
    if (key == null && job != null && going.has(job)) continue
    keys.set(root, key ?? (job != null && known.has(job) ? job : root))
    seen.set(root, share)
  }
  const isMade = ({ state, root }: ShareJob): boolean => state === 'done' && root != null && shares.has(root)
  return { jobs: jobs.filter(job => !isMade(job)), shares: seen, keys }
}
