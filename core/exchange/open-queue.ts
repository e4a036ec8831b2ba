// Which roots are open at one peer. A session holds only so many, and a peer counts questions about roots it does not have:
// so everybody who wants in stands here, the wanted ones first, and those that only wait take turns. Decides; sends nothing.
import { TokenBucket } from '../token-bucket.ts'
import * as limits from './limits.ts'
import { ExchangeCode } from './codes.ts'

/** One root somebody wants open. */
export interface Wanting {
  /** Wanted now: before the others, and not closed for one of them. */
  readonly isPreferred: boolean
  /** Something was asked of it and is not over: it stays open. */
  readonly isBusy: boolean
  /** The same for everybody who wants the same root. */
  readonly key: string
}

/** Close one, if there is one, then open one, perhaps the same anew. */
export interface Step<R> {
  readonly close: R | undefined
  /** The one that is closed was served: whoever has it must hear. */
  readonly wasServed: boolean
  readonly open: R
}

interface Place {
  /** `asked`: the Open is not answered. */
  state: 'waiting' | 'asked' | 'open'
  /** Or given up. */
  wasAnswered: boolean
  isServed: boolean
  /** When it was asked, answered, or last seen busy. */
  since: number
  /** Not asked again before. */
  dueAt: number
  refusals: number
  /** Its Open was counted as one the peer may count. */
  isPaid: boolean
}

export class OpenQueue<R extends Wanting> {
  readonly #places = new Map<R, Place>() // in the order they came
  readonly #served = new Set<string>() // keys this peer said it serves: asking for them costs it nothing
  readonly #unheard: number[] = [] // closed before they were answered, and when: what the peer says of them is on its way
  #pace: TokenBucket
  readonly #least: TokenBucket // what the most impatient peer lets us ask
  #beyondLeast = 0
  #wasLimited = false
  #pausedUntil = -Infinity

  constructor(now: number) {
    this.#pace = new TokenBucket(limits.OWN_UNKNOWN_OPENS_PER_MINUTE / 60, limits.OWN_UNKNOWN_OPENS_BURST, now)
    this.#least = new TokenBucket(limits.UNKNOWN_OPENS_PER_MINUTE / 60, limits.LEAST_UNKNOWN_OPENS_BURST, now)
  }

