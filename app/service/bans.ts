// Who is refused, and why: shown until the day is over or the user allows it again. Only those who sent wrong bytes are refused after a restart too: who
// refused what it had offered may just have been unlucky.
import type { Ban } from '../contract/shapes.ts'
import { ListFeed } from './snapshot-feed.ts'

/** More than these a stranger makes only with as many identities; a new one is not refused either. */
export const MAX_BANS = 1_000

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

  /** Returns those that are refused no more because they were too many, the first ones first: nobody is refused who cannot be seen. */
  add(ban: Ban): string[] {
    const before = this.feed.get(ban.peerId)
    if (before?.reason === 'wrong-bytes' && ban.reason === 'refused') return []
    if (ban.reason === 'wrong-bytes') this.#kept.save(ban.peerId, ban.until)
    this.feed.delete(ban.peerId) // it is the last one now
    this.feed.set(ban.peerId, { ...ban, name: ban.name || (before?.name ?? '') })
    const rows = this.feed.rows()
    const over = rows.slice(0, Math.max(0, rows.length - MAX_BANS)).map(({ peerId }) => peerId)
    for (const peerId of over) this.lift(peerId)
    return over
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
