// Feeds: the newest state, at most ten times a second, to any number of readers at their own pace. Counters may change 10,000 times a second; a reader
// that is slow gets fewer and newer values, never a queue. The first change after a pause goes out at once, the last one of a burst always goes out.
import type { ListUpdate } from '../contract/shapes.ts'
import { type Clock, systemClock } from '../../core/clock.ts'

const INTERVAL_MS = 100

/** Who waits for the next change; each reader remembers the version it saw. */
class Changes {
  version = 0
  #wake = Promise.withResolvers<void>()

  touch(): void {
    this.version++
    this.#wake.resolve()
    this.#wake = Promise.withResolvers<void>()
  }

  /** Settles at the next touch, or when `signal` is aborted. */
  async next(signal: AbortSignal): Promise<void> {
    await orAborted(this.#wake.promise, signal)
  }
}

async function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const aborted = Promise.withResolvers<void>()
  const leave = (): void => aborted.resolve()
  signal.addEventListener('abort', leave, { once: true })
  try {
    await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

async function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return
  const over = Promise.withResolvers<void>()
  const cancel = clock.after(ms, over.resolve)
  await orAborted(over.promise, signal)
  cancel()
}

/** One value, published whole. */
export class ValueFeed<T> {
  #value: T
  readonly #changes = new Changes()
  readonly #clock: Clock

  constructor(value: T, clock: Clock = systemClock) {
    this.#value = value
    this.#clock = clock
  }

  get value(): T {
    return this.#value
  }

  set(value: T): void {
    this.#value = value
    this.#changes.touch()
  }

  /** The value now, then the newest after each change, until `signal` is aborted. */
  async *read(signal: AbortSignal): AsyncGenerator<T> {
    let seen = -1
    while (!signal.aborted) {
      if (seen === this.#changes.version) {
        await this.#changes.next(signal)
        continue
      }
      seen = this.#changes.version
      const sentAt = this.#clock.now()
      yield this.#value
      await pause(sentAt + INTERVAL_MS - this.#clock.now(), this.#clock, signal)
    }
  }
}

/** Rows by key: each reader gets the whole first, then the rows that changed since it was last served. */
export class ListFeed<Row> {
  readonly #rows = new Map<string, Row>()
  readonly #readers = new Set<Set<string>>() // the keys each has not been told of yet
  readonly #changes = new Changes()
  readonly #clock: Clock

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key)
  }

  rows(): Row[] {
    return [...this.#rows.values()]
  }

  set(key: string, row: Row): void {
    this.#rows.set(key, row)
    this.#touch(key)
  }

  delete(key: string): void {
    if (this.#rows.delete(key)) this.#touch(key)
  }

  #touch(key: string): void {
    for (const dirty of this.#readers) dirty.add(key)
    this.#changes.touch()
  }

  async *read(signal: AbortSignal): AsyncGenerator<ListUpdate<Row>> {
    const dirty = new Set<string>()
    this.#readers.add(dirty)
    try {
      for (let seq = 0; !signal.aborted; seq++) {
        const sentAt = this.#clock.now()
        yield seq === 0 ? { seq, whole: true, rows: this.rows(), removed: [] } : this.#take(seq, dirty)
        await pause(sentAt + INTERVAL_MS - this.#clock.now(), this.#clock, signal)
        while (dirty.size === 0 && !signal.aborted) await this.#changes.next(signal)
      }
    } finally {
      this.#readers.delete(dirty)
    }
  }

  #take(seq: number, dirty: Set<string>): ListUpdate<Row> {
    const rows: Row[] = []
    const removed: string[] = []
    for (const key of dirty) {
      const row = this.#rows.get(key)
      if (row == null) removed.push(key)
      else rows.push(row)
    }
    dirty.clear()
    return { seq, whole: false, rows, removed }
  }
}

/** The life of one job: progress as above, then one outcome, which waits for no interval. Who comes late is told the outcome. */
export class JobFeed<Event> {
  #last: Event | undefined
  #outcome: { event: Event } | { failure: unknown } | undefined
  readonly #changes = new Changes()
  readonly #clock: Clock
  readonly #over = new AbortController()

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  get isOver(): boolean {
    return this.#outcome != null
  }

  /** Nothing once the job is over: a late progress is ordinary. */
  progress(event: Event): void {
    if (this.#outcome != null) return
    this.#last = event
    this.#changes.touch()
  }

  /** Ends the job; the first end counts. */
  end(event: Event): void {
    this.#end({ event })
  }

  /** Ends the job; every follower throws `failure`. */
  fail(failure: unknown): void {
    this.#end({ failure })
  }

  #end(outcome: { event: Event } | { failure: unknown }): void {
    if (this.#outcome != null) return
    this.#outcome = outcome
    this.#over.abort()
    this.#changes.touch()
  }

  /** Progress and then the outcome; ends with it, or with `signal`. */
  async *read(signal: AbortSignal): AsyncGenerator<Event> {
    const either = AbortSignal.any([signal, this.#over.signal])
    let seen = 0
    while (!signal.aborted) {
      if (this.#outcome != null) {
        if ('failure' in this.#outcome) throw this.#outcome.failure
        yield this.#outcome.event
        return
      }
      if (seen === this.#changes.version || this.#last == null) {
        await this.#changes.next(either)
        continue
      }
      seen = this.#changes.version
      const sentAt = this.#clock.now()
      yield this.#last
      await pause(sentAt + INTERVAL_MS - this.#clock.now(), this.#clock, either)
    }
  }
}
