// Everyone connected who speaks the exchange: the server side that answers them, our requester towards each, and what the rest of the
// application wants of the network. Nothing here decides what is asked of whom.
import type { CID } from 'multiformats/cid'
import type { Requester } from '../../core/exchange/requester.ts'
import type { BanReason } from '../../core/fetch/inputs-and-effects.ts'

/** A peer we can ask. */
export interface AskablePeer {
  readonly requester: Requester
  readonly rttMs: number | undefined
}

/** What a transfer needs of the network. */
export interface SwarmPort {
  /** Tells of everybody we can ask now, and of everybody who comes. Returns how to stop listening. */
  onRequester(listener: (asked: AskablePeer) => void): () => void
  readonly askable: number
  /** Dials the addresses of a link, at most 16; resolves with the peer IDs reached, maybe none; never rejects. */
  dialHints(addrs: readonly string[], signal: AbortSignal): Promise<readonly string[]>
  /**
   * One look into the DHT, dialling everybody it names; resolves with how many were found; never rejects. Few go on at once: the first one for a transfer
   * or a preview goes before looks that were made already.
   */
  findProviders(root: CID, isFirst: boolean, signal: AbortSignal): Promise<number>
  /** While it has an active transfer a peer is kept and dialled again when lost. */
  keep(peerId: string, keep: boolean): void
  ban(peerId: string, reason: BanReason): void
  /** Tells of everybody whom the user allows again. Returns how to stop listening. */
  onAllowed(listener: (peerId: string) => void): () => void
  pexRecords(recipient: string, others: readonly string[]): Promise<Uint8Array[]>
  acceptPex(sender: string, records: readonly Uint8Array[]): void
}
