// One transfer while it runs: brings peers to the fetch, gives it a place to write, publishes what it shows, decides when to give up.
// What is asked of whom is the fetch's affair; what is kept is the row's, which its owner writes.
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { parseRoot, rootText } from '../../core/cid.ts'
import { entryCount, type Layout } from '../../core/content/layout.ts'
import { CodedError, codeOf } from '../../core/errors.ts'
import { type Fetch, openFetch } from '../../core/fetch/fetch.ts'
import { MAX_OUT_BYTES } from '../../core/fetch/limits.ts'
import type { AlreadyAt, DownloadPort, FetchSnapshot, FetchState } from '../../core/fetch/ports.ts'
import type { DownloadLimit } from '../../core/fetch/download-limit.ts'
import { type HashPool } from '../../core/files/hash-pool.ts'
import { indexPaths } from '../../core/files/index-paths.ts'
import { cleanName } from '../../core/files/safe-name.ts'
import type { Clock } from '../../core/clock.ts'
import type { Servable } from '../../core/exchange/servable.ts'
import type { Download } from '../../core/store/download.ts'
import { findExisting, whatStandsAt } from '../../core/store/find-existing.ts'
import { openDownload } from '../../core/store/open-download.ts'
import type { Store } from '../../core/store/store.ts'
import type { TransferRow } from '../../core/store/transfer-repo.ts'
import { MANY_FILES } from '../contract/limits.ts'
import type { Transfer, TransferDetails, TransferEvent, WireError } from '../contract/shapes.ts'
import { toWire } from '../contract/wire-error.ts'
import { givenUp } from './giving-up.ts'
import { ProviderSearch } from './provider-search.ts'
import type { SwarmPort } from './swarm-port.ts'
import { transferDetails } from './transfer-details.ts'
import { type Progress, TransferView } from './transfer-view.ts'

const LOOK_MS = 100 // ten snapshots a second at most
const IDLE_LOOK_MS = 500 // while it has no turn
const DETAILS_MS = 1_000
const SAVE_MS = 5_000
const DISK_RETRY_MS = 5_000
const PEX_FIRST_MS = 5_000
const PEX_MS = 60_000
const OPENING: ReadonlySet<FetchState> = new Set(['resolve', 'skeleton', 'open', 'finalise'])

/** How it ended: the row's new state, and what a follower is told or thrown. */
export interface Outcome {
  readonly row: Partial<TransferRow>
  readonly error: WireError | null
  readonly event: TransferEvent | null
  readonly thrown: unknown
}

export interface RunPorts {
  readonly clock: Clock
  readonly store: Store
  /** Undefined without a node: only what this device holds can be had. */
  readonly swarm: SwarmPort | undefined
  readonly pool: HashPool
  readonly sharedLimits: readonly DownloadLimit[]
  readonly reserveBytes: (directory: string) => number
  /** A root that can be served from now on, complete or not. */
  readonly holds: (root: CID) => void
  /** Whether what was received is kept as a share. */
  readonly keepSharing: () => boolean
  /** How many transfers have a turn now: they share what may be outstanding in all. */
  readonly active: () => number
  /** Payload that came from a peer. */
  readonly received: (peerId: string, bytes: number) => void
  readonly log: (error: unknown) => void
  /** How many files, folders and symlinks are got without asking; only tests have other numbers. */
  readonly manyFiles?: number
  /** `canReceive`: a turn is of use to it now. */
  readonly changed: (shown: Transfer, event: Progress, canReceive: boolean) => void
  /** What its row should say from now on. */
  readonly save: (progress: Partial<TransferRow>) => void
  /** Once, unless it is disposed of before. */
  readonly ended: (outcome: Outcome) => void
}

export interface RunOptions {
  readonly giveUpAfterMs: number | null
  /** From the link: bytes, not trusted. */
  readonly sizeHint: number | null
  /** What the last run says of itself: the time to give up in begins with the first turn of all. */
  readonly unservedMs?: number | undefined
  /** Begins when this has settled: the last run of the same transfer closes its files. */
  readonly after?: Promise<void>
}

