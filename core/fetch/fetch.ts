// One transfer of one root: peers come in as requesters, verified files come out. Finds the layout, opens the download, runs the
// scheduler over it, finishes. What to ask of whom is decided in scheduler.ts; this is its shell.

import type { CID } from 'multiformats/cid'
import { RAW } from '../cid.ts'
import type { Layout } from '../content/layout.ts'
import { MAX_BLOCK_BYTES } from '../content/limits.ts'
import { type Code, CodedError, codeOf } from '../errors.ts'
import type { Requester } from '../exchange/requester.ts'
import { ChangeNotifier } from './change-notifier.ts'
import { findDuplicates } from './duplicate-leaves.ts'
import type { FetchPeer } from './fetch-peer.ts'
import { type FoundLayout, LayoutFinder } from './layout-finder.ts'
import type { BanReason } from './inputs-and-effects.ts'
import { HaveAnnouncer } from './have-announcer.ts'
import { MAX_OUT_BYTES } from './limits.ts'
import { LeafFetch } from './leaf-fetch.ts'
import { PeerSet } from './peer-set.ts'
import type { DownloadPort, FetchOptions, FetchSnapshot, Finished } from './ports.ts'
import { idleReason, peerRows, TransferStats } from './transfer-stats.ts'
import { type Service, Unserved } from './unserved.ts'

const TICK_MS = 250
const LIMITED_TICK_MS = 100
const FINISH_ATTEMPTS = 3

type Phase = 'layout' | 'ready' | 'open' | 'leaves' | 'finalise' | 'complete' | 'failed'
type Hold = 'paused' | 'disk-full' | 'io-error'
const HOLDS: Partial<Record<Code, Hold>> = {
  'disk-full': 'disk-full',
  'not-writable': 'io-error',
  unreadable: 'io-error'
}

/** Starts at once. The signal ends it, keeping everything for the next time; so does disposing of it. */
export function openFetch(root: CID, options: FetchOptions, signal: AbortSignal): Fetch {
  return new Fetch(root, options, signal)
}

export class Fetch implements AsyncDisposable {
  readonly root: CID
  /**
   * When everything chosen is there and named. Rejects with `bad-content`, `hash-mismatch`, `unsupported-layout`, `unsafe-name`,
   * `too-large`, `data-damaged`, and `cancelled` when it was ended. A full disk is a state, not an end: `resume` goes on.
   */
  readonly done: Promise<Finished>
  readonly #options: FetchOptions
  readonly #ending = new AbortController()
  readonly #peers: PeerSet
  readonly #stats = new TransferStats()
  readonly #changes: ChangeNotifier
  readonly #layout = Promise.withResolvers<Layout>()
  readonly #wanted = Promise.withResolvers<void>() // not only previewed
  #finder: LayoutFinder
  #download: DownloadPort | undefined
  #leaves: LeafFetch | undefined
  #teller: HaveAnnouncer | undefined
  #known: Layout | undefined
  #phase: Phase = 'layout'
  #hold: Hold | undefined
  #free = Promise.withResolvers<void>() // pending while held
  #attempt = new AbortController()
  #limitPerSecond: number
  #hasTurn: boolean
  #hadTurn: boolean
  readonly #unserved: Unserved
  #cancelTick: (() => void) | undefined

