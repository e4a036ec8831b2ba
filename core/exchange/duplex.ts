// What the exchange protocol runs over. A libp2p stream, a socket and a test pipe all fit; nothing else of them is used.
import type { BulkPort } from './bulk-link.ts'

/** Bytes both ways, in order, nothing lost. Reads have no back-pressure: whoever asks for bytes limits what it asks for. */
export interface Duplex {
  /**
   * Hands bytes to the transport, which may keep the array until they are written: do not modify it afterwards.
   * False means: wait for `drained` before sending more. After an end it does nothing and says false.
   */
  send(bytes: Uint8Array): boolean
  /** Resolves when the transport takes more, at once if it does already. Rejects when the duplex ends or the signal aborts. */
  drained(signal: AbortSignal): Promise<void>
  /** Bytes given to `send` that this end still holds. */
  readonly unsentBytes: number
  /** One listener, set before anything else is awaited. The array is only valid during the call. */
  onBytes(listener: (bytes: Uint8Array) => void): void
  /** One listener, called once, last: the far side closed or reset, the connection went, or this side closed or aborted. */
  onEnd(listener: (error?: Error) => void): void
  /** Ends politely: what was sent still arrives. */
  close(): void
  /** Ends at once, throwing away what is unsent. */
  abort(error: Error): void
}

/** A connection to one peer, over which streams of the two exchange protocols can be opened. */
export interface PeerPipe {
  readonly peerId: string
  /** The multiaddr the peer is connected from, as text. */
  readonly remoteAddr: string
  /** Loopback, private or link-local address: such peers are not counted in upload slots. */
  readonly isLan: boolean
  open(protocol: ExchangeProtocol): Promise<Duplex>
  /** How to get a bulk link to it; absent where there is no way: only near peers have one. */
  readonly bulk?: BulkPort | undefined
  readonly rttMs: number | undefined
}

export type ExchangeProtocol = 'control' | 'data'

/** Protocol IDs as negotiated; the version is part of the name (PROTOCOL.md, "Versions"). */
export const PROTOCOL_IDS: Record<ExchangeProtocol, string> = {
  control: '/shoal/exchange/1.0.0',
  data: '/shoal/exchange-data/1.0.0'
}
