// The downloads in line while the application runs: tells the queue what happens and how time passes, has its effects performed one after the other,
// and knows who waits at which place. What may receive is decided in download-queue.ts.
import type { Clock } from '../../core/clock.ts'
import { DownloadQueue, type QueueEffect, type QueueInput } from './download-queue.ts'

const TICK_MS = 1_000

export interface QueueRunnerPorts {
  readonly clock: Clock
  readonly perform: (effect: QueueEffect) => void
  /** Its place is another one, or it waits no more. */
  readonly moved: (id: string) => void
}

export class QueueRunner implements Disposable {
  readonly #queue: DownloadQueue
  readonly #ports: QueueRunnerPorts
  readonly #inputs: QueueInput[] = []
  #cancelTick: () => void = () => {}
  #isFeeding = false
  #isOver = false
  #places = new Map<string, number>()

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

  /** Those with a lower number come before it; undefined when it is not in line. */
  order(id: string): number | undefined {
    return this.#queue.order(id)
  }

  /** 1 for the next one; undefined for one that does not wait for its turn. */
  place(id: string): number | undefined {
    return this.#places.get(id)
  }

  /** What comes of an input may be an input itself: it is taken after all effects of the first. */
  feed(input: QueueInput): void {
    if (this.#isOver) return
    this.#inputs.push(input)
    if (this.#isFeeding) return
    this.#isFeeding = true
    const before = this.#queue.version
    try {
      for (let next = this.#inputs.shift(); next != null; next = this.#inputs.shift()) {
        for (const effect of this.#queue.apply(next, this.#ports.clock.now())) this.#ports.perform(effect)
      }
    } finally {
      this.#isFeeding = false
    }
    if (this.#queue.version !== before) this.#place()
  }

  /** From now on nobody is in line. */
  [Symbol.dispose](): void {
    this.#isOver = true
    this.#cancelTick()
  }

  #tick(): void {
    this.#cancelTick = this.#ports.clock.after(TICK_MS, () => {
      this.feed({ type: 'tick' })
      this.#tick()
    })
  }

  #place(): void {
    const before = this.#places
    this.#places = new Map(this.#queue.waiting().map((id, i) => [id, i + 1]))
    for (const id of new Set([...before.keys(), ...this.#places.keys()]))
      if (before.get(id) !== this.#places.get(id)) this.#ports.moved(id)
  }
}
