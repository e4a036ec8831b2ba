// The queue of downloads while the application runs: tells it what happens and how time passes, has its effects performed one after the other,
// and knows who waits at which place. What may receive is decided in download-queue.ts.
import type { Clock } from '../../core/clock.ts'
import { DownloadQueue, type QueueEffect, type QueueInput } from './download-queue.ts'

const TICK_MS = 1_000
const PLACE_MS = 100 // nobody is told more often (snapshot-feed.ts)

export interface QueueRunnerPorts {
  readonly clock: Clock
  readonly perform: (effect: QueueEffect) => void
  /** Its place is another one, or it waits no more. */
  readonly moved: (id: string) => void
}

export class QueueRunner implements Disposable {
  readonly #queue: DownloadQueue
  readonly #ports: QueueRunnerPorts
  readonly #inputs: (readonly QueueInput[])[] = []
  #cancelTick: () => void = () => {}
  #isFeeding = false
  #isOver = false
  #places = new Map<string, number>()
  #placedVersion = 0
  #cancelPlacing: (() => void) | undefined

  /** @param limit how many may receive at once */
  constructor(limit: number, ports: QueueRunnerPorts) {
    this.#queue = new DownloadQueue(limit)
    this.#ports = ports
    this.#tick()
  }

  has(id: string): boolean {
    return !this.#isOver && this.#queue.has(id)
  }

  /** How many have a turn. */
  get active(): number {
    return this.#queue.active
  }

  /** Those with a lower number come before it; undefined when it is not in the queue. */
  order(id: string): number | undefined {
    return this.#queue.order(id)
  }

  /** 1 for the next one; undefined for one that does not wait for its turn. */
  place(id: string): number | undefined {
    if (!this.#queue.isWaiting(id)) return undefined
    const place = this.#places.get(id) ?? this.#places.size + 1 // it has just come: the last one, until all are counted again
    this.#places.set(id, place)
    return place
  }

  /** What comes of an input may be an input itself: it is taken after all effects of the first. */
  feed(input: QueueInput): void {
    this.feedAll([input])
  }

  /** As if one after the other, and nothing is decided before the last. */
  feedAll(inputs: readonly QueueInput[]): void {
    if (this.#isOver) return
    this.#inputs.push(inputs)
    if (this.#isFeeding) return
    this.#isFeeding = true
    try {
      for (let next = this.#inputs.shift(); next != null; next = this.#inputs.shift()) {
        for (const effect of this.#queue.applyAll(next, this.#ports.clock.now())) this.#ports.perform(effect)
      }
    } finally {
      this.#isFeeding = false
    }
    if (this.#cancelPlacing == null) this.#place()
  }

  /** From now on nobody is in the queue. */
  [Symbol.dispose](): void {
    this.#isOver = true
    this.#cancelTick()
    this.#cancelPlacing?.()
  }

  #tick(): void {
    this.#cancelTick = this.#ports.clock.after(TICK_MS, () => {
      this.feed({ type: 'tick' })
      this.#tick()
    })
  }

  /** The first change is told at once, the last of a burst always: thousands that come or go move all behind them each time. */
  #place(): void {
    this.#cancelPlacing = undefined
    if (this.#queue.version === this.#placedVersion) return
    this.#placedVersion = this.#queue.version
    this.#cancelPlacing = this.#ports.clock.after(PLACE_MS, () => this.#place())
    const before = this.#places
    this.#places = new Map(this.#queue.waiting().map((id, i) => [id, i + 1]))
    for (const id of new Set([...before.keys(), ...this.#places.keys()]))
      if (before.get(id) !== this.#places.get(id)) this.#ports.moved(id)
  }
}
