// Measures round trips and drops connections that are dead: a pulled cable leaves no trace in TCP for a quarter of an hour.
// A ping waits behind megabytes on a slow link, so a late answer alone proves nothing: a connection is dead when a ping is unanswered and nothing else moved either.

import { randomBytes } from 'node:crypto'
import type { Connection } from '@libp2p/interface'

const PING_PROTOCOL = '/ipfs/ping/1.0.0' // ping spec
const PING_BYTES = 32
const INTERVAL_MS = 15_000
const DEAD_AFTER_MS = 30_000
const SAMPLES = 4

export interface Liveness extends Disposable {
  /** Round trip in ms, the best of the last four: queues only ever add to it. */
  rttMs(connection: Connection): number | undefined
  /** Something arrived from the peer, or was accepted by it. */
  touch(connection: Connection): void
  /** Measures now instead of at the next interval. Never rejects. */
  probe(connection: Connection): Promise<void>
}

interface Pulse {
  lastAt: number
  samples: number[]
  isProbing: boolean
}

/** Pings every connection every 15 s and aborts one that gave no sign for 30 s. `now` is monotonic, ms. */
export function watchLiveness(
  connections: () => Connection[],
  now: () => number,
  { intervalMs, deadAfterMs } = { intervalMs: INTERVAL_MS, deadAfterMs: DEAD_AFTER_MS }
): Liveness {
  const pulses = new WeakMap<Connection, Pulse>()
  const stopped = new AbortController()
  const pulseOf = (connection: Connection): Pulse => {
    const known = pulses.get(connection)
    if (known != null) return known
    const pulse = { lastAt: now(), samples: [], isProbing: false }
    pulses.set(connection, pulse)
    return pulse
  }

  const probe = async (connection: Connection): Promise<void> => {
    const pulse = pulseOf(connection)
    if (pulse.isProbing || connection.status !== 'open') return
    pulse.isProbing = true
    const startedAt = now()
    try {
      const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(deadAfterMs)])
      pulse.samples = [...pulse.samples.slice(1 - SAMPLES), await ping(connection, now, signal)]
      pulse.lastAt = now()
    } catch (error) {
      if (isUnsupported(error))
        pulse.lastAt = now() // it answered, with a no
      else if (!stopped.signal.aborted && pulse.lastAt <= startedAt && now() - startedAt >= deadAfterMs / 2) {
        connection.abort(new Error('The peer gave no sign of life'))
      }
    } finally {
      pulse.isProbing = false
    }
  }

  const timer = setInterval(() => {
    for (const connection of connections()) void probe(connection)
  }, intervalMs)
  timer.unref()
  return {
    probe,
    rttMs(connection) {
      const samples = pulses.get(connection)?.samples ?? []
      return samples.length === 0 ? undefined : Math.min(...samples)
    },
    touch(connection) {
      pulseOf(connection).lastAt = now()
    },
    [Symbol.dispose]() {
      clearInterval(timer)
      stopped.abort(new Error('The node stops'))
    }
  }
}

const isUnsupported = (error: unknown): boolean => error instanceof Error && error.name === 'UnsupportedProtocolError'

/** One ping on this very connection; libp2p's own service chooses a connection by itself. */
async function ping(connection: Connection, now: () => number, signal: AbortSignal): Promise<number> {
  const stream = await connection.newStream(PING_PROTOCOL, { signal })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onAbort = (): void => reject(new Error('Ping timed out'))
  let missing = PING_BYTES
  stream.addEventListener('message', event => {
    missing -= event.data.byteLength
    if (missing <= 0) resolve()
  })
  stream.addEventListener('close', () => reject(new Error('Ping stream closed')), { once: true })
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const sentAt = now()
    stream.send(randomBytes(PING_BYTES))
    await promise
    const rtt = now() - sentAt
    await stream.close({ signal })
    return rtt
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error('Ping failed'))
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
