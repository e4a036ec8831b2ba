// Decides which downloads may receive now: at most so many at once, the others wait in the queue (decision 0047). No clock, no I/O. One of
// them is open when it has a fetch that listens to who could send; those that could go on are taken first, so that one which nobody can send
// is never in the way of one that somebody can.

/** Opened at once, those that receive included: each looks for peers and keeps its root open at them. */
export const MAX_OPEN = 100
/** A turn that brings nothing is given to the next one after so long. */
export const GRACE_MS = 1_000
/** How long a download that nobody can send stays open when others that are no more urgent wait to be opened. */
export const OPEN_MS = 60_000
/** So long it counts for who is open that one was asked for by name. */
export const URGED_MS = 10 * 60_000
/** After a turn in which nobody sent although they could: it goes behind those that were not tried for so long, doubled each time. */
const REST_MS = 30_000
const MAX_REST_MS = 15 * 60_000

/** `first`: before the others, in place of one that is not. `now`: in place of any other, at once. */
export type Urgency = 'none' | 'first' | 'now'
const URGENCIES: readonly Urgency[] = ['none', 'first', 'now']

export type QueueInput =
  /** It goes to the end of the queue; `order`: its number there, from an earlier run. */
  | { readonly type: 'add'; readonly id: string; readonly urgency: Urgency; readonly order?: number }
  /** It is done, failed, paused or cancelled. */
  | { readonly type: 'remove'; readonly id: string }
  /** Of one that is open. `bytes`: what it has and what it received, together; only growing counts. */
  | { readonly type: 'report'; readonly id: string; readonly canReceive: boolean; readonly bytes: number }
  | { readonly type: 'urge'; readonly id: string; readonly urgency: Urgency }
  /** Before another one; null: at the end. */
  | { readonly type: 'move'; readonly id: string; readonly before: string | null }
  | { readonly type: 'limit'; readonly active: number }
  | { readonly type: 'tick' }

type ItemInput = Extract<QueueInput, { type: 'remove' | 'report' | 'urge' | 'move' }>

/** `open` and `close` a fetch that listens; `go` and `hold` give and take its turn. */
export interface QueueEffect {
  readonly type: 'open' | 'close' | 'go' | 'hold'
  readonly id: string
}

interface Item {
  readonly id: string
  order: number
  /** Index of URGENCIES: more is more urgent. */
  urgency: number
  urgedAt: number
  isOpen: boolean
  isActive: boolean
  canReceive: boolean
  /** Since when it cannot receive, or has its turn without being able to. */
  unableSince: number
  openedAt: number
  closedAt: number
  turnAt: number
  bytes: number
  bytesAtTurn: number
  wasTried: boolean
  /** Somebody could send during this turn. */
  wasAble: boolean
  /** It was heard of since it has no turn. */
  wasHeard: boolean
  /** Turns in a row that brought nothing. */
  vain: number
  restUntil: number
}

/** Who waits with what right: could receive; was not tried yet; could, and did not when it had its turn; cannot. */
const ABLE = 0
const NEW = 1
const RESTING = 2
const UNABLE = 3

export class DownloadQueue {
  readonly #items = new Map<string, Item>()
  readonly #open = new Set<Item>()
  readonly #urgent = new Set<Item>() // of all, also closed ones: who looks for these need not look at thousands
  readonly #maxOpen: number
  #limit: number
  #lastOrder = 0
  #version = 0
  #out: QueueEffect[] = []

  /** @param limit how many may receive at once, at least 1 */
  constructor(limit: number, maxOpen = MAX_OPEN) {
    this.#limit = limit
    this.#maxOpen = maxOpen
  }

  /** `now`: milliseconds of a clock that never goes back. What names no download of the queue changes nothing. */
  apply(input: QueueInput, now: number): QueueEffect[] {
    return this.applyAll([input], now)
  }

  /** As if one after the other, and nothing is decided before the last. */
  applyAll(inputs: readonly QueueInput[], now: number): QueueEffect[] {
    this.#out = []
    let isAnother = false
    for (const input of inputs) isAnother = this.#take(input, now) || isAnother
    if (isAnother) {
      this.#version++
      this.#settleOpen(now)
      this.#settleTurns(now)
    }
    return this.#out
  }

  has(id: string): boolean {
    return this.#items.has(id)
  }

  isActive(id: string): boolean {
    return this.#items.get(id)?.isActive ?? false
  }

  /** Another number whenever something may be another. */
  get version(): number {
    return this.#version
  }

