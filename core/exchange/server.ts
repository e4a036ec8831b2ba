// Serves everybody who asks: takes in their streams, and shares out between them what reading and sending there is.
import { randomBytes } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import { systemClock, type Clock } from '../clock.ts'
import type { Duplex, PeerPipe } from './duplex.ts'
import * as limits from './limits.ts'
import type { Counts, HaveMessage } from './messages.ts'
import { unlimited, type UploadBudget } from './upload-limiter.ts'
import type { Servables } from './servable.ts'
import { ServerSession } from './server-session.ts'
import { chooseUnchoked } from './choking.ts'
import { FairQueue } from './fair-queue.ts'

/** What happens at the server, for whoever shows or counts it. Called synchronously; must not throw. */
export interface ServerListener {
  onOpen?(peerId: string, root: CID): void
  /** What a peer says it holds: a stranger's word. */
  onHave?(peerId: string, root: CID, have: HaveMessage): void
  /** Signed peer records, not verified, of a peer that takes leaves of this root. */
  onPex?(peerId: string, root: CID, records: readonly Uint8Array[]): void
  /** Payload bytes given to a stream. */
  onSent?(peerId: string, root: CID, bytes: number): void
  /** One session of a peer ended; with an ExchangeError of code PROTOCOL or LIMIT when it misbehaved. */
  onClosed?(peerId: string, error?: Error): void
}

export interface ExchangeServerOptions {
  servables: Servables
  agent: string
  /** The device name a peer is told; '' towards public addresses. */
  nameFor?(peer: PeerPipe): string
  budget?: UploadBudget
  listener?: ServerListener
  clock?: Clock
  /** Source of nonces. */
  random?(bytes: number): Uint8Array
}

/** One peer that is served. */
export interface ServedPeer {
  readonly peerId: string
  /** A stranger's texts. */
  readonly name: string
  readonly agent: string
  readonly choked: boolean
  readonly bytesSent: number
  /** Of it, over bulk links. */
  readonly bulkBytesSent: number
  /** What it asked for and has not got. */
  readonly queued: { readonly runs: number; readonly bytes: number }
  /** `full`: the peer said it holds all leaves, so it is a complete copy. `reads`: it asked for leaves, and did not only look. */
  readonly roots: readonly { root: CID; key: string; full: boolean; reads: boolean }[]
  readonly sent: Readonly<Counts>
  readonly received: Readonly<Counts>
}

export interface ExchangeServer extends AsyncDisposable {
  /** Give it every inbound stream of the protocols, at once: its listeners are set before this returns. */
  handleControl(duplex: Duplex, peer: PeerPipe): void
  handleData(duplex: Duplex, peer: PeerPipe): void
  /** What is served for a root changed: it came, went, or is another object. Peers that have it open are told. */
  refresh(root: CID): Promise<void>
  sendPex(peerId: string, root: CID, records: readonly Uint8Array[]): void
  peers(): ServedPeer[]
}

/** Sessions of one peer: more are not needed, and the oldest may be of a connection that died unnoticed. */
const SESSIONS_PER_PEER = 4

/** Serves until it is disposed of; then everybody hears Bye(SHUTDOWN). */
export function openExchangeServer(options: ExchangeServerOptions): ExchangeServer {
  return new Server(options)
}

class Server implements ExchangeServer {
  readonly #options: ExchangeServerOptions
  readonly #clock: Clock
  readonly #turns: FairQueue
  readonly #sessions = new Map<number, ServerSession>()
  readonly #byNonce = new Map<string, ServerSession>()
  #nextId = 1
  #optimistic = 0
  #lastBytes = new Map<number, number>()
  #cancelSlotTimer: (() => void) | undefined
  #ended = false

  constructor(options: ExchangeServerOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#turns = new FairQueue(this.#clock, limits.QUANTUM_BYTES, limits.MAX_READ_AHEAD)
  }