export class TransferRun implements AsyncDisposable {
  readonly #row: TransferRow
  readonly #root: CID
  readonly #ports: RunPorts
  readonly #view: TransferView
  readonly #stop = new AbortController()
  readonly #stack = new AsyncDisposableStack()
  readonly #startedAt: number
  readonly #over: Promise<void>
  #giveUpAfterMs: number | null
  readonly #unservedMs: number | undefined
  #fetch: Fetch | undefined
  #layout: Layout | undefined
  #download: Download | undefined
  #search: ProviderSearch | undefined
  #extraSearches: ProviderSearch[] = []
  readonly #givenUp = Promise.withResolvers<never>()
  readonly #firstTurn = Promise.withResolvers<void>()
  #saidCanReceive = false
  #hasTurn = false
  /** What stands at the place already was looked at. */
  #hasLooked = false
  #isOver = false
  /** What it does now grows with the number of files: a process that ends meanwhile may have ended of it. */
  #isOpening = false
  #cutOff: number
  #cancelLook: (() => void) | undefined
  readonly #counted = new Map<string, number>() // payload by peer, as last reported
  #limitPerSecond = 0
  #savedAt = 0
  #diskTriedAt = Number.NEGATIVE_INFINITY
  #pexAt: number

  constructor(id: string, row: TransferRow, options: RunOptions, ports: RunPorts) {
    this.#row = row
    this.#root = parseRoot(row.root)
    this.#cutOff = row.cutOff ?? 0
    this.#ports = ports
    this.#giveUpAfterMs = options.giveUpAfterMs
    this.#unservedMs = options.unservedMs
    this.#startedAt = ports.clock.now()
    this.#pexAt = this.#startedAt + PEX_FIRST_MS
    this.#view = new TransferView(id, row)
    this.#givenUp.promise.catch(() => {}) // whoever waits for the fetch hears
    this.#over = this.#run(options)
  }

  /** What other peers may have of it already; `not-yet` until the skeleton is here, undefined when it is withdrawn. */
  get servable(): Servable | 'not-yet' | undefined {
    return this.#download?.isWithdrawn === true ? undefined : (this.#download ?? 'not-yet')
  }

  get view(): TransferView {
    return this.#view
  }

  /** Once the skeleton is here. */
  get layout(): Layout | undefined {
    return this.#layout
  }

  get download(): Download | undefined {
    return this.#download
  }

  /** What the row should say when it is stopped now. */
  get progress(): Partial<TransferRow> {
    const shown = this.#view.row
    return { bytes: shown.bytes, name: shown.name, ...(shown.total != null && { totalBytes: shown.total }) }
  }

  /** Of the time to give up in, what is used up; undefined before the first turn. */
  get unservedMs(): number | undefined {
    return this.#fetch == null ? this.#unservedMs : this.#fetch.unservedMs
  }