  constructor(root: CID, options: FetchOptions, signal: AbortSignal) {
    this.root = root
    this.#options = options
    this.#limitPerSecond = options.limitPerSecond ?? 0
    this.#hasTurn = options.hasTurn ?? true
    this.#hadTurn = this.#hasTurn || options.unservedMs != null
    this.#unserved = new Unserved(options.unservedMs)
    const { ports } = options
    this.#changes = new ChangeNotifier(ports.clock)
    this.#peers = new PeerSet({
      root,
      clock: ports.clock,
      stats: this.#stats,
      finder: () => this.#finder,
      leaves: () => this.#leaves,
      join: peer => this.#join(peer),
      onPex: (id, records) => ports.onPex(id, records),
      ban: (id, reason) => ports.ban(id, reason),
      onChange: () => this.#changes.changed()
    })
    this.#finder = this.#newFinder(options.mode === 'preview')
    this.#peers.prefer(options.mode === 'fetch' && this.#hasTurn)
    if (options.mode === 'fetch') this.#wanted.resolve()
    if (this.#hasTurn) this.#free.resolve()
    const end = (): void => this.#ending.abort(signal.reason)
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    this.#layout.promise.catch(() => {}) // whoever asks for it hears
    this.#tick()
    this.done = this.#run().finally(() => signal.removeEventListener('abort', end))
    this.done.catch(() => {})
  }

  /** When the layout is known and verified (of a raw root that is only previewed: as a peer says). Rejects as `done`. */
  async layout(): Promise<Layout> {
    return this.#layout.promise
  }

  /** Goes on after a preview. */
  start(): void {
    this.#peers.prefer(this.#hasTurn)
    this.#wanted.resolve()
  }

  /** A session with a peer that may have the root; false when it is not wanted. It stays the caller's to close. */
  addPeer(requester: Requester, { rttMs }: { rttMs: number | undefined }): boolean {
    if (this.#ending.signal.aborted || this.#phase === 'failed') return false
    return this.#peers.add(requester, rttMs)
  }

  removePeer(peerId: string): void {
    this.#peers.find(peerId)?.end()
  }

  setRtt(peerId: string, rttMs: number): void {
    this.#peers.setRtt(peerId, rttMs)
  }

  /** The user allows a peer again that was banned. */
  forgive(peerId: string): void {
    this.#peers.forgive(peerId)
  }

  /** Bytes per second; 0: no limit. */
  setLimit(bytesPerSecond: number): void {
    this.#limitPerSecond = bytesPerSecond
    this.#leaves?.feed({ type: 'limit-changed', bytesPerSecond })
  }

  /** Asks for nothing more until `resume`; keeps everything. */
  pause(): void {
    if (this.#phase === 'complete' || this.#phase === 'failed' || this.#phase === 'finalise') return
    this.#setHold('paused')
  }

  /** Goes on: after `pause`, and after a full disk or one that could not be written. */
  resume(): void {
    if (this.#hold == null) return
    this.#hold = undefined
    if (!this.#isResting) this.#goOn()
    this.#changes.changed()
  }

  /**
   * Whether it may ask for anything. Without a turn it keeps everything, and only listens to who could send; roots of those that have one go first where
   * a peer has as many open for us as may be.
   */
  setTurn(hasTurn: boolean): void {
    if (this.#hasTurn === hasTurn) return
    const wasResting = this.#isResting
    this.#hasTurn = hasTurn
    this.#hadTurn ||= hasTurn
    this.#peers.prefer(hasTurn)
    if (!wasResting) this.#rest()
    else if (!this.#isResting) this.#goOn()
    this.#changes.changed()
  }

  /** It is busy with the disk, or somebody could send now what is missing; without a turn, as far as they said. */
  get canReceive(): boolean {
    if (this.#hold != null) return false
    switch (this.#phase) {
      case 'layout':
      case 'ready':
        return this.#hasTurn ? this.#finder.isServed(this.#now) : this.#peers.ready().some(peer => !peer.choked)
      case 'leaves':
        return this.#leaves?.scheduler.canReceive(this.#now) ?? true
      case 'open':
      case 'finalise':
        return true
      case 'complete':
      case 'failed':
        return false
      default:
        return this.#phase satisfies never
    }
  }

  /** Tells every peer, or one, of others that have this root. */
  sendPex(records: readonly Uint8Array[], peerId?: string): void {
    for (const peer of this.#peers.ready()) if (peerId == null || peer.id === peerId) peer.root?.sendPex(records)
  }

  /** Called after something in the snapshot changed, at most ten times a second. Returns the function that ends it. */
  onChange(listener: () => void): () => void {
    return this.#changes.listen(listener)
  }

  snapshot(): FetchSnapshot {
    const now = this.#now
    this.#observe()
    const ready = this.#peers.ready()
    const states = this.#leaves?.scheduler.peers(now) ?? []
    const isAsking = this.#hold == null && (this.#phase === 'layout' || this.#phase === 'leaves')
    const isStarved = this.#hasTurn ? this.#leaves?.scheduler.starved === true : !this.canReceive
    const info = ready[0]?.info
    return {
      state: this.#state(ready.length > 0),
      bytes: this.#download?.bytesWritten ?? null,
      total: this.#download?.totalBytes ?? null, // what was chosen, which only the download knows
      received: this.#stats.receivedBytes,
      duplicate: this.#stats.duplicateBytes,
      sources: this.#stats.sources.size,
      ratePerSecond: Math.round(this.#stats.rate.rate(now)),
      peers: peerRows(this.#peers.all(), states),
      waitingFor: !isAsking
        ? this.#hold === 'disk-full' || this.#hold === 'io-error'
          ? 'disk'
          : undefined
        : this.#stats.isQuiet(now)
          ? idleReason(ready, states, isStarved)
          : undefined,
      noProgressSinceMs: this.#unserved.isCounting ? this.#unserved.totalMs(now) : undefined,
      sourceChangedSeen: this.#stats.sourceChangedSeen || (this.#leaves?.scheduler.sourceChanged ?? false),
      hashMismatchSeen: this.#stats.hashMismatchSeen,
      nameHint: ready.find(peer => peer.info?.name !== '')?.info?.name ?? '',
      sizeHint: this.#known?.sizeBytes ?? info?.size ?? null
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new CodedError('cancelled', 'The transfer was stopped; what has arrived is kept.'))
    await this.done.catch(() => {})
    this.#teller?.[Symbol.dispose]()
    this.#peers.end()
    this.#cancelTick?.()
    this.#changes[Symbol.dispose]()
    this.#leaves?.[Symbol.dispose]()
    await this.#download?.[Symbol.asyncDispose]()
  }

  async #run(): Promise<Finished> {
    const { signal } = this.#ending
    const abort = (): void => {
      this.#free.resolve()
      this.#wanted.resolve()
      this.#leaves?.stop(cancelled(signal.reason))
    }
    signal.addEventListener('abort', abort, { once: true })
    try {
      signal.throwIfAborted()
      return await this.#transfer()
    } catch (error) {
      const reason = signal.aborted ? cancelled(signal.reason) : error
      this.#phase = 'failed'
      this.#layout.reject(reason)
      this.#peers.end()
      throw reason
    } finally {
      signal.removeEventListener('abort', abort)
      this.#changes.changed()
    }
  }

  async #transfer(): Promise<Finished> {
    const { signal } = this.#ending
    let found = await this.#find(this.#finder)
    this.#setLayout(found.layout)
    this.#phase = 'ready'
    this.#changes.changed()
    await this.#wanted.promise
    signal.throwIfAborted()
    if (this.root.code === RAW && found.leaf == null) found = await this.#findLeaf()
    for (let attempts = 1; ;) {
      await this.#free.promise
      signal.throwIfAborted()
      try {
        return await this.#try(found)
      } catch (error) {
        signal.throwIfAborted()
        if (this.#attempt.signal.aborted) continue
        const hold = HOLDS[codeOf(error)]
        if (hold == null) throw error
        if (codeOf(error) !== 'unreadable' || attempts++ >= FINISH_ATTEMPTS) this.#setHold(hold)
      }
    }
  }

  /** No room to keep a skeleton makes a transfer wait, and begin with what was kept; a preview ends with it. */
  async #find(finder: LayoutFinder): Promise<FoundLayout> {
    const { signal } = this.#ending
    for (;;) {
      try {
        return await finder.find(signal)
      } catch (error) {
        signal.throwIfAborted()
        if (this.#options.mode === 'preview' || codeOf(error) !== 'disk-full') throw error
      }
      this.#setHold('disk-full')
      await this.#free.promise
      signal.throwIfAborted()
      finder = this.#anotherFinder()
    }
  }

  /** A preview took a peer's word for the length of a raw root: now it is fetched and measured. */
  async #findLeaf(): Promise<FoundLayout> {
    this.#phase = 'layout'
    const found = await this.#find(this.#anotherFinder())
    this.#setLayout(found.layout)
    return found
  }

  #anotherFinder(): LayoutFinder {
    this.#finder = this.#newFinder(false)
    for (const peer of this.#peers.ready()) this.#finder.addPeer(peer)
    return this.#finder
  }

  async #try({ layout, leaf }: FoundLayout): Promise<Finished> {
    this.#attempt = new AbortController()
    const signal = AbortSignal.any([this.#ending.signal, this.#attempt.signal])
    this.#phase = 'open'
    const opened = this.#download ?? (await this.#options.ports.openDownload(layout, signal))
    if ('alreadyAt' in opened) {
      this.#phase = 'complete'
      return { path: opened.alreadyAt, leftOut: [] }
    }
    this.#download = opened
    if (this.#leaves == null) {
      if (leaf != null && !opened.have.has(0)) await opened.writeLeaf([0], leaf)
      await opened.copyLocal(signal)
      this.#leaves = await this.#openLeaves(layout, opened, signal)
    }
    this.#phase = 'leaves'
    await this.#leaves.run()
    this.#phase = 'finalise'
    this.#changes.changed()
    const finished = await opened.finish(this.#ending.signal)
    this.#phase = 'complete'
    return finished
  }

  async #openLeaves(layout: Layout, download: DownloadPort, signal: AbortSignal): Promise<LeafFetch> {
    const { clock, random } = this.#options.ports
    const stats = this.#stats
    const ports = {
      now: () => clock.now(),
      random,
      roomBytes: () => Math.max(MAX_BLOCK_BYTES, this.#options.roomBytes?.() ?? MAX_OUT_BYTES),
      request: (id: string, runs: readonly { start: number; count: number }[]) =>
        this.#peers.find(id)?.root?.request(runs),
      cancel: (id: string, runs: readonly { start: number; count: number }[]) => {
        this.#peers.find(id)?.root?.cancel(runs)
        for (const run of runs) stats.cancelled(id, run)
      },
      ban: (id: string, reason: BanReason) => this.#peers.ban(id, reason),
      onGood: (id: string) => stats.sources.add(id),
      onWrong: () => {
        stats.hashMismatchSeen = true
      },
      onDuplicate: (bytes: number) => {
        stats.duplicateBytes += bytes
      },
      onChange: () => this.#changes.changed()
    }
    const duplicates = await findDuplicates(layout, random, signal)
    const shared = this.#options.sharedLimits ?? []
    const leaves = await LeafFetch.open(layout, download, ports, { shared, duplicates }, signal)
    signal.throwIfAborted()
    this.#leaves = leaves
    this.#leaves.feed({ type: 'limit-changed', bytesPerSecond: this.#limitPerSecond })
    this.#teller = new HaveAnnouncer(
      download,
      {
        forEach: tell => {
          for (const { root } of this.#peers.ready()) if (root != null) tell(root)
        }
      },
      clock
    )
    for (const peer of this.#peers.ready()) this.#join(peer)
    return this.#leaves
  }

  #join(peer: FetchPeer): void {
    if (this.#leaves == null || this.#known == null || peer.root == null) return
    const { leafBytes, leafCount } = this.#known
    peer.root.setLayout(leafBytes, leafCount)
    this.#teller?.greet(peer.root)
    this.#leaves.feed({ type: 'peer-opened', peer: peer.id, rttMs: peer.rttMs })
    this.#leaves.feed({ type: 'choke-changed', peer: peer.id, choked: peer.choked, slotsBytes: peer.slotsBytes })
    const change = peer.have.take()
    if (change != null) this.#leaves.feed({ type: 'have-received', peer: peer.id, change })
  }

  #newFinder(isPeek: boolean): LayoutFinder {
    return new LayoutFinder(this.root, {
      ports: this.#options.ports,
      isPeek,
      isPaused: this.#isResting,
      onLeaf: id => this.#stats.sources.add(id),
      blame: id => this.#peers.blame(id)
    })
  }

  #setLayout(layout: Layout): void {
    this.#known = layout
    this.#layout.resolve(layout)
  }

  get #isResting(): boolean {
    return this.#hold != null || !this.#hasTurn
  }

  #setHold(hold: Hold): void {
    const wasResting = this.#isResting
    this.#hold = hold
    if (!wasResting) this.#rest()
    this.#changes.changed()
  }

  #rest(): void {
    this.#free = Promise.withResolvers()
    this.#finder.pause()
    this.#leaves?.pause()
    if (this.#phase === 'open') this.#attempt.abort(new CodedError('cancelled', 'Paused'))
  }

  #goOn(): void {
    this.#finder.resume()
    this.#leaves?.resume()
    this.#free.resolve()
  }

  #state(isAnswered: boolean): FetchSnapshot['state'] {
    if (this.#hold != null && this.#phase !== 'failed') return this.#hold
    switch (this.#phase) {
      case 'layout':
        return isAnswered ? 'skeleton' : 'resolve'
      case 'open':
        return this.#download == null ? 'open' : 'fetch'
      case 'leaves':
        if (this.#leaves?.scheduler.starved === true || !this.#hasTurn) return 'stalled'
        return this.#leaves?.scheduler.isEndgame === true ? 'endgame' : 'fetch'
      case 'ready':
      case 'finalise':
      case 'complete':
      case 'failed':
        return this.#phase
      default:
        return this.#phase satisfies never
    }
  }

  /** Of the time to give up in, what is used up; undefined before the first turn. For the next fetch of the same, if this one is to be closed. */
  get unservedMs(): number | undefined {
    return this.#hadTurn ? this.#unserved.totalMs(this.#now) : undefined
  }

  #observe(): void {
    const isOff = this.#hold != null || !this.#hadTurn || this.#phase === 'failed'
    this.#unserved.observe(isOff ? 'served' : this.#service(this.#now), this.#now)
  }

  /** Whether somebody could send what is missing, now or when he lets us. */
  #service(now: number): Service {
    const isLooking = this.#phase === 'layout'
    if (!isLooking && this.#leaves == null && (this.#hasTurn || this.#phase === 'open')) return 'busy'
    if (!isLooking) return (this.#leaves?.scheduler.isServed(now) ?? this.canReceive) ? 'served' : 'unserved'
    return (this.#hasTurn ? this.#finder.isServed(now) : this.#peers.ready().length > 0) ? 'served' : 'unserved'
  }

  get #now(): number {
    return this.#options.ports.clock.now()
  }

  #tick(): void {
    this.#finder.tick()
    this.#leaves?.tick()
    this.#observe()
    if (this.#phase === 'complete' || this.#phase === 'failed') return
    const limited = this.#limitPerSecond > 0 || this.#options.sharedLimits?.some(it => it.isSet) === true
    this.#cancelTick = this.#options.ports.clock.after(limited ? LIMITED_TICK_MS : TICK_MS, () => this.#tick())
  }
}

function cancelled(reason: unknown): CodedError {
  if (reason instanceof CodedError) return reason
  return new CodedError('cancelled', 'The transfer was stopped; what has arrived is kept.', { cause: reason })
}
