// The node and everybody connected to it who speaks the exchange: the server that answers them, our requester towards each,
// and what people see of them.
import type { CID } from 'multiformats/cid'
import { rootText } from '../../core/cid.ts'
import type { PeerPipe } from '../../core/exchange/duplex.ts'
import { ExchangeCode, ExchangeError, HaveKind } from '../../core/exchange/codes.ts'
import type { HaveMessage } from '../../core/exchange/messages.ts'
import type { UploadBudget } from '../../core/exchange/upload-limiter.ts'
import { openRequester } from '../../core/exchange/open-requester.ts'
import type { Requester } from '../../core/exchange/requester.ts'
import type { Servables } from '../../core/exchange/servable.ts'
import { type ExchangeServer, openExchangeServer } from '../../core/exchange/server.ts'
import type { BanReason } from '../../core/fetch/inputs-and-effects.ts'
import type { Network } from '../../core/network/network.ts'
import type { Peer } from '../contract/shapes.ts'
import { Bans, type KeptBans } from './bans.ts'
import { type Clock, systemClock } from '../../core/clock.ts'
import type { Log } from './log.ts'
import { Gate } from './gate.ts'
import { RateMeter } from '../../core/rate-meter.ts'
import type { Other, Served } from './shares.ts'
import { ListFeed } from './snapshot-feed.ts'
import type { AskablePeer, SwarmPort } from './swarm-port.ts'
import { MAX_COPIES_NOTED, ToldCopies } from './told-copies.ts'

const ROWS_INTERVAL_MS = 500
const RETRY_FIRST_MS = 1_000
const RETRY_MAX_MS = 60_000
const BAN_MS = 24 * 3_600_000 // DESIGN.md, "Peers that misbehave"
const MAX_DIALS_A_LOOK = 32 // providers of one look into the DHT
const MAX_LOOKS = 16 // into the DHT at once: a hundred downloads may want one in the same moment

export interface ConnectionsPorts {
  readonly network: Network
  readonly servables: Servables
  /** Whether all of a root is served here now. */
  readonly isWhole: (root: CID) => boolean
  readonly budget: UploadBudget
  readonly agent: string
  readonly deviceName: () => string
  readonly bans: KeptBans
  readonly log: Log
}

interface Traffic {
  readonly in: RateMeter
  readonly out: RateMeter
}

export class Connections implements SwarmPort, AsyncDisposable {
  readonly feed = new ListFeed<Peer>()
  readonly server: ExchangeServer
  readonly bans: Bans
  /** What others count as copies here. */
  readonly told: ToldCopies
  readonly #ports: ConnectionsPorts
  readonly #clock: Clock
  readonly #stop = new AbortController()
  readonly #looks = new Gate(MAX_LOOKS)
  readonly #asked = new Map<string, AskablePeer>()
  readonly #listeners = new Set<(asked: AskablePeer) => void>()
  readonly #allowListeners = new Set<(peerId: string) => void>()
  readonly #traffic = new Map<string, Traffic>()
  readonly #sentBytes = new Map<string, number>() // by root
  readonly #copies = new Map<string, Set<string>>() // roots that a peer said to hold all of, by peer, as long as it is connected
  readonly #forget: () => void
  #cancelTimer: () => void = () => {}