  get active(): number {
    let count = 0
    for (const item of this.#open) if (item.isActive) count++
    return count
  }

  /** Those that wait for their turn and nothing else, next one first. */
  waiting(): string[] {
    return sorted(this.#items.values(), waits, it => [-it.urgency, it.order]).map(it => it.id)
  }

  isWaiting(id: string): boolean {
    const item = this.#items.get(id)
    return item != null && waits(item)
  }

  /** The number of a download in the queue: those with a lower one come before it. */
  order(id: string): number | undefined {
    return this.#items.get(id)?.order
  }

  /** False when nothing can come of it. */
  #take(input: QueueInput, now: number): boolean {
    switch (input.type) {
      case 'add':
        return this.#add(input.id, input.urgency, input.order, now)
      case 'limit':
        this.#limit = Math.max(1, input.active)
        return true
      case 'tick':
        return this.#items.size > 0
      case 'remove':
      case 'report':
      case 'urge':
      case 'move': {
        const item = this.#items.get(input.id)
        return item != null && this.#change(item, input, now)
      }
      default:
        return input satisfies never
    }
  }

  #add(id: string, urgency: Urgency, order: number | undefined, now: number): boolean {
    if (this.#items.has(id)) return false
    const at = order ?? this.#lastOrder + 1
    this.#lastOrder = Math.max(this.#lastOrder, at)
    const item: Item = {
      id,
      order: at,
      urgency: URGENCIES.indexOf(urgency),
      urgedAt: now,
      isOpen: false,
      isActive: false,
      canReceive: false,
      unableSince: 0,
      openedAt: 0,
      closedAt: -1,
      turnAt: 0,
      bytes: 0,
      bytesAtTurn: 0,
      wasTried: false,
      wasAble: false,
      wasHeard: false,
      vain: 0,
      restUntil: -Infinity
    }
    this.#items.set(id, item)
    if (urgency !== 'none') this.#urgent.add(item)
    return true
  }

  #change(item: Item, input: ItemInput, now: number): boolean {
    switch (input.type) {
      case 'remove':
        this.#open.delete(item)
        this.#urgent.delete(item)
        return this.#items.delete(item.id)
      case 'report':
        return item.isOpen && report(item, input, now)
      case 'urge':
        this.#urge(item, input.urgency, now)
        return true
      case 'move':
        this.#move(item, input.before)
        return true
      default:
        return input satisfies never
    }
  }

  /** Of those that are to go now, the last one asked for counts. */
  #urge(item: Item, urgency: Urgency, now: number): void {
    if (urgency === 'now') for (const it of this.#urgent) it.urgency = URGENCIES.indexOf('first')
    item.urgency = URGENCIES.indexOf(urgency)
    item.urgedAt = now
    if (urgency === 'none') this.#urgent.delete(item)
    else this.#urgent.add(item)
  }

  /** The numbers in the queue stay the same ones, as far as they differ: only those between the old place and the new one get others. */
  #move(item: Item, before: string | null): void {
    const inOrder = sorted(this.#items.values(), anyone, it => [it.order])
    const numbers = inOrder.map(it => it.order)
    const others = inOrder.filter(it => it !== item)
    const found = others.findIndex(it => it.id === before)
    others.splice(found < 0 ? others.length : found, 0, item)
    let last = 0
    for (const [i, it] of others.entries()) it.order = last = Math.max(numbers[i] ?? 0, last + 1)
    this.#lastOrder = Math.max(this.#lastOrder, last)
  }

  /** Thousands may wait: they are looked at when a place is free or one that is open may give its own, not whenever something happens. */
  #settleOpen(now: number): void {
    while (this.#open.size < this.#items.size) {
      const urgent = nextToOpen(this.#urgent, now)
      if (this.#open.size >= this.#maxOpen) {
        const leaver = this.#leaver(urgent == null ? 0 : urgencyAt(urgent, now), now)
        if (leaver == null) return
        leaver.isOpen = false
        leaver.closedAt = now
        this.#open.delete(leaver)
        this.#out.push({ type: 'close', id: leaver.id })
      }
      const isFirst = urgent != null && urgencyAt(urgent, now) > 0
      const item = isFirst ? urgent : nextToOpen(this.#items.values(), now)
      if (item == null) return
      item.isOpen = true
      item.canReceive = false
      item.wasTried = false
      item.openedAt = now
      this.#open.add(item)
      this.#out.push({ type: 'open', id: item.id })
    }
  }

  /** Who is closed for one of this urgency: what nobody could send for long and is no more urgent; at once only what is less urgent, the last of the queue. */
  #leaver(urgency: number, now: number): Item | undefined {
    const idle = sorted(
      this.#open,
      it =>
        isIdle(it) && urgencyAt(it, now) <= urgency && (urgencyAt(it, now) < urgency || now - it.openedAt >= OPEN_MS),
      it => [urgencyAt(it, now), it.openedAt]
    )[0]
    if (idle != null || urgency === 0) return idle
    return sorted(
      this.#open,
      it => !it.isActive && urgencyAt(it, now) < urgency,
      it => [urgencyAt(it, now), -it.order]
    )[0]
  }

