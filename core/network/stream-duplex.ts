// A libp2p stream as the exchange's Duplex.

import type { Stream } from '@libp2p/interface'
import type { Duplex } from '../exchange/duplex.ts'

/**
 * Takes the stream over, in whatever state it is. Bytes that come before `onBytes` wait in the stream, up to its read buffer. `onActivity` is called
 * whenever bytes arrive or the far side takes some.
 */
export function duplexOf(stream: Stream, onActivity: () => void = () => undefined): Duplex {
  const ended = Promise.withResolvers<Error | undefined>() // resolves, never rejects
  let isEnded = false
  const end = (error?: Error): void => {
    isEnded = true
    ended.resolve(error)
  }
  stream.addEventListener('close', event => end(event.error))
  stream.addEventListener('end', () => end()) // the far side closed, and what was unread has been read
  // a reset can be faster than whoever takes the stream over
  if (stream.status !== 'open') end(new Error('The peer closed the stream'))
  else if (stream.readableEnded) end()

  return {
    send(bytes) {
      if (isEnded || stream.writeStatus === 'closing' || stream.writeStatus === 'closed') return false
      return stream.send(bytes)
    },
    async drained(signal) {
      signal.throwIfAborted()
      if (isEnded) throw new Error('The stream has ended')
      if (!stream.writableNeedsDrain) return
      const drain = Promise.withResolvers<void>()
      const onDrain = (): void => drain.resolve()
      const onAbort = (): void => drain.reject(signal.reason instanceof Error ? signal.reason : new Error('Aborted'))
      // the stream's own onDrain() resolves too early from its second use on: only the event can be believed
      stream.addEventListener('drain', onDrain)
      signal.addEventListener('abort', onAbort)
      void ended.promise.then(error => drain.reject(error ?? new Error('The stream has ended')))
      try {
        await drain.promise
        onActivity()
      } finally {
        stream.removeEventListener('drain', onDrain)
        signal.removeEventListener('abort', onAbort)
      }
    },
    get unsentBytes() {
      return stream.writeBufferLength
    },
    onBytes(listener) {
      stream.addEventListener('message', event => {
        onActivity()
        listener(event.data.subarray())
      })
    },
    onEnd: listener => void ended.promise.then(listener),
    close() {
      stream.close().catch((err: unknown) => stream.abort(err instanceof Error ? err : new Error('Could not close')))
    },
    abort: error => stream.abort(error)
  }
}
