// A second connection between two peers that carries big leaves, whole, past the engine's loop (PROTOCOL.md, "Bulk link"). What the exchange needs of it; core/network
// has the real one, whose sockets belong to a thread.

/** One link, from whoever serves to whoever asked. Ends once, by either side or by what goes wrong; then `send` does nothing. */
export interface BulkLink {
  /** Sends a leaf whole. Its memory is the link's from now on: the array may be empty afterwards. */
  send(request: number, ordinal: number, leaf: Uint8Array): void
  /** Bytes given to `send` that the system has not taken. */
  readonly unsentBytes: number
  /** Resolves when the system took something, or the link ended; never rejects. */
  progress(): Promise<void>
  /** One listener for what arrives, set at once. Leaves are NOT verified and belong to the listener. */
  receive(receiver: BulkReceiver): void
  /** One listener, called once, last; with what went wrong, and without when it was closed here. */
  onEnd(listener: (error?: Error) => void): void
  close(): void
}

export interface BulkReceiver {
  /** A whole leaf, at most MAX_BLOCK_BYTES. */
  onLeaf(request: number, ordinal: number, bytes: Uint8Array): void
  /** `bytes` more arrived of a leaf that takes its time. */
  onBytes(request: number, ordinal: number, bytes: number): void
}

/** Where a link is listened for, and what proves who comes. */
export interface BulkAddress {
  readonly port: number
  /** SHA-256 of the certificate of whoever listens. */
  readonly certificate: Uint8Array
  /** For one use, within BULK_ACCEPT_MS. */
  readonly token: Uint8Array
}

/** How a link to one peer comes about; a pipe without one has no way past the loop. */
export interface BulkPort {
  /** So many bytes have been asked for, big leaves among them, when a link is worth asking for. */
  readonly worthBytes: number
  /** SHA-256 of the certificate this side shows, made for this run. Rejects when there is none. */
  certificate(): Promise<Uint8Array>
  /** Listens for the peer with this certificate. The link resolves when it came, and rejects when it did not or the signal aborted. */
  accept(theirs: Uint8Array, signal: AbortSignal): Promise<{ address: BulkAddress; link: Promise<BulkLink> }>
  /** Dials the peer at its own address. Rejects when it is late (BULK_DIAL_MS), shows another certificate, or the signal aborts. */
  dial(address: BulkAddress, signal: AbortSignal): Promise<BulkLink>
}
