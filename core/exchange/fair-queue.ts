// Whose unit is read next: deficit round-robin between peers (Shreedhar and Varghese 1995), within one room of read-ahead.
// Every byte sent was read first, so fair reading is fair sending, and the room bounds memory.
import type { Clock } from '../clock.ts'
import { STALL_MS } from './limits.ts'

/** A peer that may want something read. */
export interface QueueMember {
  /** Bytes of the unit it would have next; undefined: none now. */
  wants(): number | undefined
  /** Has that unit, and its bytes of the room until `release`. */
  take(): void
  /**
   * When it has waited for its stream for STALL_MS: gives back what it holds, to be read again later. `all`: also what it
   * is in the middle of sending. Says how many bytes.
   */
  giveBack(all: boolean): number
}

export class FairQueue {
  readonly #clock: Clock
  readonly #quantum: number
  readonly #room: number
  /** Everybody served, in the order they may be asked to give back. */
  readonly #all = new Set<QueueMember>()
  /** Those that may want something, in order of their turns. */
  readonly #ring: QueueMember[] = []
  readonly #deficit = new Map<QueueMember, number>()
  #used = 0
  /** Whether the head of the ring had its quantum on this visit. */
  #visited = false
  #running = false
  /** Whether a timer will look for room again. */
  #looksAgain = false

  constructor(clock: Clock, quantum: number, room: number) {
    this.#clock = clock
    this.#quantum = quantum
    this.#room = room
  }

  /** Bytes of the room in use. */
  get used(): number {
    return this.#used
  }

  add(turn: QueueMember): void {
    this.#all.add(turn)
  }

  /** `held`: bytes of the room it had. */
  remove(turn: QueueMember, held: number): void {
    this.#all.delete(turn)
    this.#deficit.delete(turn)
    const at = this.#ring.indexOf(turn)
    if (at === 0) this.#visited = false
    if (at >= 0) this.#ring.splice(at, 1)
    this.release(held)
  }

  /** It may want something. */
  wake(turn: QueueMember): void {
    if (!this.#all.has(turn)) return
    if (!this.#deficit.has(turn)) {
      this.#deficit.set(turn, 0)
      this.#ring.push(turn)
    }
    this.#run()
  }

  /** Bytes of the room are free again. */
  release(bytes: number): void {
    this.#used -= bytes
    this.#run()
  }

  #run(): void {
    if (this.#running) return // a turn that takes may wake or release; the loop below sees that
    this.#running = true
    try {
      for (let head = this.#ring[0]; head != null; head = this.#ring[0]) if (!this.#visit(head)) break
    } finally {
      this.#running = false
    }
  }

  /** False when there is no room for what the head wants. */
  #visit(head: QueueMember): boolean {
    const cost = head.wants()
    if (cost == null) {
      this.#leave(head)
      return true
    }
    if (!this.#visited) {
      this.#visited = true
      this.#deficit.set(head, (this.#deficit.get(head) ?? 0) + this.#quantum)
    }
    const deficit = this.#deficit.get(head) ?? 0
    if (deficit < cost) {
      this.#ring.push(this.#ring.shift() ?? head)
      this.#visited = false
      return true
    }
    if (!this.#makeRoom(cost, head)) return false
    this.#deficit.set(head, deficit - cost)
    this.#used += cost
    head.take()
    return true
  }

  /** One that wants nothing keeps no credit: it cannot save up for a burst. */
  #leave(head: QueueMember): void {
    this.#ring.shift()
    this.#deficit.delete(head)
    this.#visited = false
  }

  /** A unit bigger than the room is taken when nothing else is held. */
  #makeRoom(cost: number, head: QueueMember): boolean {
    const enough = () => this.#used + cost <= this.#room || this.#used === 0
    if (enough()) return true
    if (this.#collect(head, false, enough) || this.#collect(head, true, enough)) return true
    if (!this.#looksAgain) this.#clock.after(STALL_MS, () => this.#lookAgain())
    this.#looksAgain = true
    return false
  }

  /** Has stalled peers give back until it is enough. */
  #collect(head: QueueMember, all: boolean, enough: () => boolean): boolean {
    for (const turn of [...this.#all].filter(it => it !== head)) {
      const given = turn.giveBack(all)
      if (given === 0) continue
      this.#used -= given
      this.#all.delete(turn) // to the back of the queue: the next one asked is another
      this.#all.add(turn)
      if (enough()) return true
    }
    return false
  }

  #lookAgain(): void {
    this.#looksAgain = false
    this.#run()
  }
}
