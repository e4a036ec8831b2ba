// Opens a session with one peer, on our side: what is said before the first root is asked for.
import { systemClock } from '../clock.ts'
import type { Duplex, PeerPipe } from './duplex.ts'
import * as limits from './limits.ts'
import { ExchangeCode, ExchangeError, verdictOf } from './codes.ts'
import type { OpenRequester } from './requester.ts'
import { RequesterSession } from './requester-session.ts'

/**
 * Opens a session: both Hellos said, data streams open. The signal ends it, at any time; so does disposing of it.
 * Throws ExchangeError: PROTOCOL or LIMIT when the peer misbehaves, IO when it cannot be reached or does not answer.
 */
export const openRequester: OpenRequester = async (pipe, hello, signal) => {
  signal.throwIfAborted()
  const clock = hello.clock ?? systemClock
  const session = new RequesterSession(pipe, await opened(pipe, 'control'), clock, hello.onSaid)
  const abort = () => session.end(new ExchangeError(ExchangeCode.CANCELLED, 'Cancelled', { cause: signal.reason }))
  signal.addEventListener('abort', abort, { once: true })
  session.onClosed(() => signal.removeEventListener('abort', abort))
  if (signal.aborted) abort()
  const late = clock.after(limits.HELLO_TIMEOUT_MS, () => {
    session.end(new ExchangeError(ExchangeCode.IO, 'The peer did not answer'))
  })
  try {
    session.send({
      type: 'hello',
      version: limits.PROTOCOL_VERSION,
      features: pipe.bulk == null ? [] : [limits.FEATURE_BULK],
      maxOutBytes: 0,
      maxRequests: 0,
      agent: hello.agent,
      nonce: new Uint8Array(0),
      name: hello.name
    })
    await session.greeted()
    const streams = Math.min(hello.dataStreams ?? 1, limits.MAX_DATA_STREAMS)
    for (let i = 0; i < streams; i++) {
      const data = await opened(pipe, 'data')
      if (session.closed) {
        data.abort(new Error('The session has ended'))
        throw session.closedWith ?? new ExchangeError(ExchangeCode.IO, 'The session has ended')
      }
      session.addData(data)
      data.send(session.nonce)
    }
    return session
  } catch (error) {
    session.end(error instanceof Error ? error : new ExchangeError(verdictOf(error), 'The session could not be opened'))
    throw error
  } finally {
    late()
  }
}

async function opened(pipe: PeerPipe, protocol: 'control' | 'data'): Promise<Duplex> {
  try {
    return await pipe.open(protocol)
  } catch (error) {
    throw new ExchangeError(ExchangeCode.IO, 'The peer could not be reached', { cause: error })
  }
}
