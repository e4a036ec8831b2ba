// What is shared, as the clients see it: the store's rows with what the swarm knows beside them, the link, removing and verifying.
import type { CID } from 'multiformats/cid'
import { parseRoot } from '../../core/cid.ts'
import { CodedError } from '../../core/errors.ts'
import { formatLink } from '../../core/link.ts'
import type { ShareRow } from '../../core/store/share-repo.ts'
import type { Store } from '../../core/store/store.ts'
import type { ListUpdate, Share, ShareDetails, VerifyEvent } from '../contract/shapes.ts'
import { type Clock, systemClock } from '../../core/clock.ts'
import { RateMeter } from '../../core/rate-meter.ts'
import { JobFeed, ListFeed, ValueFeed } from './snapshot-feed.ts'

const LIVE_INTERVAL_MS = 500
const LOOK_MS = 1_000
const WATCHED_LOOK_MS = 180_000
const MIN_LOOK_GAP_MS = 2_000 // a page that comes again and again
const LOOK_PAUSE_MS = 100 // 100,000 files in some 15 s: nobody waits, and what is being sent goes first
const MAX_OTHERS = 100

/** What the swarm knows of a root that is served. */
export interface Served {
  readonly copies: number
  readonly readers: number
  /** Since this node started. */
  readonly sentBytes: number
}

/** Somebody connected who has a root or is getting it. */
export interface Other {
  readonly peerId: string
  /** A stranger's text. */
  readonly name: string
  readonly isComplete: boolean
}

export interface SharesPorts {
  readonly store: Store
  readonly addrs: () => readonly string[]
  readonly served: (root: string) => Served
  readonly others: (root: string) => Other[]
  /** Told of a root that is shared from now on, or no longer. */
  readonly provide: (root: CID) => void
  readonly unprovide: (root: CID) => void
  /** Told of one that is removed: a lost index had it. False when it had not. */
  readonly forget: (root: string) => boolean
}

