// Every connection that this node begins goes through here: who is dialled for what is noted before anybody is told of the connection.

import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { CodedError } from '../errors.ts'
import { trace } from '../trace.ts'
import type { NetworkMode } from './address-policy.ts'
import { hintsByPeer, parseDialAddr, parsePeerId, peerOf } from './dial-target.ts'
import type { Gater } from './gater.ts'
import type { Node } from './open-libp2p.ts'
import type { PeerBook, Via } from './peer-book.ts'

const DIAL_TIMEOUT_MS = 15_000
/** In libp2p's queue of dials, where the DHT's have 50 and others 75: whoever a stranger named comes last. */
const INTRODUCED_PRIORITY = 10

export interface DiallerParts {
  readonly mode: NetworkMode
  readonly ownPeerId: string
  readonly node: Node
  readonly book: PeerBook
  readonly gater: Gater
  /** Aborts when the node ends. */
  readonly ended: AbortSignal
}

export class Dialler {
  readonly #parts: DiallerParts

  constructor(parts: DiallerParts) {
    this.#parts = parts
  }

  /** Resolves with the peer ID once connected; at once when already connected. Rejects with whatever libp2p says. */
  async connect(target: readonly Multiaddr[] | string, via: Via, signal: AbortSignal): Promise<string> {
    const { node, book, ended } = this.#parts
    const to = typeof target === 'string' ? peerIdFromString(target) : [...target]
    const known = typeof target === 'string' ? target : peerOf(target[0])
    if (known != null) book.noteVia(known, via) // before the connection is told of
    trace.network?.('dial', { peer: known, via })
    const options = {
      signal: AbortSignal.any([signal, ended]),
      ...(via === 'pex' && { priority: INTRODUCED_PRIORITY })
    }
    const connection = await node.dial(to, options).catch((error: unknown) => {
      trace.network?.('dial-failed', { peer: known, via })
      throw error
    })
    const peerId = connection.remotePeer.toString()
    book.noteVia(peerId, via)
    return peerId
  }

  /** What somebody named: see `Network.dial`. */
  async dial(target: string, signal: AbortSignal, via: Via): Promise<void> {
    const { mode, gater, ended } = this.#parts
    const to = target.startsWith('/') ? [parseDialAddr(mode, target)] : parsePeerId(target)
    const peerId = typeof to === 'string' ? to : peerOf(to[0])
    if (peerId != null && gater.isBanned(peerId)) {
      throw new CodedError('forbidden', 'This peer sent wrong data and is not dialled for 24 hours')
    }
    await this.connect(to, via, limited(signal)).catch((error: unknown) => {
      if (signal.aborted || ended.aborted) throw new CodedError('cancelled', 'Cancelled', { cause: error })
      const message = 'The peer could not be reached; check that it is running and on this network'
      throw new CodedError('no-providers', message, { cause: error })
    })
  }

  /** The addresses of a link: see `Network.dialHints`. */
  async dialHints(addrs: readonly string[], signal: AbortSignal): Promise<string[]> {
    const byPeer = hintsByPeer(this.#parts.mode, addrs)
    byPeer.delete(this.#parts.ownPeerId)
    const until = limited(signal)
    const dials = [...byPeer.values()].map(async list => await this.connect(list, 'link', until).catch(() => undefined))
    return (await Promise.all(dials)).filter(peerId => peerId != null)
  }
}

const limited = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
