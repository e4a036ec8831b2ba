// The user's downloads: which there are, which run, and what clients are told of them. One that is running is a TransferRun; the rest are rows.
import path from 'node:path'
import type { CID } from 'multiformats/cid'
import { parseRoot, RAW, rootText } from '../../core/cid.ts'
import type { Layout } from '../../core/content/layout.ts'
import { CodedError, codeOf } from '../../core/errors.ts'
import { formatLink, parseLink } from '../../core/link.ts'
import type { Servable } from '../../core/exchange/servable.ts'
import type { Store } from '../../core/store/store.ts'
import type { TransferRow } from '../../core/store/transfer-repo.ts'
import { isCode } from '../contract/wire-error.ts'
import type { Transfer, TransferDetails, TransferEvent, WireError } from '../contract/shapes.ts'
import type { Getting } from './file-page.ts'
import { JobFeed, ListFeed } from './snapshot-feed.ts'
import { transferDetails } from './transfer-details.ts'
import { isSameSelection, keptState, restingRow, rowToStart, transferId } from './transfer-rows.ts'
import { type Outcome, type RunOptions, type RunPorts, TransferRun } from './transfer-run.ts'

export interface StartOptions {
  readonly link: string
  /** Absolute; made if missing. */
  readonly directory: string
  /** File indexes; null: everything. */
  readonly selection: readonly number[] | null
  /** Multiaddrs to try beside those of the link. */
  readonly addrs: readonly string[]
  /** Fails when for so long nobody could send anything missing; null: waits for ever. */
  readonly giveUpAfterMs: number | null
}

export interface TransfersPorts extends Omit<RunPorts, 'changed' | 'ended' | 'running'> {
  /** Removes the `.part` of a transfer that is not running, if there is one. */
  readonly discardPart: (row: TransferRow) => Promise<void>
}

type Arrived = Pick<Transfer, 'received' | 'duplicate'>

interface Entry {
  row: TransferRow
  error: WireError | null
  run: TransferRun | undefined
  feed: JobFeed<TransferEvent>
  /** The last run letting go of its files: the next one waits for it. */
  closing?: Promise<void>
}

export class Transfers implements AsyncDisposable {
  readonly feed = new ListFeed<Transfer>()
  readonly #ports: TransfersPorts
  readonly #store: Store
  readonly #entries = new Map<string, Entry>()
  #running = 0 // entries with a run

  constructor(ports: TransfersPorts) {
    this.#ports = ports
    this.#store = ports.store
    for (const row of this.#store.transfers()) {
      const id = transferId(row.root, row.directory)
      const error = row.error != null && isCode(row.error) ? { code: row.error, message: '' } : null
      this.#entries.set(id, { row, error, run: undefined, feed: new JobFeed() })
      this.feed.set(id, restingRow(row, error))
    }
  }