export class Shares implements Disposable {
  readonly feed = new ListFeed<Share>()
  readonly #ports: SharesPorts
  readonly #clock: Clock
  readonly #meters = new Map<string, { meter: RateMeter; sentBytes: number }>()
  readonly #jobs = new Map<string, string>() // by root
  readonly #awaited = new Map<string, Share>()
  readonly #forget: () => void
  readonly #stop = new AbortController()
  #cancelTimer: () => void = () => {}
  #cancelLook: () => void = () => {}
  #watchers = 0
  #isLooking = false
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(ports: SharesPorts, clock: Clock = systemClock) {
    this.#ports = ports
    this.#clock = clock
    this.#forget = ports.store.onShares(root => this.#refresh(root))
    for (const row of ports.store.shares()) this.feed.set(row.root, this.#shown(row))
    this.#watch()
  }

  /** To be called with the job's end, before anything else is told: a list that shows jobs and shares then sees one turn into the other. */
  madeBy(root: string, job: string): void {
    this.#jobs.set(root, job)
    this.#refresh(root)
  }

  /** Looks at the files first, for a moment, so that what changed on disk shows. */
  async list(): Promise<Share[]> {
    await this.#ports.store.lookAtShares(LOOK_MS)
    const rows = this.#ports.store.shares().map(row => this.#shown(row))
    const known = new Set(rows.map(row => row.root))
    return [...rows, ...[...this.#awaited.values()].filter(row => !known.has(row.root))]
  }

  /** Shows a share that a lost index had and this one has not yet; without a state: it is not awaited any more. */
  showAwaited(root: string, name: string, state: Share['state'] | undefined): void {
    if (state == null) this.#awaited.delete(root)
    else this.#awaited.set(root, { ...NOTHING_HERE, root, name, state })
    this.#refresh(root)
  }

  /** The rows, as they change. While somebody watches, and when somebody begins to, the files are looked at: what changed on disk shows. */
  async *watched(signal: AbortSignal): AsyncGenerator<ListUpdate<Share>> {
    this.#watchers++
    this.#look()
    try {
      yield* this.feed.read(signal)
    } finally {
      this.#watchers--
    }
  }

  #look(): void {
    this.#cancelLook()
    if (this.#watchers === 0 || this.#isLooking || this.#stop.signal.aborted) return
    const waitMs = this.#lookedAt + MIN_LOOK_GAP_MS - this.#clock.now()
    if (waitMs > 0) {
      this.#cancelLook = this.#clock.after(waitMs, () => this.#look())
      return
    }
    this.#isLooking = true
    const over = (): void => {
      this.#isLooking = false
      this.#lookedAt = this.#clock.now()
      if (!this.#stop.signal.aborted) this.#cancelLook = this.#clock.after(WATCHED_LOOK_MS, () => this.#look())
    }
    this.#ports.store.checkShares(this.#stop.signal, undefined, LOOK_PAUSE_MS).then(over, over) // what cannot be looked at now is, the next time
  }

  /** Throws not-found. */
  link(root: string): string {
    return this.linkOf(this.#row(root))
  }

  linkOf(row: ShareRow): string {
    const { root, name, sizeBytes } = row
    return formatLink({ root: parseRoot(root), name, sizeBytes, addrs: [...this.#ports.addrs()] })
  }

  /** The root, when it is shared. Throws not-found. */
  known(root: string): string {
    return this.#row(root).root
  }

  /** The absolute path of its first copy. Throws not-found. */
  where(root: string): string {
    const [first] = this.#row(root).sourcePaths
    if (first == null) throw new CodedError('not-found', 'Where this share stands is not known.')
    return first
  }

  /** The absolute paths that made it, of the first copy there is. Throws not-found. */
  sources(root: string): readonly string[] {
    const [first] = this.#ports.store.shareCopies(this.#row(root).root)
    if (first == null) throw new CodedError('not-found', 'Where this share stands is not known.')
    return first
  }

  /** Who else has it or is getting it, for as long as somebody listens. Throws not-found. */
  async *details(root: string, signal: AbortSignal): AsyncGenerator<ShareDetails> {
    const key = this.known(root)
    const feed = new ValueFeed(this.#details(key))
    let cancel = (): void => {}
    const look = (): void => {
      const now = this.#details(key)
      if (JSON.stringify(now) !== JSON.stringify(feed.value)) feed.set(now)
      cancel = this.#clock.after(LIVE_INTERVAL_MS, look)
    }
    look()
    try {
      yield* feed.read(signal)
    } finally {
      cancel()
    }
  }

  /** Forgets the share, touches no user file. Throws not-found. */
  remove(root: string): void {
    const wasAwaited = this.#ports.forget(root)
    if (wasAwaited && this.#ports.store.share(root) == null) return
    const row = this.#row(root)
    this.#ports.store.removeShare(row.root)
    this.#ports.unprovide(parseRoot(row.root))
  }

  /** Hashes everything again, for as long as somebody listens. Throws not-found. */
  async *verify(root: string, signal: AbortSignal): AsyncGenerator<VerifyEvent> {
    const row = this.#row(root)
    const feed = new JobFeed<VerifyEvent>()
    const meter = new RateMeter()
    let bytes = 0
    const onBytes = (more: number): void => {
      bytes += more
      const now = this.#clock.now()
      meter.add(more, now)
      feed.progress({ type: 'progress', bytes, total: row.hereBytes, rate: meter.rate(now) })
    }
    this.#ports.store.verifyShare(parseRoot(row.root), signal, onBytes).then(
      ({ bad }) => feed.end({ type: 'verified', root: row.root, bytes: row.hereBytes, bad }),
      (error: unknown) => feed.fail(error)
    )
    yield* feed.read(signal)
  }

  [Symbol.dispose](): void {
    this.#stop.abort(new CodedError('cancelled', 'Shoal is stopping.'))
    this.#cancelTimer()
    this.#cancelLook()
    this.#forget()
  }

  #details(root: string): ShareDetails {
    return { root, others: this.#ports.others(root).slice(0, MAX_OTHERS) }
  }

  #row(root: string): ShareRow {
    const row = this.#ports.store.share(root)
    if (row == null) throw new CodedError('not-found', 'There is no such share. `shoal ls` lists what is shared.')
    return row
  }

  #refresh(root: string): void {
    const row = this.#ports.store.share(root)
    const awaited = this.#awaited.get(root)
    if (row != null) this.feed.set(root, this.#shown(row))
    else if (awaited != null) this.feed.set(root, awaited)
    else {
      this.feed.delete(root)
      this.#meters.delete(root)
      this.#jobs.delete(root)
    }
  }

  /** Counters move without the store knowing: rows whose numbers are others now are published again. */
  #watch(): void {
    this.#cancelTimer = this.#clock.after(LIVE_INTERVAL_MS, () => {
      for (const row of this.feed.rows()) {
        const live = this.#live(row.root)
        const isSame = live.rateOut === row.rateOut && live.readers === row.readers && live.copies === row.copies
        if (!isSame) this.feed.set(row.root, { ...row, ...live })
      }
      this.#watch()
    })
  }

  #shown(row: ShareRow): Share {
    const { root, name, sizeBytes: bytes, fileCount: files, hereBytes, hereFiles, state, origin, addedAt } = row
    const job = this.#jobs.get(root) ?? null
    return { root, name, bytes, files, hereBytes, hereFiles, state, origin, addedAt, job, ...this.#live(root) }
  }

  #live(root: string): Served & { rateOut: number } {
    const served = this.#ports.served(root)
    const now = this.#clock.now()
    let known = this.#meters.get(root)
    if (known == null) {
      if (served.sentBytes === 0) return { ...served, rateOut: 0 }
      this.#meters.set(root, (known = { meter: new RateMeter(), sentBytes: 0 }))
    }
    known.meter.add(served.sentBytes - known.sentBytes, now)
    known.sentBytes = served.sentBytes
    return { ...served, rateOut: known.meter.rate(now) }
  }
}

const NOTHING_HERE = {
  bytes: 0,
  files: 0,
  hereBytes: 0,
  hereFiles: 0,
  origin: 'shared',
  addedAt: 0,
  job: null,
  copies: 0,
  readers: 0,
  sentBytes: 0,
  rateOut: 0
} as const
