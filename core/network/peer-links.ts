// Open connections to peers that speak the exchange protocol: who they are, which connection is the best, and streams on it.

import type { Connection, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { CodedError } from '../errors.ts'
import { type Duplex, type ExchangeProtocol, type PeerPipe, PROTOCOL_IDS } from '../exchange/duplex.ts'
import { trace } from '../trace.ts'
import { isNear } from './address-policy.ts'
import type { Liveness } from './liveness.ts'
import type { Node } from './open-libp2p.ts'
import { duplexOf } from './libp2p-duplex.ts'

/** Inbound streams of one protocol that one peer may hold, over all its connections (DESIGN.md, "Network"). */
export const MAX_STREAMS_PER_PEER = 4
const OPEN_TIMEOUT_MS = 10_000
/** How long two connections made at the same moment stay beside each other: by then one of them carries the streams. */
const SETTLE_MS = 5000

export type PeerEvent = 'connect' | 'disconnect'
export type StreamHandler = (duplex: Duplex, peer: PeerPipe) => void

export interface PeerLinks {
  /** Peers that speak the exchange protocol and are connected. */
  readonly speaking: ReadonlySet<string>
  pipe(peerId: string): PeerPipe | undefined
  onPeer(listener: (peerId: string, event: PeerEvent) => void): () => void
  handle(protocol: ExchangeProtocol, handler: StreamHandler): void
  connections(peerId: string): Connection[]
}

/** Registers the protocols: call before the node starts, so that identify tells everybody from the first connection on. */
export async function watchPeerLinks(node: Node, liveness: Liveness, settleMs = SETTLE_MS): Promise<PeerLinks> {
  const speaking = new Set<string>()
  const listeners = new Set<(peerId: string, event: PeerEvent) => void>()
  const handlers = new Map<ExchangeProtocol, StreamHandler>()

  const tell = (peerId: string, event: PeerEvent): void => {
    trace.network?.(event, { peer: peerId })
    for (const listener of listeners) listener(peerId, event)
  }
  const connections = (peerId: string): Connection[] => {
    const peer = peerIdFromString(peerId)
    return node.getConnections(peer).filter(({ status }) => status === 'open')
  }
  const noteSpeaking = (peerId: string): void => {
    if (speaking.has(peerId) || connections(peerId).length === 0) return
    speaking.add(peerId)
    tell(peerId, 'connect')
  }

  node.addEventListener('connection:open', ({ detail: connection }) => {
    void liveness.probe(connection)
    const peer = connection.remotePeer
    trace.network?.('link-up', {
      peer: peer.toString(),
      direction: connection.direction,
      near: isNear(connection.remoteAddr)
    })
    // both peers tidying up could close each other's choice: the one with the smaller ID does it
    if (node.getConnections(peer).length < 2 || peer.toString() < node.peerId.toString()) return
    const timer = setTimeout(() => {
      for (const surplus of surplusOf(connections(peer.toString()), liveness))
        void surplus.close().catch(() => undefined)
    }, settleMs)
    timer.unref()
  })
  node.addEventListener('connection:close', ({ detail: connection }) => {
    trace.network?.('link-down', { peer: connection.remotePeer.toString(), direction: connection.direction })
  })
  node.addEventListener('peer:identify', ({ detail: { peerId, protocols } }) => {
    if (protocols.includes(PROTOCOL_IDS.control)) noteSpeaking(peerId.toString())
  })
  node.addEventListener('peer:disconnect', ({ detail: peer }) => {
    const peerId = peer.toString()
    if (connections(peerId).length > 0 || !speaking.delete(peerId)) return
    tell(peerId, 'disconnect')
  })

  const pipeOn = (first: Connection): PeerPipe => {
    const peerId = first.remotePeer.toString()
    const current = (): Connection => (first.status === 'open' ? first : (best(connections(peerId), liveness) ?? first))
    return {
      peerId,
      get remoteAddr() {
        return current().remoteAddr.toString()
      },
      get isLan() {
        return isNear(current().remoteAddr)
      },
      get rttMs() {
        return liveness.rttMs(current())
      },
      async open(protocol) {
        const connection = current()
        const stream = await connection.newStream(PROTOCOL_IDS[protocol], {
          signal: AbortSignal.timeout(OPEN_TIMEOUT_MS),
          maxOutboundStreams: MAX_STREAMS_PER_PEER
        })
        if (stream.status !== 'open') throw new Error('The peer refused the stream')
        return duplexOf(stream, () => liveness.touch(connection))
      }
    }
  }

  const accept = (protocol: ExchangeProtocol, stream: Stream, connection: Connection): void => {
    const peerId = connection.remotePeer.toString()
    const held = connections(peerId)
      .flatMap(({ streams }) => streams)
      .filter(it => it.direction === 'inbound' && it.protocol === PROTOCOL_IDS[protocol])
    const handler = handlers.get(protocol)
    if (handler == null || held.length > MAX_STREAMS_PER_PEER) {
      stream.abort(new Error(handler == null ? 'Not serving yet' : 'Too many streams'))
      return
    }
    noteSpeaking(peerId) // identify may have failed or come later: whoever opens such a stream speaks the protocol
    handler(
      duplexOf(stream, () => liveness.touch(connection)),
      pipeOn(connection)
    )
  }
  const limits = { maxInboundStreams: MAX_STREAMS_PER_PEER, maxOutboundStreams: MAX_STREAMS_PER_PEER }
  for (const protocol of ['control', 'data'] as const) {
    await node.handle(PROTOCOL_IDS[protocol], (stream, connection) => accept(protocol, stream, connection), limits)
  }

  return {
    speaking,
    connections,
    pipe(peerId) {
      const connection = best(connections(peerId), liveness)
      return connection == null ? undefined : pipeOn(connection)
    },
    onPeer(listener) {
      listeners.add(listener)
      const already = [...speaking]
      queueMicrotask(() => {
        for (const peerId of already) if (listeners.has(listener) && speaking.has(peerId)) listener(peerId, 'connect')
      })
      return () => void listeners.delete(listener)
    },
    handle(protocol, handler) {
      if (handlers.has(protocol)) throw new CodedError('internal', `${protocol} streams are handled already`)
      handlers.set(protocol, handler)
    }
  }
}

const EXCHANGE_IDS: ReadonlySet<string> = new Set(Object.values(PROTOCOL_IDS))

/** What nobody would miss of several connections to one peer: all but the best one, unless the exchange is using it. */
function surplusOf(connections: readonly Connection[], liveness: Liveness): Connection[] {
  const used = connections.filter(({ streams }) => streams.some(({ protocol }) => EXCHANGE_IDS.has(protocol)))
  const kept = used.length > 0 ? used : [best(connections, liveness) ?? connections[0]]
  return connections.filter(connection => !kept.includes(connection))
}

/** Direct and unlimited, near before far, quick before slow, old before new; both sides of two parallel connections need not agree. */
function best(connections: readonly Connection[], liveness: Liveness): Connection | undefined {
  const usable = connections.filter(({ limits, direct }) => limits == null && direct)
  const cost = (connection: Connection): number => liveness.rttMs(connection) ?? Number.MAX_SAFE_INTEGER
  return usable.sort(
    (a, b) =>
      Number(isNear(b.remoteAddr)) - Number(isNear(a.remoteAddr)) ||
      cost(a) - cost(b) ||
      a.timeline.open - b.timeline.open
  )[0]
}