  roots(): R[] {
    return [...this.#places.keys()]
  }

  add(root: R, now: number): void {
    const fresh = { state: 'waiting', wasAnswered: false, isServed: false, refusals: 0, isPaid: false } as const
    this.#places.set(root, { ...fresh, since: now, dueAt: now })
  }

  delete(root: R, now: number): void {
    if (this.#places.get(root)?.state === 'asked') this.#unheard.push(now)
    this.#places.delete(root)
  }

  /** What to do next; it counts as done. Ask until it says undefined. `now`: monotonic milliseconds. */
  next(now: number): Step<R> | undefined {
    if (this.#unanswered(now) >= this.#window) return undefined
    for (const [root, place] of this.#candidates(now)) {
      const isFree = this.#served.has(root.key)
      const close = place.state === 'open' ? root : this.#isFull ? this.#victim(root, place, now) : undefined
      if (close == null && this.#isFull) continue
      if (!isFree) this.#pace.take(now)
      const closed = close == null ? undefined : this.#places.get(close)
      const wasServed = closed?.isServed === true
      if (closed?.state === 'asked') this.#refuse(closed, limits.OPEN_RETRY_MS, 0, now) // it never said a word of it
      if (closed != null) Object.assign(closed, { state: 'waiting', isServed: false })
      Object.assign(place, { state: 'asked', since: now, isPaid: !isFree })
      return { close, wasServed, open: root }
    }
    return undefined
  }

  /** The peer said something of a root that is asked or open; false when it is no longer open there. */
  answered(root: R, code: ExchangeCode, retryMs: number, now: number): boolean {
    const place = this.#places.get(root)
    if (place == null) return true
    if (place.state === 'asked') {
      while ((this.#unheard[0] ?? Infinity) < place.since) this.#unheard.shift() // it answers in order
      this.#count(code, retryMs, place.isPaid, now)
    }
    place.since = now
    place.isServed = code === ExchangeCode.OK
    place.state = code === ExchangeCode.LIMIT ? 'waiting' : 'open'
    this.#remember(root.key, place.isServed)
    if (place.isServed) Object.assign(place, { wasAnswered: true, refusals: 0 })
    else {
      const firstMs = code === ExchangeCode.NOT_HAVE ? limits.NOT_YET_RETRY_MS : limits.OPEN_RETRY_MS
      this.#refuse(place, firstMs, retryMs, now)
    }
    return place.state === 'open'
  }

  /** It said something of a root that was closed before; `root`: whose turn that was, if it waits for another one. */
  answeredLate(root: R | undefined, code: ExchangeCode, retryMs: number, now: number): void {
    const wasAsked = this.#unheard.shift() != null
    if (wasAsked || code === ExchangeCode.LIMIT) this.#count(code, retryMs, true, now)
    const place = root && this.#places.get(root)
    if (root == null || place?.state !== 'waiting' || code !== ExchangeCode.OK) return
    this.#remember(root.key, true)
    place.dueAt = now
  }

  /** When `next` may say something else although nothing happened; undefined: not by itself. */
  wakeMs(now: number): number | undefined {
    if (this.#places.size === 0) return undefined
    if (this.#unanswered(now) >= this.#window) return limits.OPEN_ANSWER_MS
    let wake = Infinity
    for (const place of this.#places.values()) {
      if (place.state === 'waiting' || (place.state === 'open' && !place.isServed)) wake = Math.min(wake, place.dueAt)
    }
    if (wake === Infinity) return undefined
    // whose turn has come waits for the pause, the pace, or a place: that is found by looking now and then
    return Math.max(limits.OPEN_LOOK_MS, Math.min(wake - now, limits.OPEN_RETRY_MS), this.#heldMs(now))
  }

  /** Until a root that the peer may not have can be asked about. */
  #heldMs(now: number): number {
    return Math.max(0, this.#pausedUntil - now, this.#pace.waitMs(now))
  }

  get #isFull(): boolean {
    let there = 0
    for (const { state } of this.#places.values()) if (state !== 'waiting') there++
    return there >= limits.OWN_OPEN_ROOTS
  }

  /** Few until the peer has shown that it takes many; one at a time once it has said LIMIT. */
  get #window(): number {
    if (this.#wasLimited) return 1
    return this.#beyondLeast < limits.OWN_OPENS_PROVEN ? limits.OWN_OPENS_FIRST : limits.OWN_OPENS_UNANSWERED
  }

  #unanswered(now: number): number {
    while ((this.#unheard[0] ?? now) < now - limits.OPEN_UNHEARD_MS) this.#unheard.shift()
    let asked = this.#unheard.length
    for (const { state, since } of this.#places.values())
      if (state === 'asked' && now - since < limits.OPEN_ANSWER_MS) asked++
    return asked
  }

  /** Who may be asked about, most urgent first. */
  #candidates(now: number): [R, Place][] {
    const rank = ([root, place]: [R, Place]): number => {
      if (place.state === 'open') return root.isPreferred ? 3 : 4 // it hears by itself when the peer has it: asked for safety's sake
      return root.isPreferred ? 0 : place.wasAnswered ? 2 : 1
    }
    const isHeld = this.#heldMs(now) > 0
    return [...this.#places]
      .filter(([, place]) => place.state !== 'asked' && !place.isServed && place.dueAt <= now)
      .filter(([root]) => !isHeld || this.#served.has(root.key))
      .filter(([root, place]) => place.state === 'waiting' || !root.isBusy)
      .sort((a, b) => rank(a) - rank(b) || a[1].since - b[1].since)
  }

  /** Whose place a root may have: of those that only wait the one that waits longest. */
  #victim(root: R, wanting: Place, now: number): R | undefined {
    let found: [R, Place] | undefined
    let best = Infinity
    for (const [other, place] of this.#places) {
      if (place.state === 'open' && other.isBusy) place.since = now
      const rank = rankOf(other, place)
      if (place.state === 'waiting' || other.isBusy || !mayReplace(other, place, root, wanting, now)) continue
      if (rank > best || (rank === best && found != null && place.since >= found[1].since)) continue
      found = [other, place]
      best = rank
    }
    return found?.[0]
  }

  #refuse(place: Place, firstMs: number, retryMs: number, now: number): void {
    const patienceMs = Math.min(limits.OPEN_MAX_RETRY_MS, firstMs * 2 ** place.refusals++)
    place.wasAnswered = true
    place.dueAt = now + Math.max(patienceMs, Math.min(retryMs, limits.OPEN_LONGEST_RETRY_MS))
  }

  /** What an answer to an Open says about the peer's patience. */
  #count(code: ExchangeCode, retryMs: number, isPaid: boolean, now: number): void {
    if (code !== ExchangeCode.NOT_FOUND && code !== ExchangeCode.LIMIT) {
      if (isPaid) this.#pace.giveBack()
      return
    }
    if (!isPaid) this.#pace.spend(1, now)
    if (code !== ExchangeCode.LIMIT) {
      if (!this.#least.take(now)) this.#beyondLeast++
      return
    }
    this.#wasLimited = true
    this.#pausedUntil = now + Math.max(limits.OPEN_LOOK_MS, Math.min(retryMs, limits.OPEN_LONGEST_RETRY_MS))
    this.#pace = new TokenBucket(limits.OWN_UNKNOWN_OPENS_PER_MINUTE / 60, limits.OWN_OPENS_FIRST, now)
    this.#pace.spend(limits.OWN_OPENS_FIRST, now) // it has none left for us, and gains them faster than we do
  }

  #remember(key: string, isServed: boolean): void {
    this.#served.delete(key)
    if (!isServed) return
    this.#served.add(key)
    for (const oldest of this.#served) {
      if (this.#served.size <= limits.MAX_SERVED_KEYS) break
      this.#served.delete(oldest)
    }
  }
}

/** Who gives up a place first: one that only waits, then one that is served and idle, then a preferred one. */
function rankOf(root: Wanting, place: Place): number {
  if (root.isPreferred) return place.isServed ? 3 : 2
  return place.isServed ? 1 : 0
}

function mayReplace(other: Wanting, place: Place, root: Wanting, wanting: Place, now: number): boolean {
  const age = now - place.since
  if (place.state === 'asked') return age >= limits.OPEN_ANSWER_MS
  if (other.isPreferred && !root.isPreferred) return false
  const isFirst = root.isPreferred || (!wanting.wasAnswered && !place.isServed)
  if (isFirst && !other.isPreferred) return true
  return age >= (place.isServed ? limits.OPEN_IDLE_MS : limits.OPEN_TURN_MS)
}
