// What a server makes of a peer's Opens for roots that are not here: so many are answered, then it is told to wait; who goes on
// all the same is ended.
import { TokenBucket } from '../token-bucket.ts'
import * as limits from './limits.ts'

export class UnknownOpens {
  readonly #answered: TokenBucket
  readonly #forgiven: TokenBucket
  #limitedSince = -Infinity
  #limitedAt = -Infinity

  constructor(now: number) {
    this.#answered = new TokenBucket(limits.UNKNOWN_OPENS_PER_MINUTE / 60, limits.UNKNOWN_OPENS_BURST, now)
    this.#forgiven = new TokenBucket(limits.UNKNOWN_OPENS_FORGIVEN_PER_MINUTE / 60, limits.UNKNOWN_OPENS_FORGIVEN, now)
  }

  /** One more came. `answer`: as it is. `limit`: ask again later. `end`: this peer was told often enough. `now`: monotonic milliseconds. */
  take(now: number): 'answer' | 'limit' | 'end' {
    if (this.#answered.take(now)) return 'answer'
    if (now - this.#limitedAt > limits.LIMIT_SPELL_MS) this.#limitedSince = now
    this.#limitedAt = now
    // what was sent before the first LIMIT could be read is nobody's fault
    if (now - this.#limitedSince < limits.LIMIT_UNREAD_MS) return 'limit'
    return this.#forgiven.take(now) ? 'limit' : 'end'
  }

  /** When the next one would be answered. */
  retryMs(now: number): number {
    return this.#answered.waitMs(now)
  }
}