  #settleTurns(now: number): void {
    const weakest = (): Item | undefined =>
      sorted(
        this.#open,
        it => it.isActive,
        it => [it.canReceive ? 1 : 0, it.urgency, -it.turnAt, -it.order]
      )[0]
    for (let it = weakest(); it != null && this.active > this.#limit; it = weakest()) this.#hold(it, now)
    const waiting = sorted(
      this.#open,
      it => it.isOpen && !it.isActive,
      it => this.#key(it, now)
    )
    for (const item of waiting) {
      const rank = rankOf(item, now)
      if (this.active >= this.#limit) {
        const giver = rank === UNABLE ? undefined : this.#giver(item, rank, now)
        if (giver == null) return
        this.#hold(giver, now)
      }
      this.#go(item, now)
    }
  }

  /** Who gives his turn to this one: the one that could not use it for longest, else one that is less urgent. */
  #giver(to: Item, rank: number, now: number): Item | undefined {
    const unable = sorted(
      this.#open,
      it => it.isActive && !it.canReceive && now - it.unableSince >= GRACE_MS,
      it => [it.unableSince]
    )[0]
    if (unable != null || to.urgency === 0 || rank > NEW) return unable
    const isBelow = (it: Item) => it.urgency < to.urgency
    return sorted(
      this.#open,
      it => it.isActive && isBelow(it),
      it => [it.urgency, -it.turnAt, -it.order]
    )[0]
  }

  #key(item: Item, now: number): number[] {
    const rank = rankOf(item, now)
    const urgency = -item.urgency
    return rank <= NEW ? [0, urgency, rank, item.order] : [rank, urgency, item.order, 0]
  }

  #go(item: Item, now: number): void {
    item.isActive = true
    item.turnAt = now
    item.bytesAtTurn = item.bytes
    item.wasAble = item.canReceive
    if (!item.canReceive) item.unableSince = now
    this.#out.push({ type: 'go', id: item.id })
  }

  #hold(item: Item, now: number): void {
    item.isActive = false
    const wasVain = item.wasAble && !item.canReceive && item.bytes <= item.bytesAtTurn
    item.wasTried = true
    item.wasHeard = false
    item.vain = wasVain ? item.vain + 1 : 0
    item.restUntil = wasVain ? now + Math.min(MAX_REST_MS, REST_MS * 2 ** (item.vain - 1)) : -Infinity
    this.#out.push({ type: 'hold', id: item.id })
  }
}

const anyone = (): boolean => true

/** Somebody could send it, or it was not tried yet, or it cannot be heard who could. */
const waits = (it: Item): boolean => !it.isActive && (!it.isOpen || it.canReceive || !it.wasTried)

/** It was tried, and nobody could send. */
const isIdle = (it: Item): boolean => !it.isActive && !it.canReceive && it.wasTried

/** What its urgency counts for who is open: an index of URGENCIES. */
const urgencyAt = (it: Item, now: number): number => (now - it.urgedAt < URGED_MS ? it.urgency : 0)

/** Of those that are closed: the most urgent, else whoever is closed for longest. */
function nextToOpen(from: Iterable<Item>, now: number): Item | undefined {
  let next: Item | undefined
  for (const it of from) {
    if (it.isOpen) continue
    const by =
      next == null
        ? -1
        : urgencyAt(next, now) - urgencyAt(it, now) || it.closedAt - next.closedAt || it.order - next.order
    if (by < 0) next = it
  }
  return next
}

function sorted(from: Iterable<Item>, holds: (item: Item) => boolean, key: (item: Item) => readonly number[]): Item[] {
  return [...from]
    .filter(holds)
    .map(item => ({ item, key: key(item) }))
    .sort((a, b) => compare(a.key, b.key))
    .map(({ item }) => item)
}

/** Whether something may change by it. */
function report(item: Item, { canReceive, bytes }: { canReceive: boolean; bytes: number }, now: number): boolean {
  item.bytes = Math.max(item.bytes, bytes)
  item.wasAble ||= canReceive
  const isNew = canReceive !== item.canReceive
  if (isNew && canReceive && !item.isActive && item.wasHeard) item.restUntil = -Infinity // somebody else came
  item.wasHeard = true
  item.canReceive = canReceive
  if (isNew && !canReceive) item.unableSince = now
  return isNew
}

function rankOf(item: Item, now: number): number {
  if (!item.canReceive) return item.wasTried ? UNABLE : NEW
  return now < item.restUntil ? RESTING : ABLE
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) {
    const by = (a[i] ?? 0) - (b[i] ?? 0)
    if (by !== 0) return by
  }
  return 0
}
