// One end of a simulated stream: bytes that take their time, arrive in order, and may stop arriving without a word.
import type { Duplex } from '../exchange/duplex.ts'
import type { Side } from './connection.ts'

const HIGH_WATER = 1_048_576
/** What is sent arrives bit by bit: at least so often, as long as something is on its way. */
const PIECE_MS = 1_000
const LEAST_PIECE_BYTES = 1_024

/** Who listens to an end of a stream: what it is given to send, and what arrives there. */
export interface Tap {
  sent(bytes: Uint8Array): void
  received(bytes: Uint8Array): void
}

export class Wire implements Duplex {
  tap: Tap | undefined
  readonly #side: Side
  #far: Wire | undefined
  #onBytes: ((bytes: Uint8Array) => void) | undefined
  #onEnd: ((error?: Error) => void) | undefined
  #isClosing = false
  #isOver = false
  #unsent = 0
  #early: Uint8Array[] = []
  readonly #waiting = new Set<PromiseWithResolvers<void>>()

  constructor(side: Side) {
    this.#side = side
    side.wires.add(this)
  }

  join(far: Wire): void {
    this.#far = far
  }

  send(bytes: Uint8Array): boolean {
    if (this.#isOver || this.#isClosing) return false
    this.#unsent += bytes.length
    this.tap?.sent(bytes)
    const most = Math.max(LEAST_PIECE_BYTES, Math.floor((this.#side.bytesPerSecond * PIECE_MS) / 1000))
    for (let at = 0; at < bytes.length; at += most) this.#sendPiece(bytes.subarray(at, at + most))
    return this.#unsent < HIGH_WATER
  }

  async drained(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#isOver) throw new Error('The stream has ended')
    if (this.#unsent < HIGH_WATER) return
    const waiting = Promise.withResolvers<void>()
    this.#waiting.add(waiting)
    const abort = (): void => waiting.reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    try {
      await waiting.promise
    } finally {
      this.#waiting.delete(waiting)
      signal.removeEventListener('abort', abort)
    }
  }

  get isOpen(): boolean {
    return !this.#isOver && this.#side.isOpen
  }

  get unsentBytes(): number {
    return this.#unsent
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#onBytes = listener
    for (const bytes of this.#early.splice(0)) listener(bytes)
  }

  onEnd(listener: (error?: Error) => void): void {
    this.#onEnd = listener
  }

  close(): void {
    if (this.#isClosing || this.#isOver) return
    this.#isClosing = true
    this.#side.transmit(
      0,
      () => this.end(undefined),
      () => this.#far?.end(undefined)
    )
  }

  abort(error: Error): void {
    if (this.#isOver) return
    this.#side.transmit(
      0,
      () => {},
      () => this.#far?.end(new Error('The far side reset the stream'))
    )
    this.end(error)
  }

  /** Bytes have come. */
  receive(bytes: Uint8Array): void {
    if (this.#isOver) return
    this.tap?.received(bytes)
    if (this.#onBytes == null) this.#early.push(bytes)
    else this.#onBytes(bytes)
  }

  /** It is over at this end. */
  end(error: Error | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#unsent = 0
    this.#early = []
    this.#side.wires.delete(this)
    for (const waiting of this.#waiting) waiting.reject(error ?? new Error('The stream has ended'))
    this.#onEnd?.(error)
  }

  #sendPiece(piece: Uint8Array): void {
    this.#side.transmit(
      piece.length,
      () => this.#sent(piece.length),
      () => this.#far?.receive(piece)
    )
  }

  #sent(bytes: number): void {
    this.#unsent = Math.max(0, this.#unsent - bytes)
    if (this.#unsent < HIGH_WATER) for (const waiting of this.#waiting) waiting.resolve()
  }
}
