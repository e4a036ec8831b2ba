// One line about the network's health: asked for twice a second while somebody listens, published when it says something else.
import type { NodeStatus } from '../contract/shapes.ts'
import { type Clock, systemClock } from '../../core/clock.ts'
import { ValueFeed } from './snapshot-feed.ts'

const INTERVAL_MS = 500

export class StatusFeed {
  readonly #read: () => NodeStatus
  readonly #clock: Clock

  constructor(read: () => NodeStatus, clock: Clock = systemClock) {
    this.#read = read
    this.#clock = clock
  }

  async *read(signal: AbortSignal): AsyncGenerator<NodeStatus> {
    const feed = new ValueFeed(this.#read())
    let cancel = (): void => {}
    const look = (): void => {
      const now = this.#read()
      if (JSON.stringify(now) !== JSON.stringify(feed.value)) feed.set(now)
      cancel = this.#clock.after(INTERVAL_MS, look)
    }
    look()
    try {
      yield* feed.read(signal)
    } finally {
      cancel()
    }
  }
}
