// The frames of one data stream on their way to whoever asked for them: held against what was asked when they begin, taken in when they are whole. Tiny
// leaves come by the thousand in one read of a connection, and a piece of skeleton is some thousand names: only so much is done in a turn of the loop, in
// the order in which it came. What waits was asked for, so there is no more of it than of that.
import { PIECES_PER_TURN, Turns } from '../turns.ts'
import type { FrameHeader, FrameSink } from './data-frames.ts'
import { ExpectedLeaves, type ExpectedRange } from './expected-frames.ts'

/** A request of a root `R`, and what of it has come. */
export interface Asked<R> {
  readonly root: R
  readonly what: ExpectedLeaves | ExpectedRange
}

export interface IntakePorts<R> {
  readonly closed: boolean
  /** Finds the request that a data frame answers; throws ExchangeError(PROTOCOL) when nobody asked. */
  askedFor(request: number): Asked<R>
  onRangeBytes(asked: Asked<R>, range: ExpectedRange, header: Readonly<FrameHeader>, payload: Uint8Array): void
  /** Every leaf of a request was sent or rejected. */
  leavesOver(req: number): void
  /** Runs it, and ends the session with what it throws. */
  guard(act: () => void): void
}

interface Arrived<R> {
  readonly asked: Asked<R>
  readonly header: FrameHeader
  readonly payload: Uint8Array | undefined
}

export class FrameIntake<R> implements FrameSink {
  readonly #ports: IntakePorts<R>
  readonly #turns = new Turns()
  readonly #frames: Arrived<R>[] = [] // whole, not begun to be taken in
  #steps: Generator<number, void> | undefined // of the frame before them
  #asked: Asked<R> | undefined // whose frame is arriving
  #isWaiting = false
  #idle: PromiseWithResolvers<void> | undefined

  constructor(ports: IntakePorts<R>) {
    this.#ports = ports
  }

  begin(header: Readonly<FrameHeader>): Uint8Array | undefined {
    this.#asked = this.#ports.askedFor(header.request)
    return this.#asked.what.begin(header)
  }

  end(header: Readonly<FrameHeader>, payload: Uint8Array | undefined): void {
    if (this.#asked == null) return
    this.#frames.push({ asked: this.#asked, header: { ...header }, payload })
    if (!this.#isWaiting) this.#takeIn()
  }

  /** Undefined: all that came is taken in. Else resolves when it is, or nobody wants it any more. */
  idle(): Promise<void> | undefined {
    if (!this.#isWaiting) return undefined
    this.#idle ??= Promise.withResolvers()
    return this.#idle.promise
  }

  #takeIn(): void {
    while (!this.#ports.closed) {
      const frame = this.#steps == null ? this.#frames.shift() : undefined
      if (frame != null) this.#steps = this.#stepsOf(frame)
      const step = this.#steps?.next()
      if (step == null) break
      if (step.done === true) this.#steps = undefined
      const due = step.done === true ? undefined : this.#turns.take(step.value)
      if (due == null) continue
      this.#isWaiting = true
      void due.then(() => this.#goOn())
      return
    }
  }

  #goOn(): void {
    this.#isWaiting = false
    this.#ports.guard(() => this.#takeIn())
    if (this.#isWaiting) return
    this.#idle?.resolve()
    this.#idle = undefined
  }

  /** Says before each piece of work how much it is. */
  *#stepsOf({ asked, header, payload }: Arrived<R>): Generator<number, void> {
    const { what } = asked
    if (what instanceof ExpectedLeaves) {
      yield* what.end(header, payload)
      if (what.over) this.#ports.leavesOver(header.request)
    } else if (!what.over && payload != null) {
      yield PIECES_PER_TURN
      if (!what.over) this.#ports.onRangeBytes(asked, what, header, payload)
    }
  }
}
