// Reads one data stream of a session: finds what each frame answers, and hands its payload there.
import type { FrameHeader, FrameSink } from './data-frames.ts'
import { ExpectedRange, type ExpectedLeaves } from './expected-frames.ts'
import type { RequesterRoot } from './requester-root.ts'

/** What was asked and is not over, or may still bring frames. */
export interface OpenRequest {
  readonly root: RequesterRoot
  readonly what: ExpectedLeaves | ExpectedRange
}

/** The session a stream belongs to. */
export interface FramedSession {
  readonly closed: boolean
  /** Throws ExchangeError(PROTOCOL) for a number that was never asked under. */
  askedFor(request: number): OpenRequest
  onRangeBytes(asked: OpenRequest, range: ExpectedRange, header: Readonly<FrameHeader>, payload: Uint8Array): void
  /** Every leaf of a request was sent or rejected. */
  leavesOver(request: number): void
}

/** Between a frame's begin and end its request may have ended. */
export class StreamSink implements FrameSink {
  readonly #session: FramedSession
  #asked: OpenRequest | undefined

  constructor(session: FramedSession) {
    this.#session = session
  }

  begin(header: Readonly<FrameHeader>): Uint8Array | undefined {
    this.#asked = this.#session.askedFor(header.request)
    return this.#asked.what.begin(header)
  }

  end(header: Readonly<FrameHeader>, payload: Uint8Array | undefined): void {
    const asked = this.#asked
    if (asked == null || this.#session.closed) return
    const { what } = asked
    if (what instanceof ExpectedRange) {
      if (!what.over && payload != null) this.#session.onRangeBytes(asked, what, header, payload)
      return
    }
    what.end(header, payload)
    if (what.over) this.#session.leavesOver(header.request)
  }
}