  handleControl(duplex: Duplex, peer: PeerPipe): void {
    if (this.#ended) return duplex.abort(new Error('Shutting down'))
    const { servables, agent, budget, listener } = this.#options
    const id = this.#nextId++
    const nonce = this.#options.random?.(limits.NONCE_BYTES) ?? new Uint8Array(randomBytes(limits.NONCE_BYTES))
    const session = new ServerSession(peer, duplex, nonce, {
      servables,
      turns: this.#turns,
      budget: budget ?? unlimited,
      clock: this.#clock,
      agent,
      name: this.#options.nameFor?.(peer) ?? '',
      onOpen: root => listener?.onOpen?.(peer.peerId, root),
      onHave: (root, have) => listener?.onHave?.(peer.peerId, root, have),
      onPex: (root, records) => listener?.onPex?.(peer.peerId, root, records),
      onSent: (root, bytes) => listener?.onSent?.(peer.peerId, root, bytes),
      onInterest: () => this.#giveSlots(false),
      onClosed: error => {
        this.#sessions.delete(id)
        this.#byNonce.delete(keyOf(nonce))
        this.#lastBytes.delete(id)
        listener?.onClosed?.(peer.peerId, error)
        this.#giveSlots(false)
      }
    })
    this.#sessions.set(id, session)
    this.#byNonce.set(keyOf(nonce), session)
    const ofPeer = [...this.#sessions.values()].filter(it => it.peer.peerId === peer.peerId)
    if (ofPeer.length > SESSIONS_PER_PEER) ofPeer[0]?.end(undefined)
  }

  handleData(duplex: Duplex, peer: PeerPipe): void {
    const nonce = new Uint8Array(limits.NONCE_BYTES)
    let held = 0
    let session: ServerSession | undefined
    const cancelTimer = this.#clock.after(limits.HELLO_TIMEOUT_MS, () => duplex.abort(new Error('No nonce came')))
    duplex.onEnd(() => cancelTimer())
    duplex.onBytes(bytes => {
      const part = bytes.subarray(0, limits.NONCE_BYTES - held)
      nonce.set(part, held)
      held += part.length
      const surplus = bytes.length > part.length
      if (held === limits.NONCE_BYTES && session == null) {
        cancelTimer()
        session = this.#byNonce.get(keyOf(nonce))
        if (session?.peer.peerId !== peer.peerId || !session.addData(duplex)) {
          session = undefined
          return duplex.abort(new Error('A data stream of no session'))
        }
      }
      if (surplus) session?.onDataBytes()
    })
  }

  async refresh(root: CID): Promise<void> {
    const key = root.toString()
    await Promise.all([...this.#sessions.values()].map(session => session.refresh(key)))
    this.#giveSlots(false)
  }

  sendPex(peerId: string, root: CID, records: readonly Uint8Array[]): void {
    const key = root.toString()
    for (const session of this.#sessions.values()) if (session.peer.peerId === peerId) session.sendPex(key, records)
  }

  peers(): ServedPeer[] {
    return [...this.#sessions.values()].map(it => ({
      peerId: it.peer.peerId,
      name: it.name,
      agent: it.agent,
      choked: it.choked,
      bytesSent: it.bytesSent,
      bulkBytesSent: it.bulkBytesSent,
      queued: it.queued,
      roots: it.roots(),
      sent: it.sent,
      received: it.received
    }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    this.#cancelSlotTimer?.()
    for (const session of this.#sessions.values()) session.end(undefined)
  }

  /** Chokes and unchokes peers from public addresses. `turn`: the time for the next optimistic one has come. */
  #giveSlots(turn: boolean): void {
    if (this.#ended) return
    const wan = this.#wanPeers()
    if (wan.length > limits.WAN_SLOTS + 1 && !turn) return this.#waitForTurn(wan)
    const { unchoked, optimistic } = chooseUnchoked(wan, limits.WAN_SLOTS, this.#optimistic)
    if (turn) for (const [id, it] of this.#sessions) this.#lastBytes.set(id, it.bytesSent)
    this.#optimistic = optimistic
    const withSlot = new Set(wan.filter(it => unchoked.has(it.id)).flatMap(it => it.sessions))
    for (const it of this.#sessions.values()) if (!it.peer.isLan) it.setChoked(!withSlot.has(it))
    if (wan.length > limits.WAN_SLOTS + 1) this.#waitForTurn(wan)
  }

  /** Between turns only a free slot is given, to whoever waits longest: nobody loses one to a newcomer. */
  #waitForTurn(wan: readonly WanPeer[]): void {
    const served = wan.filter(it => it.sessions.some(session => !session.choked))
    const free = Math.max(0, limits.WAN_SLOTS + 1 - served.length)
    const next = wan.filter(it => !served.includes(it)).slice(0, free)
    for (const { sessions } of [...served, ...next]) for (const it of sessions) it.setChoked(false)
    this.#cancelSlotTimer ??= this.#clock.after(limits.OPTIMISTIC_MS, () => {
      this.#cancelSlotTimer = undefined
      this.#giveSlots(true)
    })
  }

  /** Who may want bytes, from public addresses, whoever came first first: a slot is a peer's, however many sessions it has. */
  #wanPeers(): WanPeer[] {
    const peers = new Map<string, WanPeer>()
    for (const [id, session] of this.#sessions) {
      const { peerId, isLan } = session.peer
      if (isLan || !session.interested) continue
      const peer = peers.get(peerId) ?? { id, sessions: [], recentBytes: 0 }
      peer.sessions.push(session)
      peer.recentBytes += session.bytesSent - (this.#lastBytes.get(id) ?? 0)
      peers.set(peerId, peer)
    }
    return [...peers.values()]
  }
}

interface WanPeer {
  /** Of its oldest session. */
  readonly id: number
  readonly sessions: ServerSession[]
  recentBytes: number
}

function keyOf(nonce: Uint8Array): string {
  return Buffer.from(nonce).toString('hex')
}
