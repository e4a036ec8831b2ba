// A libp2p stream as a Duplex (libp2p 3: `message`, `drain`, `end` and `close` events).
import type { Stream } from '@libp2p/interface'
import type { Duplex } from '../exchange/duplex.ts'

/** A stream with more unread bytes than this is aborted by libp2p, so it may not be less than the largest window: yamux's 16 MiB. */
const READ_BUFFER_BYTES = 16 * 1024 * 1024

/**
 * Takes the stream over, in whatever state it is. Bytes that come before `onBytes` wait in the stream. `onActivity` is
 * called whenever bytes arrive or the far side took some.
 */
export function duplexOf(stream: Stream, onActivity: () => void = () => {}): Duplex {
  return new StreamDuplex(stream, onActivity)
}

class StreamDuplex implements Duplex {
  readonly #stream: Stream
  readonly #onActivity: () => void
  #onEnd: ((error?: Error) => void) | undefined
  #ended = false
  #endedWith: Error | undefined
  /** Whoever waits for a drain. */
  readonly #waiting = new Set<PromiseWithResolvers<void>>()

  constructor(stream: Stream, onActivity: () => void) {
    this.#stream = stream
    this.#onActivity = onActivity
    stream.maxReadBufferLength = Math.max(stream.maxReadBufferLength, READ_BUFFER_BYTES)
    stream.addEventListener('close', event => this.#end(event.error))
    stream.addEventListener('end', () => this.#end(undefined)) // the far side closed, and everything it sent was read
    stream.addEventListener('drain', () => {
      for (const waiting of this.#waiting) waiting.resolve()
    })
    // a reset can be faster than whoever takes the stream over
    if (stream.status !== 'open') this.#end(new Error('The peer closed the stream'))
    else if (stream.readableEnded) this.#end(undefined)
  }

  send(bytes: Uint8Array): boolean {
    if (this.#ended || this.#stream.writeStatus !== 'writable') return false
    try {
      return this.#stream.send(bytes)
    } catch (error) {
      this.#end(error instanceof Error ? error : new Error('Could not send', { cause: error }))
      return false
    }
  }

  /** The stream's own onDrain() resolves too early from its second use on; only the event, looked at again, can be believed. */
  async drained(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#ended) throw this.#endedWith ?? new Error('The stream has ended')
    if (!this.#stream.writableNeedsDrain) return
    const abort = () => {
      for (const waiting of this.#waiting) waiting.reject(signal.reason as Error) // whatever its owner gave
    }
    signal.addEventListener('abort', abort, { once: true })
    try {
      while (this.#stream.writableNeedsDrain) {
        const waiting = Promise.withResolvers<void>()
        this.#waiting.add(waiting)
        await waiting.promise.finally(() => this.#waiting.delete(waiting))
        this.#onActivity()
      }
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  get unsentBytes(): number {
    return this.#stream.writeBufferLength
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#stream.addEventListener('message', ({ data }) => {
      this.#onActivity()
      if (data instanceof Uint8Array) return listener(data)
      for (const part of data) listener(part) // in pieces as they are: joining them would copy everything
    })
  }

  onEnd(listener: (error?: Error) => void): void {
    this.#onEnd = listener
    if (this.#ended) queueMicrotask(() => listener(this.#endedWith))
  }

  close(): void {
    this.#stream.close().catch((error: unknown) => {
      this.#stream.abort(error instanceof Error ? error : new Error('Could not close', { cause: error }))
    })
  }

  abort(error: Error): void {
    this.#stream.abort(error)
  }

  #end(error: Error | undefined): void {
    if (this.#ended) return
    this.#ended = true
    this.#endedWith = error
    for (const waiting of this.#waiting) waiting.reject(error ?? new Error('The stream has ended'))
    this.#onEnd?.(error)
  }
}
