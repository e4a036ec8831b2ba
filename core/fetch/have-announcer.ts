// Tells the peers of a transfer what this side holds of it: everything once, then what changed, at most four times a second.

import type { Clock } from '../clock.ts'
import { ChangedBytes, changedHave, wholeHave } from '../exchange/have-bits.ts'
import { HAVE_INTERVAL_MS } from '../exchange/limits.ts'
import { HaveKind } from '../exchange/codes.ts'
import type { HaveMessage } from '../exchange/messages.ts'
import type { ReadonlyBitset, ServableChange } from '../exchange/servable.ts'

/** Whom to tell. */
export interface Listeners {
  forEach(tell: (peer: { sendHave(have: HaveMessage): void }) => void): void
}

export class HaveAnnouncer implements Disposable {
  readonly #have: ReadonlyBitset
  readonly #peers: Listeners
  readonly #clock: Clock
  readonly #set = new ChangedBytes()
  readonly #unset = new ChangedBytes()
  readonly #unwatch: () => void
  #cancelTimer: (() => void) | undefined

  constructor(
    held: { have: ReadonlyBitset; watch(listener: (change: ServableChange) => void): () => void },
    peers: Listeners,
    clock: Clock
  ) {
    this.#have = held.have
    this.#peers = peers
    this.#clock = clock
    this.#unwatch = held.watch(({ set, unset }) => {
      if (set != null) this.#set.add(set[0], set[1])
      if (unset != null) this.#unset.add(unset[0], unset[1])
      this.#cancelTimer ??= this.#clock.after(HAVE_INTERVAL_MS, () => this.#tell())
    })
  }

  /** For somebody who knows nothing yet. */
  greet(peer: { sendHave(have: HaveMessage): void }): void {
    for (const message of wholeHave(this.#have)) peer.sendHave(message)
  }

  /** What waits to be told is told: the last of it is often that this side holds everything. */
  [Symbol.dispose](): void {
    this.#unwatch()
    if (this.#cancelTimer == null) return
    this.#cancelTimer()
    this.#tell()
  }

  #tell(): void {
    this.#cancelTimer = undefined
    const messages = this.#have.isFull ? wholeHave(this.#have) : [...this.#changes()]
    this.#set.clear()
    this.#unset.clear()
    this.#peers.forEach(peer => {
      for (const message of messages) peer.sendHave(message)
    })
  }

  *#changes(): Generator<HaveMessage> {
    for (let at = this.#set.take(); at != null; at = this.#set.take()) {
      yield changedHave(this.#have, HaveKind.SET, at[0], at[1])
    }
    for (let at = this.#unset.take(); at != null; at = this.#unset.take()) {
      yield changedHave(this.#have, HaveKind.UNSET, at[0], at[1])
    }
  }
}