  /** Goes on with everything that was running when the last node ended. */
  resumeAll(): void {
    for (const [id, entry] of this.#entries) if (keptState(entry.row) === 'active') this.#run(id, entry)
  }

  /**
   * Starts a transfer, or goes on with the one of this root and directory: what is chosen now comes to what was chosen before and is not done yet, so
   * that no file is left half got. Throws invalid-link, unsupported-cid.
   */
  start(options: StartOptions): { id: string; root: string } {
    const link = parseLink(options.link)
    const root = rootText(link.root)
    const directory = path.resolve(options.directory)
    const id = transferId(root, directory)
    const known = this.#entries.get(id)
    const row = rowToStart(known?.row, { ...options, link, directory, now: Date.now() })
    const isSame = known != null && isSameSelection(row.selection, known.row.selection)
    if (known?.run != null && isSame) {
      known.run.askAlso(row.addrs, options.giveUpAfterMs)
      return { id, root }
    }
    const entry = known?.run == null ? { row, error: null, run: undefined, feed: new JobFeed<TransferEvent>() } : known
    if (known?.run != null) void this.#close(known) // its followers stay, and see it go on with more
    this.#entries.set(id, entry)
    entry.row = row
    if (known?.closing != null) entry.closing = known.closing
    this.#run(id, entry, { giveUpAfterMs: options.giveUpAfterMs, sizeHint: link.sizeBytes ?? null })
    return { id, root }
  }

  /** Takes the run away; resolves when it has let go of everything. */
  async #close(entry: Entry): Promise<void> {
    const { run } = entry
    entry.run = undefined
    if (run == null) return entry.closing
    this.#running--
    const closing = run[Symbol.asyncDispose]().catch((thrown: unknown) => this.#ports.log(thrown))
    entry.closing = closing
    return closing
  }

  /** Progress, then how it ended. Throws not-found, and whatever ended it. */
  follow(id: string, signal: AbortSignal): AsyncIterable<TransferEvent> {
    return this.#entry(id).feed.read(signal)
  }

  /** Stops it; what is there stays. Throws not-found. */
  async pause(id: string): Promise<void> {
    const entry = this.#entry(id)
    if (entry.run == null && keptState(entry.row) !== 'active') return
    await this.#stop(id, entry, 'paused')
    if (entry.run == null) entry.feed.end({ type: 'paused', root: entry.row.root })
  }

  /** Goes on, without a limit of time. Throws not-found. */
  resume(id: string): void {
    const entry = this.#entry(id)
    if (entry.run != null) return
    entry.row = { ...entry.row, state: 'active' }
    entry.error = null
    if (entry.feed.isOver) entry.feed = new JobFeed()
    this.#run(id, entry)
  }

  /** Goes on now; one that waits for room on the disk looks again at once. Throws not-found. */
  retry(id: string): void {
    this.#entry(id).run?.tryNow()
    this.resume(id)
  }

  /** Throws not-found. */
  link(id: string): string {
    const { root, name, totalBytes, addrs } = this.#entry(id).row
    const isAll = this.#entry(id).row.selection == null // else the total is that of the selection
    const known = { ...(name !== '' && { name }), ...(isAll && totalBytes != null && { sizeBytes: totalBytes }) }
    return formatLink({ root: parseRoot(root), addrs: [...addrs], ...known })
  }

  /** Stops it, forgets it and removes the `.part` it made. Throws not-found. */
  async cancel(id: string): Promise<void> {
    const entry = this.#entry(id)
    await entry.run?.discard()
    await this.#stop(id, entry, 'paused')
    entry.feed.end({ type: 'paused', root: entry.row.root })
    await this.#ports.discardPart(entry.row)
    this.#forget(id, entry)
  }

  /** Takes a finished or failed one off the list; touches no file. Throws not-found, usage. */
  remove(id: string): void {
    const entry = this.#entry(id)
    if (entry.run != null) throw new CodedError('usage', 'That download is still going on. Cancel it instead.')
    this.#forget(id, entry)
  }

  /** For this run only; bytes per second, 0 = none, null: as it is. What holds now. Throws not-found. */
  limit(id: string, bytesPerSecond: number | null): number {
    const { run } = this.#entry(id)
    if (bytesPerSecond != null) run?.limit(bytesPerSecond)
    return run?.limitPerSecond ?? 0
  }

  /** A new limit for everything that runs. */
  limitAll(bytesPerSecond: number): void {
    const running = [...this.#entries.values()].flatMap(({ run }) => (run == null ? [] : [run]))
    for (const run of running) run.limit(bytesPerSecond)
  }

  /** What is served of a root that is still being fetched. */
  servable(root: CID): Servable | 'not-yet' | undefined {
    const key = rootText(root)
    for (const { row, run } of this.#entries.values()) {
      const found = row.root === key ? run?.servable : undefined
      if (found != null) return found
    }
    return undefined
  }

  /** Once a second while it runs; once of one that rests. Throws not-found. */
  async *details(id: string, signal: AbortSignal): AsyncGenerator<TransferDetails> {
    const { run, row } = this.#entry(id)
    if (run != null) return yield* run.details(signal)
    const layout = await this.storedLayout(row.root)
    const have = layout && this.#store.received(row.root, row.directory, layout.leafCount)
    yield transferDetails(id, [], layout, have, [])
  }

  /** Bytes of the root that a transfer into this directory would find there: what it has brought so far, or what an earlier one left. */
  hereBytes(root: string, directory: string): number {
    const id = transferId(root, path.resolve(directory))
    const entry = this.#entries.get(id)
    if (entry != null && keptState(entry.row) !== 'done') return this.feed.get(id)?.bytes ?? 0
    return this.#store.bytesIn(root, path.resolve(directory))
  }

  /** What is known of the content of a transfer's root from the skeleton it has fetched; undefined when that is not whole. */
  async storedLayout(root: string): Promise<Layout | undefined> {
    const row = this.#ofRoot(root)?.row
    const cid = parseRoot(root)
    if (row == null || (cid.code === RAW && row.totalBytes == null)) return undefined
    try {
      return await this.#store.layout(cid, row.totalBytes ?? 0)
    } catch (thrown) {
      if (codeOf(thrown) === 'not-found') return undefined
      throw thrown
    }
  }

  /** What a transfer of this content that is not done has brought so far, and will bring. */
  getting(layout: Layout): Getting | undefined {
    const root = rootText(layout.root)
    const entry = this.#ofRoot(root)
    if (entry == null || keptState(entry.row) === 'done') return undefined
    const { row, run } = entry
    if (run?.download != null) return run.download
    const chosen = row.selection && new Set(row.selection)
    const have = this.#store.received(root, row.directory, layout.leafCount)
    return { have, wants: idx => chosen?.has(idx) ?? true }
  }

  /** The one that runs, else the last that was begun. */
  #ofRoot(root: string): Entry | undefined {
    const ofRoot = [...this.#entries.values()].filter(({ row }) => row.root === root)
    return ofRoot.find(({ run }) => run != null) ?? ofRoot.at(-1)
  }

  run(root: string): TransferRun | undefined {
    return [...this.#entries.values()].find(({ row }) => row.root === root)?.run
  }

  /** Stops everything that runs; it goes on at the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    const entries = [...this.#entries].filter(([, { run }]) => run != null)
    await Promise.all(entries.map(async ([id, entry]) => this.#stop(id, entry, 'active')))
    for (const [, { feed }] of entries)
      feed.fail(new CodedError('cancelled', 'Shoal is stopping; the same command goes on.'))
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id)
    if (entry == null) throw new CodedError('not-found', 'There is no such download.')
    return entry
  }

  #run(id: string, entry: Entry, options: Partial<RunOptions> = {}): void {
    const { feed } = entry
    this.#save(id, entry)
    this.#running++
    const run: TransferRun = new TransferRun(
      id,
      entry.row,
      { giveUpAfterMs: null, sizeHint: null, ...options, ...(entry.closing && { after: entry.closing }) },
      {
        ...this.#ports,
        running: () => this.#running,
        changed: (shown, event) => {
          if (entry.run !== run) return
          this.feed.set(id, shown)
          feed.progress(event)
        },
        ended: outcome => {
          if (entry.run === run) void this.#end(id, entry, outcome) // else stopped at the same moment; starting it again finds everything there
        }
      }
    )
    entry.run = run
  }

  /** Never rejects. Followers hear of it when everything is closed, so that what they do next finds nothing half open. */
  async #end(id: string, entry: Entry, outcome: Outcome): Promise<void> {
    const { feed } = entry
    const closed = this.#close(entry)
    entry.row = { ...entry.row, ...outcome.row, changedAt: Date.now() }
    entry.error = outcome.error
    this.#save(id, entry, outcome.event?.type === 'done' ? outcome.event : undefined)
    await closed
    if (outcome.event != null) feed.end(outcome.event)
    else feed.fail(outcome.thrown)
  }

  async #stop(id: string, entry: Entry, state: 'paused' | 'active'): Promise<void> {
    const { run } = entry
    await this.#close(entry)
    if (entry.run != null) return // it was told to go on meanwhile
    entry.row = { ...entry.row, ...run?.progress, state, changedAt: Date.now() }
    this.#save(id, entry)
  }

  /** @param last what had arrived in the end; as last shown, when nobody knows better */
  #save(id: string, entry: Entry, last: Arrived | undefined = this.feed.get(id)): void {
    this.#store.putTransfer(entry.row)
    const { received = 0, duplicate = 0 } = last ?? {}
    this.feed.set(id, { ...restingRow(entry.row, entry.error), received, duplicate })
  }

  #forget(id: string, { row }: Entry): void {
    this.#entries.delete(id)
    this.feed.delete(id)
    this.#store.removeTransfer(row.root, row.directory)
  }
}
