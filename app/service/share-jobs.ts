// Sharing: paths become a share. A job goes on whoever listens; following one shows its progress and then its outcome.
import { randomUUID } from 'node:crypto'
import path from 'node:path'
import type { CID } from 'multiformats/cid'
import { rootText } from '../../core/cid.ts'
import { CodedError } from '../../core/errors.ts'
import type { DataDirs } from '../../core/files/data-dirs.ts'
import { type HashPool } from '../../core/files/hash-pool.ts'
import { type Indexed, indexPaths, unreadableIn } from '../../core/files/index-paths.ts'
import type { LeftOut } from '../../core/files/source-walk.ts'
import type { Store } from '../../core/store/store.ts'
import type { ShareRow } from '../../core/store/share-repo.ts'
import type { ShareEvent, ShareJob } from '../contract/shapes.ts'
import { toWire } from '../contract/wire-error.ts'
import { type Clock, systemClock } from '../../core/clock.ts'
import { RateMeter, TimeLeft } from '../../core/rate-meter.ts'
import { JobFeed, ListFeed, ValueFeed } from './snapshot-feed.ts'

const KEPT_AFTER_END_MS = 10_000
const REFUSED_KEPT_MS = 600_000
const BEAT_MS = 100
const MAX_NAMES_SHOWN = 10
const MAX_LEFT_OUT_SHOWN = 100
const MAX_RUNNING = 64

export interface ShareJobPorts {
  readonly store: Store
  readonly pool: HashPool
  readonly dataDirs: DataDirs
  /** Called with the root of a share whose content is no longer what it was and was shared anew. */
  readonly outdated: (root: string) => void
  /** Called once a share is in the store, with the job that made it. */
  readonly shared: (row: ShareRow, root: CID, job: string) => void
  readonly linkOf: (row: ShareRow) => string
  readonly log: (error: unknown) => void
}

interface Order {
  readonly paths: readonly string[]
  readonly skipUnreadable: boolean
  readonly before: string | undefined
  /** The only root that is shared. */
  readonly expected?: string
}

interface Job {
  readonly feed: JobFeed<ShareEvent>
  readonly abort: AbortController
  readonly over: Promise<void>
}

export class ShareJobs implements AsyncDisposable {
  readonly #ports: ShareJobPorts
  readonly #clock: Clock
  readonly #jobs = new Map<string, Job>()
  #running = 0 // those that are over are shown for a moment, and hold up nobody
  readonly #rows = new ListFeed<ShareJob>()
  readonly #refused = new Map<string, { order: Order; until: number }>() // failed because something cannot be read
  readonly #shown = new ValueFeed<ShareJob[]>([])
  readonly #forgets = new Set<() => void>() // of jobs that are over and still shown: they take the timer back

  constructor(ports: ShareJobPorts, clock: Clock = systemClock) {
    this.#ports = ports
    this.#clock = clock
  }

  /**
   * Starts indexing these absolute paths as one share. `before`: the root they were once shared as, which goes when they are something else now.
   * Throws usage when too much is going on, disk-full when there is no room to note it.
   */
  create(paths: readonly string[], skipUnreadable: boolean, before?: string): string {
    return this.#begin({ paths, skipUnreadable, before })
  }