  constructor(ports: ConnectionsPorts, clock: Clock = systemClock) {
    this.#ports = ports
    this.#clock = clock
    const { network } = ports
    this.bans = new Bans(ports.bans)
    this.told = new ToldCopies({
      isWhole: ports.isWhole,
      requester: peerId => this.#asked.get(peerId)?.requester
    })
    for (const { peerId } of this.bans.feed.rows()) network.ban(peerId)
    this.server = openExchangeServer({
      servables: ports.servables,
      agent: ports.agent,
      nameFor: pipe => this.#nameFor(pipe),
      budget: ports.budget,
      listener: {
        onPex: (peerId, _root, records) => this.acceptPex(peerId, records),
        onHave: (peerId, root, have) => this.#noteCopy(peerId, rootText(root), have.kind),
        onSent: (peerId, root, bytes) => this.#countSent(peerId, root, bytes),
        onClosed: (_peerId, error) => this.#noteEnd('exchange.served-peer-ended', error)
      }
    })
    network.handle('control', (duplex, pipe) => this.server.handleControl(duplex, pipe))
    network.handle('data', (duplex, pipe) => this.server.handleData(duplex, pipe))
    this.#forget = network.onPeer((peerId, event) => {
      if (event === 'disconnect') {
        this.#copies.delete(peerId)
        this.told.forget(peerId)
      }
      if (event === 'connect') void this.#greet(peerId, RETRY_FIRST_MS)
      this.#refreshRows()
    })
    this.#watchRows()
  }

  onRequester(listener: (asked: AskablePeer) => void): () => void {
    this.#listeners.add(listener)
    for (const asked of this.#asked.values()) listener(asked)
    return () => this.#listeners.delete(listener)
  }

  get askable(): number {
    return this.#asked.size
  }

  async dialHints(addrs: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    return this.#ports.network.dialHints(addrs, signal)
  }

  async findProviders(root: CID, isFirst: boolean, signal: AbortSignal): Promise<number> {
    const leave = await this.#looks.enter(isFirst, signal)
    if (leave == null) return 0
    const dials = await this.#look(root, signal).finally(leave)
    await Promise.all(dials)
    return dials.length
  }

  async #look(root: CID, signal: AbortSignal): Promise<Promise<unknown>[]> {
    const dials: Promise<unknown>[] = []
    try {
      for await (const { peerId, addrs } of this.#ports.network.findProviders(root, signal)) {
        if (dials.length >= MAX_DIALS_A_LOOK) break
        if (this.#asked.has(peerId)) continue
        const dialled = addrs.length > 0 ? this.#ports.network.dialHints(addrs, signal) : this.#dialPeer(peerId, signal)
        dials.push(dialled.catch(() => {})) // one that fails while others are still looked for
      }
    } catch (error) {
      if (!signal.aborted) this.#ports.log.error('dht.look-failed', error)
    }
    return dials
  }

  keep(peerId: string, keep: boolean): void {
    this.#ports.network.tag(peerId, keep)
  }

  ban(peerId: string, reason: BanReason): void {
    const name = this.feed.get(peerId)?.name ?? ''
    const over = this.bans.add({ peerId, name, reason, until: Date.now() + BAN_MS })
    this.#ports.network.ban(peerId)
    for (const other of over) this.#allowed(other)
  }

  /** Lifts a ban: it may come again, and is dialled when it is found. False when there was none. */
  allow(peerId: string): boolean {
    if (!this.bans.lift(peerId)) return false
    this.#allowed(peerId)
    return true
  }

  #allowed(peerId: string): void {
    this.#ports.network.unban(peerId)
    for (const listener of this.#allowListeners) listener(peerId)
  }

  onAllowed(listener: (peerId: string) => void): () => void {
    this.#allowListeners.add(listener)
    return () => this.#allowListeners.delete(listener)
  }

  async pexRecords(recipient: string, others: readonly string[]): Promise<Uint8Array[]> {
    return this.#ports.network.pexRecords(recipient, others)
  }

  acceptPex(sender: string, records: readonly Uint8Array[]): void {
    this.#ports.network.acceptPex(sender, records).catch((error: unknown) => this.#ports.log.error('pex.failed', error))
  }

  /** Dials one address now. Throws usage, forbidden, no-providers, cancelled. */
  async dial(addr: string, signal: AbortSignal): Promise<void> {
    await this.#ports.network.dial(addr, signal, 'peer')
  }

  /** What is known of who has, reads and got a root from here. */
  served(root: string): Served {
    const others = this.others(root)
    const copies = others.filter(({ isComplete }) => isComplete).length
    return { copies, readers: others.length - copies, sentBytes: this.#sentBytes.get(root) ?? 0 }
  }

  /** Everybody connected who holds all of a root or takes it from here, each once; who only looks at it is not among them. */
  others(root: string): Other[] {
    const found = new Map<string, Other>()
    for (const { peerId, name, roots } of this.server.peers()) {
      const isComplete = this.#copies.get(peerId)?.has(root) === true
      if (isComplete || roots.some(({ key, reads }) => reads && key === root)) {
        found.set(peerId, { peerId, name, isComplete })
      }
    }
    return [...found.values()]
  }

  /** A peer closes a root when it has it: what it said of it holds until it leaves. */
  #noteCopy(peerId: string, root: string, kind: HaveKind): void {
    if (kind === HaveKind.SET) return
    const roots = this.#copies.get(peerId) ?? new Set()
    if (kind === HaveKind.FULL && roots.size < MAX_COPIES_NOTED) roots.add(root)
    if (kind !== HaveKind.FULL) roots.delete(root)
    this.#copies.set(peerId, roots)
  }

  /** Counts payload that came from a peer. */
  countReceived(peerId: string, bytes: number): void {
    this.#trafficOf(peerId).in.add(bytes, this.#clock.now())
  }

  rows(): Peer[] {
    const now = this.#clock.now()
    return this.#ports.network
      .peers()
      .filter(peer => peer.isExchanging)
      .map(({ peerId, name, addrs, via, direct, latencyMs }) => ({
        peerId,
        name: name ?? '',
        addrs: [...addrs],
        via,
        direct,
        nearby: this.#ports.network.pipe(peerId)?.isLan ?? false,
        latencyMs: latencyMs ?? null,
        rateIn: this.#traffic.get(peerId)?.in.rate(now) ?? 0,
        rateOut: this.#traffic.get(peerId)?.out.rate(now) ?? 0
      }))
  }

  /** Says goodbye to everybody. The node itself is its owner's. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelTimer()
    this.#forget()
    this.#stop.abort(new DOMException('Shoal is stopping', 'AbortError'))
    await Promise.allSettled([...this.#asked.values()].map(async ({ requester }) => requester[Symbol.asyncDispose]()))
    await this.server[Symbol.asyncDispose]()
  }

  async #dialPeer(peerId: string, signal: AbortSignal): Promise<void> {
    await this.#ports.network.dial(peerId, signal, 'dht')
  }

  /** Opens our requester towards a peer, and again when the session ends while the connection lives. Never rejects. */
  async #greet(peerId: string, retryMs: number): Promise<void> {
    const pipe = this.#ports.network.pipe(peerId)
    if (pipe == null || this.#stop.signal.aborted || this.#asked.has(peerId)) return
    const again = (): void => {
      if (this.#stop.signal.aborted) return
      this.#clock.after(retryMs, () => void this.#greet(peerId, Math.min(retryMs * 2, RETRY_MAX_MS)))
    }
    let requester: Requester
    try {
      const hello = {
        agent: this.#ports.agent,
        name: this.#nameFor(pipe),
        onSaid: (root: CID, { kind }: HaveMessage) => this.told.note(peerId, root, kind)
      }
      requester = await openRequester(pipe, hello, this.#stop.signal)
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#noteFailure('exchange.greeting-failed', error)
      return again()
    }
    const asked = { requester, rttMs: pipe.rttMs }
    this.#asked.set(peerId, asked)
    this.#ports.network.noteName(peerId, requester.name)
    requester.onClosed(error => {
      this.#noteEnd('exchange.asked-peer-ended', error)
      if (this.#asked.get(peerId) === asked) this.#asked.delete(peerId)
      again()
    })
    for (const listener of this.#listeners) listener(asked)
    this.told.greet(peerId)
    this.#refreshRows()
  }

  /** The device's name is for the neighbourhood. */
  #nameFor(pipe: PeerPipe): string {
    return pipe.isLan ? this.#ports.deviceName() : ''
  }

  #countSent(peerId: string, root: CID, bytes: number): void {
    const key = rootText(root)
    this.#sentBytes.set(key, (this.#sentBytes.get(key) ?? 0) + bytes)
    this.#trafficOf(peerId).out.add(bytes, this.#clock.now())
  }

  #trafficOf(peerId: string): Traffic {
    let traffic = this.#traffic.get(peerId)
    if (traffic == null) this.#traffic.set(peerId, (traffic = { in: new RateMeter(), out: new RateMeter() }))
    return traffic
  }

  #noteEnd(event: string, error: Error | undefined): void {
    if (error instanceof ExchangeError) this.#noteFailure(event, error)
  }

  /** That the other side ends is ordinary; that it misbehaves, or that we do, is not. */
  #noteFailure(event: string, error: unknown): void {
    const code = error instanceof ExchangeError ? error.code : ExchangeCode.PROTOCOL
    if (code === ExchangeCode.PROTOCOL || code === ExchangeCode.LIMIT) this.#ports.log.error(event, error)
  }

  #watchRows(): void {
    this.#cancelTimer = this.#clock.after(ROWS_INTERVAL_MS, () => {
      this.#refreshRows()
      this.#watchRows()
    })
  }

  #refreshRows(): void {
    for (const peerId of this.bans.takeOver(Date.now())) this.#allowed(peerId)
    const rows = new Map(this.rows().map(row => [row.peerId, row]))
    for (const { peerId } of this.feed.rows()) {
      if (rows.has(peerId)) continue
      this.feed.delete(peerId)
      this.#traffic.delete(peerId)
    }
    for (const [peerId, row] of rows) {
      if (JSON.stringify(row) !== JSON.stringify(this.feed.get(peerId))) this.feed.set(peerId, row)
    }
  }
}
