// A peer of a simulated run that means no good: it is found as others are, greets and is greeted over the real wire, and acts by its own dice. It has no disk
// and runs nothing of the program but its codec.
import { Databases } from '../../../core/simulation/databases.ts'
import { Dice } from '../../../core/simulation/dice.ts'
import { Disk } from '../../../core/simulation/disk.ts'
import type { Side } from '../../../core/simulation/connection.ts'
import type { Internet, Listening, Peer } from '../../../core/simulation/internet.ts'
import { Machine } from '../../../core/simulation/machine.ts'
import { openWire } from '../../../core/simulation/open-wire.ts'
import type { Timeline } from '../../../core/simulation/timeline.ts'
import type { Wire } from '../../../core/simulation/wire.ts'
import type { Content } from '../content.ts'
import { Asking } from './asking.ts'
import type { HostilePlan } from './plan.ts'
import { Mind, Serving } from './serving.ts'

/** It acts often at first, and less and less: hours of it would show nothing new. */
const FIRST_ACT_MS = 50
const LAST_ACT_MS = 60_000
const SLOWER = 1.15
const ROUND_TRIPS_TO_IDENTIFY = 2

export interface HostileParts {
  readonly name: string
  readonly peer: Peer
  readonly plan: HostilePlan
  readonly contents: readonly Content[]
  readonly timeline: Timeline
  /** Whom it may dial. */
  readonly others: () => readonly string[]
}

export class HostilePeer {
  readonly name: string
  readonly peer: Peer
  readonly #machine: Machine
  readonly #internet: Internet
  readonly #dice: Dice
  readonly #mind: Mind
  readonly #listening: Listening
  readonly #others: () => readonly string[]
  readonly #sides = new Map<Side, string>()
  readonly #servings = new Set<Serving>()
  readonly #askings = new Set<Asking>()
  #actMs = FIRST_ACT_MS

  constructor({ name, peer, plan, contents, timeline, others }: HostileParts) {
    this.name = name
    this.peer = peer
    this.#internet = peer.internet
    this.#others = others
    this.#dice = new Dice(plan.seed)
    const claimed = plan.contents.flatMap(at => contents[at] ?? [])
    this.#mind = new Mind(plan.manner, this.#dice.fork(), claimed.length > 0 ? claimed : contents.slice(0, 1))
    const disk = new Disk({ capacityBytes: 0, clockNs: () => 0n })
    const parts = { name, timeline, dice: this.#dice, disk, databases: new Databases(), peer, onLog: () => {} }
    this.#machine = new Machine({ ...parts, platform: 'linux' })
    this.#listening = {
      machine: this.#machine,
      peer,
      accepts: () => true,
      onConnection: (side, from) => this.#onConnection(side, from.peerId)
    }
    this.#machine.after(plan.at, 'hostile.comes', () => this.#come())
  }

  discard(): void {
    this.#machine.off()
  }

  #come(): void {
    this.#internet.listen(this.#listening)
    this.#provide()
    this.#act()
  }

  #provide(): void {
    for (const { root } of this.#mind.contents) this.#internet.provide(root, this.peer.peerId)
  }

  #act(): void {
    this.#dial()
    for (const serving of this.#servings) serving.act()
    for (const asking of this.#askings) asking.act()
    if (this.#mind.manner === 'toggling') this.#toggle()
    this.#actMs = Math.min(LAST_ACT_MS, this.#actMs * SLOWER)
    this.#machine.after(this.#actMs * this.#dice.scale(0.5, 2), 'hostile.acts', () => this.#act())
  }

  /** Connections come and go, and what it says to provide. */
  #toggle(): void {
    if (this.#dice.chance(0.1)) for (const side of this.#sides.keys()) side.close(new Error('Gone'))
    const what = this.#dice.int(0, 9)
    if (what < 2) this.#provide()
    if (what === 2) for (const { root } of this.#mind.contents) this.#internet.unprovide(root, this.peer.peerId)
    if (this.#dice.chance(0.1)) for (const { talk } of [...this.#servings, ...this.#askings]) talk.hangUp()
  }

  #dial(): void {
    const connected = new Set(this.#sides.values())
    for (const other of this.#others())
      if (!connected.has(other) && this.#dice.chance(0.3))
        void this.#internet.dial(this.#listening, other).catch(() => {})
  }

  #onConnection(side: Side, peerId: string): void {
    this.#sides.set(side, peerId)
    side.onClosed = () => this.#sides.delete(side)
    side.onStream = (protocol, wire) =>
      protocol === 'control' ? this.#serve(wire as Wire) : this.#takeData(wire as Wire)
    side.watch()
    this.#machine.after(2 * ROUND_TRIPS_TO_IDENTIFY * side.path.delayMs, 'hostile.asks', () => void this.#ask(side))
  }

  /** Never rejects: a connection may end. */
  async #ask(side: Side): Promise<void> {
    if (!side.isOpen) return
    try {
      const asking = new Asking(await openWire(side, 'control'), side, this.#mind)
      this.#askings.add(asking)
      this.#machine.after(this.#dice.scale(1_000, 60_000), 'hostile.asks', () => {
        if (asking.talk.isOver) this.#askings.delete(asking)
        if (asking.talk.isOver || this.#dice.chance(0.1)) void this.#ask(side)
      })
    } catch {
      // what it wanted is over
    }
  }

  #serve(wire: Wire): void {
    for (const serving of this.#servings) if (serving.talk.isOver) this.#servings.delete(serving)
    this.#servings.add(new Serving(wire, this.#mind))
  }

  /** Finds the session that the first bytes of a data stream name. */
  #takeData(wire: Wire): void {
    wire.onEnd(() => {})
    wire.onBytes(bytes => {
      const nonce = Buffer.from(bytes.subarray(0, 16))
      for (const serving of this.#servings) if (nonce.equals(serving.nonce)) serving.addData(wire)
    })
  }
}
