// Open connections to peers that speak the exchange protocol: who they are, which connection is the best, and streams on it.

import type { Connection, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { CodedError } from '../errors.ts'
import { type Duplex, type ExchangeProtocol, type PeerPipe, PROTOCOL_IDS } from '../exchange/duplex.ts'
import { trace } from '../trace.ts'
import { isNear } from './address-policy.ts'
import type { BulkLinks } from './bulk-links.ts'
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

/** Lasts as long as the node it was opened for. */
export class PeerLinks {
  readonly #node: Node
  readonly #liveness: Liveness
  readonly #settleMs: number
  readonly #bulk: BulkLinks
  readonly #speaking = new Set<string>()
  readonly #listeners = new Set<(peerId: string, event: PeerEvent) => void>()
  readonly #handlers = new Map<ExchangeProtocol, StreamHandler>()

  private constructor(node: Node, liveness: Liveness, bulk: BulkLinks, settleMs: number) {
    this.#bulk = bulk
    this.#node = node
    this.#liveness = liveness
    this.#settleMs = settleMs
  }

  /** Registers the protocols: call before the node starts, so that identify tells everybody from the first connection on. */
  static async open(node: Node, liveness: Liveness, bulk: BulkLinks, settleMs = SETTLE_MS): Promise<PeerLinks> {
    const links = new PeerLinks(node, liveness, bulk, settleMs)
    node.addEventListener('connection:open', ({ detail }) => links.#onOpen(detail))
    node.addEventListener('connection:close', ({ detail: connection }) => {
      trace.network?.('link-down', { peer: connection.remotePeer.toString(), direction: connection.direction })
    })
    node.addEventListener('peer:identify', ({ detail: { peerId, protocols } }) => {
      if (protocols.includes(PROTOCOL_IDS.control)) links.#noteSpeaking(peerId.toString())
    })
    node.addEventListener('peer:disconnect', ({ detail: peer }) => links.#onDisconnect(peer.toString()))
    const limits = { maxInboundStreams: MAX_STREAMS_PER_PEER, maxOutboundStreams: MAX_STREAMS_PER_PEER }
    for (const protocol of ['control', 'data'] as const) {
      const accept = (stream: Stream, connection: Connection): void => links.#accept(protocol, stream, connection)
      await node.handle(PROTOCOL_IDS[protocol], accept, limits)
    }
    return links
  }

  /** Peers that speak the exchange protocol and are connected. */
  get speaking(): ReadonlySet<string> {
    return this.#speaking
  }

  connections(peerId: string): Connection[] {
    return this.#node.getConnections(peerIdFromString(peerId)).filter(({ status }) => status === 'open')
  }

  /** On the best open connection there is. */
  pipe(peerId: string): PeerPipe | undefined {
    const connection = best(this.connections(peerId), this.#liveness)
    return connection == null ? undefined : this.#pipeOn(connection)
  }

  /** Those there already are told of at once, after the caller's turn. Returns how to stop listening. */
  onPeer(listener: (peerId: string, event: PeerEvent) => void): () => void {
    this.#listeners.add(listener)
    const already = [...this.#speaking]
    queueMicrotask(() => {
      for (const peerId of already) {
        if (this.#listeners.has(listener) && this.#speaking.has(peerId)) listener(peerId, 'connect')
      }
    })
    return () => void this.#listeners.delete(listener)
  }

  /** Once per protocol; streams that come earlier are refused. */
  handle(protocol: ExchangeProtocol, handler: StreamHandler): void {
    if (this.#handlers.has(protocol)) throw new CodedError('internal', `${protocol} streams are handled already`)
    this.#handlers.set(protocol, handler)
  }

  #onOpen(connection: Connection): void {
    void this.#liveness.probe(connection)
    const peer = connection.remotePeer
    const { direction } = connection
    trace.network?.('link-up', { peer: peer.toString(), direction, near: isNear(connection.remoteAddr) })
    // both peers tidying up could close each other's choice: the one with the smaller ID does it
    if (this.#node.getConnections(peer).length < 2 || peer.toString() < this.#node.peerId.toString()) return
    const timer = setTimeout(() => {
      const surplus = surplusOf(this.connections(peer.toString()), this.#liveness)
      for (const connection of surplus) void connection.close().catch(() => undefined)
    }, this.#settleMs)
    timer.unref()
  }

  #onDisconnect(peerId: string): void {
    if (this.connections(peerId).length > 0 || !this.#speaking.delete(peerId)) return
    this.#tell(peerId, 'disconnect')
  }

  #noteSpeaking(peerId: string): void {
    if (this.#speaking.has(peerId) || this.connections(peerId).length === 0) return
    this.#speaking.add(peerId)
    this.#tell(peerId, 'connect')
  }

  #tell(peerId: string, event: PeerEvent): void {
    trace.network?.(event, { peer: peerId })
    for (const listener of this.#listeners) listener(peerId, event)
  }

  #accept(protocol: ExchangeProtocol, stream: Stream, connection: Connection): void {
    const peerId = connection.remotePeer.toString()
    const held = this.connections(peerId)
      .flatMap(({ streams }) => streams)
      .filter(it => it.direction === 'inbound' && it.protocol === PROTOCOL_IDS[protocol])
    const handler = this.#handlers.get(protocol)
    if (handler == null || held.length > MAX_STREAMS_PER_PEER) {
      stream.abort(new Error(handler == null ? 'Not serving yet' : 'Too many streams'))
      return
    }
    this.#noteSpeaking(peerId) // identify may have failed or come later: whoever opens such a stream speaks the protocol
    const duplex = duplexOf(stream, () => this.#liveness.touch(connection))
    handler(duplex, this.#pipeOn(connection))
  }

  #pipeOn(first: Connection): PeerPipe {
    const peerId = first.remotePeer.toString()
    const liveness = this.#liveness
    const bulk = this.#bulk
    const current = (): Connection =>
      first.status === 'open' ? first : (best(this.connections(peerId), liveness) ?? first)
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
      get bulk() {
        return bulk.portFor(current().remoteAddr)
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