  /** Shares these paths if they are still this root. Throws as `create`, source-changed when they are not, and whatever sharing fails with. */
  async shareAgain(paths: readonly string[], root: string, signal: AbortSignal): Promise<void> {
    const id = this.#begin({ paths, skipUnreadable: true, before: undefined, expected: root })
    const cancel = (): void => this.#jobs.get(id)?.abort.abort(signal.reason)
    signal.addEventListener('abort', cancel, { once: true })
    try {
      for await (const event of this.follow(id, signal)) if (event.type === 'shared') return
      signal.throwIfAborted() // whoever follows is told nothing then
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }

  #begin(order: Order): string {
    const { paths } = order
    if (this.#running >= MAX_RUNNING)
      throw new CodedError('usage', 'Too many shares are being prepared. Wait for some to finish.')
    this.#ports.store.requireRoom() // hours of hashing would end in it
    const id = randomUUID()
    const abort = new AbortController()
    const feed = new JobFeed<ShareEvent>()
    const name = path.basename(paths[0] ?? '')
    const begun = {
      bytes: 0,
      total: null,
      files: 0,
      rate: 0,
      secondsLeft: null,
      root: null,
      leftOut: null,
      error: null
    }
    this.#show({ job: id, name, state: 'indexing', ...begun })
    this.#running++
    const over = this.#run(id, order, feed, abort.signal).finally(() => this.#running--)
    this.#jobs.set(id, { feed, abort, over })
    return id
  }

  /** The same order as a job that failed, without what cannot be read. Throws not-found. */
  withoutUnreadable(id: string): string {
    const refused = this.#refused.get(id)
    if (refused == null || refused.until < this.#clock.now())
      throw new CodedError('not-found', 'That share is no longer being prepared.')
    this.#refused.delete(id)
    const { paths, before } = refused.order
    return this.create(paths, true, before)
  }

  /** Progress, then `shared`. Throws not-found, and whatever ended the job. */
  follow(id: string, signal: AbortSignal): AsyncIterable<ShareEvent> {
    return this.#job(id).feed.read(signal)
  }

  /** Throws not-found. */
  async cancel(id: string): Promise<void> {
    const job = this.#job(id)
    job.abort.abort(new CodedError('cancelled', 'Sharing was cancelled. Nothing was changed.'))
    await job.over
  }

  rows(signal: AbortSignal): AsyncIterable<ShareJob[]> {
    return this.#shown.read(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = [...this.#jobs.values()]
    for (const { abort } of running) abort.abort(new CodedError('cancelled', 'Shoal is stopping.'))
    await Promise.all(running.map(async ({ over }) => over))
    for (const forget of this.#forgets) forget()
  }

  #job(id: string): Job {
    const job = this.#jobs.get(id)
    if (job == null) throw new CodedError('not-found', 'That share is no longer being prepared.')
    return job
  }

  /** Never rejects: the outcome goes to the feed. */
  async #run(
    id: string,
    { paths, skipUnreadable, before, expected }: Order,
    feed: JobFeed<ShareEvent>,
    signal: AbortSignal
  ): Promise<void> {
    const startedAt = this.#clock.now()
    const progress = new JobProgress()
    const show = (): void => this.#show({ ...this.#row(id), ...progress.shown(this.#clock.now()) })
    let cancelBeat = (): void => {}
    const beat = (): void => {
      show()
      cancelBeat = this.#clock.after(BEAT_MS, beat)
    }
    beat()
    try {
      const indexed = await indexPaths(
        {
          paths,
          skipUnreadable,
          pool: this.#ports.pool,
          cache: this.#ports.store.statCache,
          dataDirs: this.#ports.dataDirs,
          onProgress: ({ bytes, totalBytes, files }) => {
            const now = this.#clock.now()
            progress.add({ bytes, total: totalBytes, files }, now)
            feed.progress({ type: 'progress', bytes, total: totalBytes, files, rate: progress.rate(now) })
          }
        },
        signal
      )
      signal.throwIfAborted()
      if (expected != null && expected !== rootText(indexed.built.root)) throw changedSince()
      const row = await this.#ports.store.addShare(indexed, signal)
      this.#ports.shared(row, indexed.built.root, id)
      if (before != null && before !== row.root) this.#ports.outdated(before)
      const shown = { bytes: row.sizeBytes, total: row.sizeBytes, files: row.fileCount, name: row.name, root: row.root }
      const leftOut = shownLeftOut(indexed.leftOut)
      this.#show({ ...this.#row(id), ...shown, ...STANDS, state: 'done', leftOut })
      feed.end(sharedEvent(row, indexed, this.#ports.linkOf(row), (this.#clock.now() - startedAt) / 1000))
    } catch (error) {
      const failure = signal.aborted ? signal.reason : error
      const wire = toWire(failure)
      if (wire.code === 'internal') this.#ports.log(error)
      const leftOut = shownLeftOut(unreadableIn(failure) ?? [])
      if (leftOut != null) this.#keepOrder(id, { paths, skipUnreadable, before })
      const state = wire.code === 'cancelled' ? 'cancelled' : 'failed'
      this.#show({ ...this.#row(id), ...STANDS, state, leftOut, error: wire })
      feed.fail(failure)
    }
    cancelBeat()
    const forget = this.#clock.after(KEPT_AFTER_END_MS, () => {
      this.#forgets.delete(forget)
      this.#jobs.delete(id)
      this.#rows.delete(id)
      this.#shown.set(this.#rows.rows())
    })
    this.#forgets.add(forget)
  }

  #keepOrder(id: string, order: Order): void {
    this.#refused.set(id, { order, until: this.#clock.now() + REFUSED_KEPT_MS })
    const [oldest] = this.#refused.keys()
    if (this.#refused.size > MAX_RUNNING && oldest != null) this.#refused.delete(oldest)
  }

  #row(id: string): ShareJob {
    return this.#rows.get(id)! // shown before it ran, deleted after it ended
  }

  #show(row: ShareJob): void {
    this.#rows.set(row.job, row)
    this.#shown.set(this.#rows.rows())
  }
}

/** Of a job that is over. */
const STANDS = { rate: 0, secondsLeft: null }

/** How far, how fast, how long still: smoothed as for a transfer, and gone when nothing comes. */
class JobProgress {
  readonly #meter = new RateMeter()
  readonly #left = new TimeLeft()
  #last: Pick<ShareJob, 'bytes' | 'total' | 'files'> = { bytes: 0, total: null, files: 0 }

  add(progress: Pick<ShareJob, 'bytes' | 'total' | 'files'>, now: number): void {
    this.#meter.add(progress.bytes - this.#last.bytes, now)
    this.#last = progress
  }

  rate(now: number): number {
    return this.#meter.rate(now)
  }

  shown(now: number): Pick<ShareJob, 'bytes' | 'total' | 'files' | 'rate' | 'secondsLeft'> {
    const { bytes, total } = this.#last
    const secondsLeft = total == null ? null : this.#left.estimate(total - bytes, this.#meter, now)
    return { ...this.#last, rate: this.rate(now), secondsLeft }
  }
}

const changedSince = (): CodedError =>
  new CodedError('source-changed', 'This has changed since it was shared. Share it again to share it as it is now.')

function shownLeftOut(all: readonly LeftOut[]): ShareJob['leftOut'] {
  return all.length === 0 ? null : { count: all.length, names: all.slice(0, MAX_NAMES_SHOWN).map(it => it.path) }
}

function sharedEvent(row: ShareRow, indexed: Indexed, link: string, seconds: number): ShareEvent {
  return {
    type: 'shared',
    root: row.root,
    link,
    name: row.name,
    bytes: row.sizeBytes,
    files: row.fileCount,
    seconds,
    leftOut: indexed.leftOut.slice(0, MAX_LEFT_OUT_SHOWN)
  }
}
