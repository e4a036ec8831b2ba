// Who is refused, and why: shown until the day is over or the user allows it again. Only those who sent wrong bytes are refused after a restart too: who
// refused what it had offered may just have been unlucky.
import type { Ban } from '../contract/shapes.ts'
import { ListFeed } from './snapshot-feed.ts'

const MAX_SHOWN = 1_000

/** Bans that outlive the process; `until` in milliseconds since 1970. */
export interface KeptBans {
  load(): Iterable<{ peerId: string; until: number }>
  save(peerId: string, until: number): void
  forget(peerId: string): void
}

export class Bans {
  readonly feed = new ListFeed<Ban>()
  readonly #kept: KeptBans

  constructor(kept: KeptBans) {
    this.#kept = kept
    for (const { peerId, until } of kept.load())
      this.feed.set(peerId, { peerId, name: '', reason: 'wrong-bytes', until })
  }

  add(ban: Ban): void {
    const before = this.feed.get(ban.peerId)
    if (before?.reason === 'wrong-bytes' && ban.reason === 'refused') return
    if (ban.reason === 'wrong-bytes') this.#kept.save(ban.peerId, ban.until)
    this.feed.set(ban.peerId, { ...ban, name: ban.name || (before?.name ?? '') })
    const [oldest] = this.feed.rows()
    if (oldest != null && this.feed.rows().length > MAX_SHOWN) this.feed.delete(oldest.peerId)
  }

  /** False when there was none. */
  lift(peerId: string): boolean {
    if (this.feed.get(peerId) == null) return false
    this.#kept.forget(peerId)
    this.feed.delete(peerId)
    return true
  }

  /** Takes those away whose day is over at `now`, milliseconds since 1970, and returns them. */
  takeOver(now: number): string[] {
    const over = this.feed.rows().filter(({ until }) => until <= now)
    for (const { peerId } of over) this.lift(peerId)
    return over.map(({ peerId }) => peerId)
  }
}
