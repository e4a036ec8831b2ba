// A connection between two simulated machines, over a path that has a rate, a delay, and days on which it drops everything or says nothing.
import type { Duplex, ExchangeProtocol } from '../exchange/duplex.ts'
import type { Machine } from './machine.ts'

/** What is between two peers, both ways alike. */
export interface Path {
  readonly delayMs: number
  /** What it carries on a good day. */
  readonly bytesPerSecond: number
  /** True: it carries next to nothing. */
  isSlow: boolean
  /** False: connections are reset and none can be made. */
  isUp: boolean
  /** True: nothing arrives, and nobody is told: half-open. */
  isSilent: boolean
  isLan: boolean
}

/** As core/network/liveness.ts has it: a look every so often, and the end when nothing came for so long. */
const LOOK_MS = 15_000
const DEAD_AFTER_MS = 30_000
const SLOW_BYTES_PER_SECOND = 20_000

/** Bulk links are streams of the same connection here: they die with it, as when a machine or a network goes. */
export type SimulatedProtocol = ExchangeProtocol | 'bulk'

export class Side {
  readonly machine: Machine
  readonly wires = new Set<{ end(error: Error): void }>()
  readonly path: Path
  far: Side = this // until joined
  isOpen = true
  /** Bytes arrived, or an answer to a ping. */
  heardAt: number
  /** Told once, when it is over at this side. */
  onClosed: () => void = () => {}
  /** Told of every stream that the far side opens. */
  onStream: (protocol: SimulatedProtocol, duplex: Duplex) => void = () => {}
  readonly #forget: (side: Side) => void
  #busyUntil = 0
  #arrivesAt = 0
  #unsent: (() => void)[] = [] // since nothing gets through
  readonly #underWay: (() => void)[] = [] // in order, each with an event for one of them
  #late = 0 // events that came while nothing got through

  constructor(machine: Machine, path: Path, forget: (side: Side) => void) {
    this.machine = machine
    this.path = path
    this.#forget = forget
    this.heardAt = machine.timeline.now
  }

  get bytesPerSecond(): number {
    return this.path.isSlow ? SLOW_BYTES_PER_SECOND : this.path.bytesPerSecond
  }

  /** Sends something of so many bytes: told when it has left, and at the far machine when it is there. */
  transmit(bytes: number, sent: () => void, arrived: () => void): void {
    if (!this.isOpen) return
    if (this.path.isSilent || this.#unsent.length > 0)
      return void this.#unsent.push(() => this.transmit(bytes, sent, arrived))
    const { timeline } = this.machine
    this.#busyUntil = Math.max(timeline.now, this.#busyUntil) + (1000 * bytes) / this.bytesPerSecond
    this.#arrivesAt = Math.max(this.#arrivesAt, this.#busyUntil + this.path.delayMs)
    this.machine.after(this.#busyUntil - timeline.now, 'net.sent', () => {
      if (this.isOpen) sent()
    })
    this.#underWay.push(arrived)
    this.#arriveIn(this.#arrivesAt - timeline.now)
  }

  /** What did not get through is sent again. */
  heal(): void {
    for (; this.#late > 0; this.#late--) this.#arriveIn(this.path.delayMs)
    for (const act of this.#unsent.splice(0)) act()
  }

  /** It ends here; the other side hears, unless nothing gets through. */
  close(error: Error): void {
    if (!this.isOpen) return
    if (!this.path.isSilent) {
      const { far } = this
      far.machine.after(this.path.delayMs, 'net.reset', () => far.end(new Error('The connection was closed')))
    }
    this.end(error)
  }

  end(error: Error): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.#unsent = []
    for (const wire of this.wires) wire.end(error)
    this.#forget(this)
    this.onClosed()
  }

  /** Ends it when the far side gives no sign of life any more. */
  watch(): void {
    this.machine.after(LOOK_MS, 'net.look', () => {
      if (!this.isOpen) return
      const { now } = this.machine.timeline
      if (!this.path.isSilent && this.far.isOpen && this.far.machine.isOn) this.heardAt = now
      if (now - this.heardAt >= DEAD_AFTER_MS) this.end(new Error('The peer gave no sign of life'))
      else this.watch()
    })
  }

  /** The first that is under way arrives then: whatever was held up, they keep their order. */
  #arriveIn(ms: number): void {
    const { far } = this
    far.machine.after(ms, 'net.arrived', () => {
      if (!far.isOpen) return
      if (this.path.isSilent) return void this.#late++
      far.heardAt = far.machine.timeline.now
      this.#underWay.shift()?.()
    })
  }
}
