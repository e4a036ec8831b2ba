// Looks for peers that have a root, for as long as one transfer needs them: the addresses it was given, then the DHT again and again,
// more often while nobody can send.
import type { CID } from 'multiformats/cid'
import { type Clock, systemClock } from '../../core/clock.ts'
import type { SwarmPort } from './swarm-port.ts'

const FIRST_PAUSE_MS = 1_000
const MAX_STARVED_PAUSE_MS = 30_000
const FED_PAUSE_MS = 5 * 60_000

export class ProviderSearch implements Disposable {
  readonly #swarm: SwarmPort
  readonly #root: CID
  readonly #addrs: readonly string[]
  readonly #clock: Clock
  readonly #stop = new AbortController()
  #pauseMs = FIRST_PAUSE_MS
  #isStarved = true
  #isLooking = false
  #cancelTimer: () => void = () => {}

  /** Starts at once. */
  constructor(swarm: SwarmPort, root: CID, addrs: readonly string[], clock: Clock = systemClock) {
    this.#swarm = swarm
    this.#root = root
    this.#addrs = addrs
    this.#clock = clock
    void this.#look(true)
  }

  /** Whether somebody can send what is missing. */
  setStarved(isStarved: boolean): void {
    if (isStarved === this.#isStarved) return
    this.#isStarved = isStarved
    if (!isStarved) return
    this.#pauseMs = FIRST_PAUSE_MS
    if (!this.#isLooking) this.#again(FIRST_PAUSE_MS)
  }

  [Symbol.dispose](): void {
    this.#cancelTimer()
    this.#stop.abort(new DOMException('The transfer needs no more peers', 'AbortError'))
  }

  /** Never rejects: neither of the two looks does. */
  async #look(isFirst: boolean): Promise<void> {
    const { signal } = this.#stop
    if (signal.aborted) return
    this.#isLooking = true
    const looked = this.#swarm.findProviders(this.#root, isFirst, signal)
    await Promise.all([this.#swarm.dialHints(this.#addrs, signal), looked])
    this.#isLooking = false
    if (signal.aborted) return
    this.#again(this.#isStarved ? this.#pauseMs : FED_PAUSE_MS)
    this.#pauseMs = Math.min(this.#pauseMs * 2, MAX_STARVED_PAUSE_MS)
  }

  #again(ms: number): void {
    this.#cancelTimer()
    this.#cancelTimer = this.#clock.after(ms, () => void this.#look(false))
  }
}
