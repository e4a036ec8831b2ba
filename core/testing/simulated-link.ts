// For tests: a scheduler against peers with a rate and a latency, in simulated time. Every leaf is right, the disk is fast.

import { fakePlan, sampleScheduler } from './fake-plan.ts'
import type { Run } from '../exchange/codes.ts'
import type { Effect, Input } from '../fetch/inputs-and-effects.ts'
import { createRandom } from '../fetch/random.ts'
import type { Scheduler } from '../fetch/scheduler.ts'

const FRAME_BYTES = 65_536
const STEP_MS = 5

export interface Line {
  readonly ratePerSecond: number
  readonly rttMs?: number
  readonly isEmpty?: boolean
}

interface Sending {
  readonly ordinal: number
  readonly startAt: number // the request is there
  left: number
}

export class SampleLine {
  readonly scheduler: Scheduler
  readonly sizes: readonly number[]
  readonly requests: { peer: string; runs: Run[]; at: number }[] = []
  readonly other: Effect[] = []
  /** Payload that came in vain. */
  wastedBytes = 0
  writtenBytes = 0
  now = 0
  readonly #queues = new Map<string, Sending[]>()
  readonly #lines = new Map<string, Line>()
  readonly #credit = new Map<string, number>()

  constructor(sizes: readonly number[], seed = 1) {
    this.sizes = sizes
    const plan = fakePlan(
      sizes.map((_, i) => `${i}`),
      sizes
    )
    this.scheduler = sampleScheduler({
      plan,
      have: { has: () => false },
      wanted: { has: () => true },
      random: createRandom(seed)
    })
  }

  join(peer: string, line: Line): void {
    this.#lines.set(peer, line)
    this.#queues.set(peer, [])
    this.feed({ type: 'peer-opened', peer, rttMs: line.rttMs ?? 1 })
    this.feed({ type: 'have-received', peer, change: { kind: line.isEmpty === true ? 'none' : 'full' } })
  }

  feed(input: Input): void {
    for (const effect of this.scheduler.apply(input, this.now)) {
      if (effect.type === 'request') this.#request(effect.peer, effect.runs)
      else if (effect.type === 'cancel') this.#cancel(effect.peer, effect.runs)
      else if (effect.type !== 'accept') this.other.push(effect)
    }
  }

  /** Until nothing is missing, or so many ms have passed. */
  run(ms = Infinity): void {
    for (const end = this.now + ms; this.now < end && !this.scheduler.isDone;) {
      this.now += STEP_MS
      for (const [peer, line] of this.#lines) this.#send(peer, line)
      if (this.now % 250 === 0) this.feed({ type: 'time-passed' })
    }
  }

  #request(peer: string, runs: Run[]): void {
    this.requests.push({ peer, runs, at: this.now })
    for (const run of runs) {
      for (let i = run.start; i < run.start + run.count; i++) {
        const startAt = this.now + (this.#lines.get(peer)?.rttMs ?? 1)
        this.#queues.get(peer)!.push({ ordinal: i, left: this.sizes[i]!, startAt })
      }
    }
  }

  #cancel(peer: string, runs: Run[]): void {
    const kept: Sending[] = []
    for (const it of this.#queues.get(peer)!) {
      if (!runs.some(run => it.ordinal >= run.start && it.ordinal < run.start + run.count)) kept.push(it)
      else this.wastedBytes += this.sizes[it.ordinal]! - it.left
    }
    this.#queues.set(peer, kept)
  }

  #send(peer: string, line: Line): void {
    const burst = Math.max(FRAME_BYTES, (line.ratePerSecond * STEP_MS) / 1000)
    let credit = Math.min(2 * burst, (this.#credit.get(peer) ?? 0) + (line.ratePerSecond * STEP_MS) / 1000)
    for (let it = this.#queues.get(peer)![0]; it != null && it.startAt <= this.now; it = this.#queues.get(peer)![0]) {
      const bytes = Math.min(it.left, FRAME_BYTES)
      if (credit < bytes) break
      credit -= bytes
      it.left -= bytes
      if (it.left > 0) this.feed({ type: 'bytes-received', peer, ordinal: it.ordinal, bytes })
      else this.#deliver(peer, it.ordinal)
    }
    this.#credit.set(peer, this.#queues.get(peer)!.length === 0 ? 0 : credit)
  }

  #deliver(peer: string, ordinal: number): void {
    this.#queues.get(peer)!.shift()
    this.feed({ type: 'leaf-received', peer, ordinal })
    this.feed({ type: 'leaf-written', ordinal })
    this.feed({ type: 'room-changed', bytes: 48 * 1_048_576 })
    this.writtenBytes += this.sizes[ordinal]!
  }
}
