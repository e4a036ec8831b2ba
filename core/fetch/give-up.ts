// What a transfer that nobody can send is given up for.
import type { FetchSnapshot } from './ports.ts'

/** What to say when a transfer is given up: the worst that was seen (PRODUCT.md, "Exit codes"). */
export function giveUpCode(snapshot: FetchSnapshot): 'source-changed' | 'hash-mismatch' | 'no-providers' {
  if (snapshot.sourceChangedSeen) return 'source-changed'
  return snapshot.hashMismatchSeen ? 'hash-mismatch' : 'no-providers'
}