  /** Somebody else asked for the same: more addresses to try, and the last word on when to give up. */
  askAlso(addrs: readonly string[], giveUpAfterMs: number | null): void {
    this.#giveUpAfterMs = giveUpAfterMs
    if (this.#ports.swarm == null || addrs.length === 0) return
    this.#extraSearches.push(new ProviderSearch(this.#ports.swarm, this.#root, addrs))
  }

  /** Bytes per second for this transfer, 0 = none. */
  get limitPerSecond(): number {
    return this.#limitPerSecond
  }

  limit(bytesPerSecond: number): void {
    this.#limitPerSecond = bytesPerSecond
    this.#fetch?.setLimit(bytesPerSecond)
  }

  /** Without a turn, which it begins without, it keeps everything, asks for nothing, and listens to who could send. */
  setTurn(hasTurn: boolean): void {
    this.#hasTurn = hasTurn
    if (hasTurn) this.#firstTurn.resolve()
    if (this.#hasLooked) this.#fetch?.setTurn(hasTurn)
    this.#lookNow()
  }

  /** Looks at once whether a disk that was full has room. */
  tryNow(): void {
    this.#diskTriedAt = Number.NEGATIVE_INFINITY
  }

  /** Once a second, for as long as somebody looks. */
  async *details(signal: AbortSignal): AsyncGenerator<TransferDetails> {
    const either = AbortSignal.any([signal, this.#stop.signal])
    while (!either.aborted && this.#fetch != null) {
      yield transferDetails(
        this.#view.row.id,
        this.#fetch.snapshot().peers,
        this.#layout,
        this.#download?.have,
        this.#view.rates
      )
      await delay(DETAILS_MS, undefined, { signal: either }).catch(() => {})
    }
  }

  /** Stops and removes the `.part`. */
  async discard(): Promise<void> {
    this.#stop.abort(new CodedError('cancelled', 'The download was cancelled.'))
    await this.#over
    await this.#download?.discard()
  }

  /** Stops; everything written stays for the next time. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#stop.signal.aborted)
      this.#stop.abort(new CodedError('cancelled', 'Paused; run the same command again to resume.'))
    await this.#over
    for (const search of this.#extraSearches) search[Symbol.dispose]()
    await this.#stack.disposeAsync()
  }

  /** Never rejects: how it ended goes to `ended`, unless it was stopped. */
  async #run({ sizeHint, after }: RunOptions): Promise<void> {
    const { signal } = this.#stop
    let outcome: Outcome
    try {
      await after
      signal.throwIfAborted()
      outcome = await this.#fetchIt(sizeHint, signal)
    } catch (error) {
      if (signal.aborted) return
      outcome = this.#failed(error)
    }
    this.#search?.[Symbol.dispose]()
    this.#ports.ended(outcome)
  }

  async #fetchIt(sizeHint: number | null, signal: AbortSignal): Promise<Outcome> {
    const { swarm } = this.#ports
    if (this.#ports.store.skeletonBytes(rootText(this.#root)) > 0) this.#beginsOpening()
    const fetch = (this.#fetch = this.#stack.use(this.#openFetch(signal)))
    if (this.#limitPerSecond > 0) fetch.setLimit(this.#limitPerSecond)
    if (swarm != null) this.#findPeers(fetch, swarm)
    try {
      this.#look(fetch)
      await Promise.race([this.#firstTurn.promise, fetch.done])
      const there = await this.#findThere(sizeHint, signal)
      if (there != null) return this.#done(there, null)
      this.#hasLooked = true
      fetch.setTurn(this.#hasTurn)
      const { path: at } = await Promise.race([fetch.done, this.#givenUp.promise])
      return this.#done(
        { path: at, bytes: this.#download?.bytesWritten ?? this.#layout?.sizeBytes ?? 0 },
        fetch.snapshot()
      )
    } finally {
      this.#isOver = true
      this.#cancelLook?.()
    }
  }

  #openFetch(signal: AbortSignal): Fetch {
    const { store, swarm, sharedLimits, clock } = this.#ports
    const key = rootText(this.#root)
    return openFetch(
      this.#root,
      {
        mode: 'fetch',
        hasTurn: false,
        ...(this.#unservedMs != null && { unservedMs: this.#unservedMs }),
        sharedLimits,
        roomBytes: () => MAX_OUT_BYTES / Math.max(1, this.#ports.active()),
        ports: {
          clock,
          random: Math.random,
          skeleton: {
            parts: () => store.skeletonParts(key),
            append: (offset, bytes) => {
              this.#beginsOpening()
              return store.appendSkeleton(key, offset, bytes)
            }
          },
          findLeaf: async digest => store.readLeaf(digest),
          openDownload: async (layout, opening) => this.#open(layout, opening),
          onPex: (peerId, records) => {
            if (this.#hasTurn) swarm?.acceptPex(peerId, records)
          },
          ban: (peerId, reason) => swarm?.ban(peerId, reason)
        }
      },
      signal
    )
  }

  #findPeers(fetch: Fetch, swarm: SwarmPort): void {
    const kept = new Set<string>()
    this.#stack.defer(swarm.onAllowed(peerId => fetch.forgive(peerId)))
    this.#stack.defer(
      swarm.onRequester(({ requester, rttMs }) => {
        fetch.addPeer(requester, { rttMs })
      })
    )
    this.#search = this.#stack.use(new ProviderSearch(swarm, this.#root, this.#row.addrs))
    this.#stack.defer(
      fetch.onChange(() => {
        for (const { peerId, receivedBytes } of fetch.snapshot().peers) {
          if (receivedBytes === 0 || kept.has(peerId)) continue
          kept.add(peerId)
          swarm.keep(peerId, true)
        }
        if (this.#saidCanReceive !== this.#canReceive) this.#lookNow()
      })
    )
    this.#stack.defer(() => {
      for (const peerId of kept) swarm.keep(peerId, false)
    })
  }

  /** Also while it looks at what stands there: that takes its turn. */
  get #canReceive(): boolean {
    return this.#fetch != null && (this.#fetch.canReceive || (this.#hasTurn && !this.#hasLooked))
  }

  #lookNow(): void {
    if (this.#fetch != null) this.#look(this.#fetch)
  }

  /** Ten times a second while it has a turn: shows what changed, gives up when it is time, tries a full disk again. */
  #look(fetch: Fetch): void {
    this.#cancelLook?.()
    if (this.#isOver || this.#stop.signal.aborted) return
    const { clock } = this.#ports
    this.#cancelLook = clock.after(this.#hasTurn ? LOOK_MS : IDLE_LOOK_MS, () => this.#look(fetch))
    const now = clock.now()
    const snapshot = fetch.snapshot()
    const { shown, event } = this.#view.take(snapshot, now)
    this.#saidCanReceive = this.#canReceive
    this.#ports.changed(shown, event, this.#saidCanReceive)
    this.#search?.setStarved(snapshot.noProgressSinceMs != null)
    for (const { peerId, receivedBytes } of snapshot.peers) {
      const before = this.#counted.get(peerId) ?? 0
      if (receivedBytes > before) this.#ports.received(peerId, receivedBytes - before)
      this.#counted.set(peerId, receivedBytes)
    }
    const isOpening = this.#download != null || OPENING.has(snapshot.state)
    if (!isOpening || snapshot.noProgressSinceMs != null) this.#endsOpening()
    if (snapshot.state === 'disk-full') this.#tryDisk(fetch, now)
    if (now - this.#savedAt > SAVE_MS) {
      this.#savedAt = now
      this.#ports.save(this.progress)
    }
    if (now > this.#pexAt) this.#introduce(fetch, snapshot, now)
    const why = givenUp(snapshot, this.#giveUpAfterMs, this.#ports.store.ownDisk)
    if (why != null) this.#givenUp.reject(why)
  }

  /** Goes on by itself when there is room again. */
  #tryDisk(fetch: Fetch, now: number): void {
    if (now - this.#diskTriedAt < DISK_RETRY_MS) return
    this.#diskTriedAt = now
    const { store } = this.#ports
    const { directory } = this.#row
    if (!store.hasRoom()) return
    const reserveBytes = this.#ports.reserveBytes(directory)
    const missing = (this.#view.row.total ?? 0) - this.#view.row.bytes
    if (this.#download?.takeRoom(reserveBytes) ?? store.room.fits(directory, missing, reserveBytes)) fetch.resume()
  }

  /** Peers that exchange one root tell each other of the others. */
  #introduce(fetch: Fetch, snapshot: FetchSnapshot, now: number): void {
    this.#pexAt = now + PEX_MS
    const { swarm } = this.#ports
    const others = snapshot.peers.filter(peer => peer.state !== 'hello').map(peer => peer.peerId)
    if (swarm == null || others.length < 2) return
    for (const peerId of others) {
      void swarm.pexRecords(peerId, others).then(
        records => fetch.sendPex(records, peerId),
        (error: unknown) => this.#ports.log(error)
      )
    }
  }

  #beginsOpening(): void {
    if (this.#isOpening) return
    this.#isOpening = true
    this.#ports.save({ cutOff: this.#cutOff + 1 })
  }

  /** Nothing of that kind goes on; with 0, nor need anybody remember that it was cut off in earlier runs. */
  #endsOpening(cutOff = this.#cutOff): void {
    if (this.#isOpening) this.#ports.save({ cutOff })
    this.#cutOff = cutOff
    this.#isOpening = false
  }

  async #open(layout: Layout, signal: AbortSignal): Promise<DownloadPort | AlreadyAt> {
    const { store } = this.#ports
    const { directory, selection } = this.#row
    if (this.#row.manyFiles !== true) refuseMany(selection?.length ?? entryCount(layout), this.#ports.manyFiles)
    this.#layout = layout
    this.#beginsOpening()
    const name = await this.#name()
    const there = selection == null ? await findExisting(store, { layout, name, directory }, signal) : undefined
    if (there != null) return { alreadyAt: there.path }
    const reserveBytes = this.#ports.reserveBytes(directory)
    const chosen = {
      ...(selection != null && { selection }),
      ...(this.#row.path != null && { earlier: this.#row.path })
    }
    this.#download = await openDownload(store, { layout, name, directory, reserveBytes, ...chosen }, signal)
    this.#ports.holds(this.#root)
    if (!this.#download.isComplete) this.#endsOpening(0) // else it is finished at once, which is work of the same size
    return this.#download
  }

  async #name(): Promise<string> {
    const hint = this.#row.name === '' ? (this.#fetch?.snapshot().nameHint ?? '') : this.#row.name
    const rules = await this.#ports.store.destinations.of(this.#row.directory)
    return cleanName(hint, rootText(this.#root), rules)
  }

  /**
   * The file that stands at the place already, when it has the size of the link and hashing it gives this very root: then nobody needs to be asked. A folder
   * waits for the layout, which says what cannot be it before anything is read (core/store/find-existing.ts). Throws not-writable.
   */
  async #findThere(sizeHint: number | null, signal: AbortSignal): Promise<{ path: string; bytes: number } | undefined> {
    const { store, pool } = this.#ports
    if (sizeHint == null || this.#row.selection != null) return undefined
    const at = path.join(this.#row.directory, await this.#name())
    const stats = whatStandsAt(at)
    if (stats?.isFile() !== true || stats.size !== sizeHint) return undefined
    const options = { paths: [at], skipUnreadable: false, pool, cache: store.statCache, onProgress: () => {} }
    const indexed = await indexPaths(options, signal).catch(() => undefined) // not this content, whatever it is
    if (indexed == null || !indexed.built.root.equals(this.#root)) return undefined
    try {
      await store.addShare(indexed, signal)
    } catch (error) {
      if (codeOf(error) !== 'disk-full') throw error
      return undefined // opening the download says the same, and waits
    }
    return { path: at, bytes: indexed.built.layout.sizeBytes }
  }

  #done(there: { path: string; bytes: number }, snapshot: FetchSnapshot | null): Outcome {
    const { path: at, bytes } = there
    const seconds = (this.#ports.clock.now() - this.#startedAt) / 1000
    const { received = 0, duplicate = 0, sources = 0 } = snapshot ?? {}
    this.#download?.withdraw() // it is served as a share, as long as it is one
    const share = this.#ports.store.share(this.#row.root)
    if (share?.origin === 'received' && !this.#ports.keepSharing()) this.#ports.store.removeShareSoon(share.root)
    this.#ports.holds(this.#root)
    return {
      row: { state: 'done', path: at, name: path.basename(at), bytes, totalBytes: bytes },
      error: null,
      event: { type: 'done', root: this.#row.root, path: at, bytes, seconds, received, duplicate, sources },
      thrown: null
    }
  }

  #failed(thrown: unknown): Outcome {
    const error = toWire(thrown)
    if (error.code === 'internal') this.#ports.log(thrown)
    return { row: { ...this.progress, state: 'failed', error: error.code }, error, event: null, thrown }
  }
}

/** Before anything is made: nobody said that they may be so many. */
function refuseMany(count: number, most = MANY_FILES): void {
  if (count <= most) return
  const [n, without] = [count, most].map(it => it.toLocaleString('en'))
  throw new CodedError(
    'too-large',
    `It has ${n} files and folders. More than ${without} are downloaded only with --many-files, or when the page has asked.`
  )
}
