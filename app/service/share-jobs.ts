// Sharing: paths become a share. A job goes on whoever listens; following one shows its progress and then its outcome.
import { randomUUID } from 'node:crypto'
import path from 'node:path'
import type { CID } from 'multiformats/cid'
import { CodedError } from '../../core/errors.ts'
import { type HashPool } from '../../core/files/hash-pool.ts'
import { type Indexed, indexPaths } from '../../core/files/index-paths.ts'
import type { Store } from '../../core/store/store.ts'
import type { ShareRow } from '../../core/store/share-repo.ts'
import type { ShareEvent, ShareJob } from '../contract/shapes.ts'
import { toWire } from '../contract/wire-error.ts'
import { type Clock, realClock } from './clock.ts'
import { RateMeter } from './rate.ts'
import { JobFeed, ListFeed, ValueFeed } from './snapshot-feed.ts'

const KEPT_AFTER_END_MS = 10_000
const MAX_LEFT_OUT_SHOWN = 100
const MAX_RUNNING = 64

export interface ShareJobPorts {
  readonly store: Store
  readonly pool: HashPool
  /** Called with the root of a share whose content is no longer what it was and was shared anew. */
  readonly outdated: (root: string) => void
  /** Called once a share is in the store. */
  readonly shared: (row: ShareRow, root: CID) => void
  readonly linkOf: (row: ShareRow) => string
  readonly log: (thrown: unknown) => void
}

interface Order {
  readonly paths: readonly string[]
  readonly skipUnreadable: boolean
  readonly before: string | undefined
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
  readonly #rows = new ListFeed<ShareJob>()
  readonly #shown = new ValueFeed<ShareJob[]>([])

  constructor(ports: ShareJobPorts, clock: Clock = realClock) {
    this.#ports = ports
    this.#clock = clock
  }

  /**
   * Starts indexing these absolute paths as one share. `before`: the root they were once shared as, which goes when they are something else now.
   * Throws usage when too much is going on.
   */
  create(paths: readonly string[], skipUnreadable: boolean, before?: string): string {
    if (this.#jobs.size >= MAX_RUNNING)
      throw new CodedError('usage', 'Too many shares are being prepared. Wait for some to finish.')
    const id = randomUUID()
    const abort = new AbortController()
    const feed = new JobFeed<ShareEvent>()
    const name = path.basename(paths[0] ?? '')
    this.#show({ job: id, name, state: 'indexing', bytes: 0, total: null, files: 0, rate: 0, root: null, error: null })
    this.#jobs.set(id, { feed, abort, over: this.#run(id, { paths, skipUnreadable, before }, feed, abort.signal) })
    return id
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
  }

  #job(id: string): Job {
    const job = this.#jobs.get(id)
    if (job == null) throw new CodedError('not-found', 'That share is no longer being prepared.')
    return job
  }

  /** Never rejects: the outcome goes to the feed. */
  async #run(
    id: string,
    { paths, skipUnreadable, before }: Order,
    feed: JobFeed<ShareEvent>,
    signal: AbortSignal
  ): Promise<void> {
    const startedAt = this.#clock.now()
    const meter = new RateMeter()
    let last = 0
    try {
      const indexed = await indexPaths(
        {
          paths,
          skipUnreadable,
          pool: this.#ports.pool,
          cache: this.#ports.store.statCache,
          onProgress: ({ bytes, totalBytes, files }) => {
            const now = this.#clock.now()
            meter.add(bytes - last, now)
            last = bytes
            const progress = { bytes, total: totalBytes, rate: meter.rate(now), files }
            feed.progress({ type: 'progress', ...progress })
            this.#show({ ...this.#row(id), ...progress })
          }
        },
        signal
      )
      signal.throwIfAborted()
      const row = this.#ports.store.addShare(indexed)
      this.#ports.shared(row, indexed.built.root)
      if (before != null && before !== row.root) this.#ports.outdated(before)
      const shown = { bytes: row.sizeBytes, total: row.sizeBytes, files: row.fileCount, name: row.name, root: row.root }
      this.#show({ ...this.#row(id), ...shown, state: 'done', rate: 0 })
      feed.end(sharedEvent(row, indexed, this.#ports.linkOf(row), (this.#clock.now() - startedAt) / 1000))
    } catch (thrown) {
      const failure = signal.aborted ? signal.reason : thrown
      const error = toWire(failure)
      if (error.code === 'internal') this.#ports.log(thrown)
      this.#show({ ...this.#row(id), state: error.code === 'cancelled' ? 'cancelled' : 'failed', rate: 0, error })
      feed.fail(failure)
    }
    this.#clock.after(KEPT_AFTER_END_MS, () => {
      this.#jobs.delete(id)
      this.#rows.delete(id)
      this.#shown.set(this.#rows.rows())
    })
  }

  #row(id: string): ShareJob {
    return this.#rows.get(id)! // shown before it ran, deleted after it ended
  }

  #show(row: ShareJob): void {
    this.#rows.set(row.job, row)
    this.#shown.set(this.#rows.rows())
  }
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
