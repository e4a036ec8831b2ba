// The user's downloads: which there are, which go on, and what clients are told of them. Who may receive is decided by the queue; one that is open
// there is a TransferRun, the rest are rows.
import path from 'node:path'
import { parseRoot, rootText } from '../../core/cid.ts'
import { CodedError } from '../../core/errors.ts'
import { formatLink, parseLink } from '../../core/link.ts'
import type { Store } from '../../core/store/store.ts'
import type { TransferRow } from '../../core/store/transfer-repo.ts'
import { isCode } from '../contract/wire-error.ts'
import type { Transfer, TransferDetails, TransferEvent } from '../contract/shapes.ts'
import type { QueueEffect, QueueInput, Urgency } from './download-queue.ts'
import { QueueRunner } from './queue-runner.ts'
import { JobFeed, ListFeed } from './snapshot-feed.ts'
import { TransferContents } from './transfer-contents.ts'
import { transferDetails } from './transfer-details.ts'
import { type Entry, newEntry, TransferEntries } from './transfer-entries.ts'
import { asQueued, isCutOff, isSameSelection, keptState, restingRow, rowToStart, transferId } from './transfer-rows.ts'
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
  /** Before the others that wait, and in place of one that receives if need be. */
  readonly first: boolean
  /** Also when they are very many files. */
  readonly manyFiles?: boolean
}

export interface TransfersPorts extends Omit<RunPorts, 'changed' | 'save' | 'ended' | 'active'> {
  /** How many may receive at once. */
  readonly activeDownloads: number
  /** Removes the `.part` of a transfer that is not running, if there is one. */
  readonly discardPart: (row: TransferRow) => Promise<void>
}

type Arrived = Pick<Transfer, 'received' | 'duplicate'>

export class Transfers implements AsyncDisposable {
  readonly feed = new ListFeed<Transfer>()
  readonly contents: TransferContents
  readonly #ports: TransfersPorts
  readonly #store: Store
  readonly #entries = new TransferEntries()
  readonly #queue: QueueRunner
  /** The last run of each letting go of its files; these never reject, and the next run waits. */
  readonly #closing = new Map<string, Promise<void>>()

  constructor(ports: TransfersPorts) {
    this.#ports = ports
    this.#store = ports.store
    this.contents = new TransferContents(ports.store, this.#entries)
    this.#queue = new QueueRunner(ports.activeDownloads, {
      clock: ports.clock,
      perform: effect => this.#perform(effect),
      moved: id => {
        const shown = this.feed.get(id)
        if (shown != null && this.#queue.has(id)) this.feed.set(id, asQueued(shown, this.#queue.place(id)))
      }
    })
    for (const row of this.#store.transfers()) {
      const id = transferId(row.root, row.directory)
      const error = row.error != null && isCode(row.error) ? { code: row.error, message: '' } : null
      this.#entries.put(id, newEntry(row, error))
      this.feed.set(id, restingRow(row, error))
    }
  }

  /** Goes on with everything that did when the last node ended, in the order it had. */
  resumeAll(): void {
    const active = [...this.#entries].filter(([, { row }]) => keptState(row) === 'active')
    for (const [id, entry] of active) if (isCutOff(entry.row)) this.#failCrashed(id, entry)
    const going = active.filter(([, { row }]) => !isCutOff(row))
    going.sort(([, a], [, b]) => a.row.queueOrder - b.row.queueOrder)
    for (const [, entry] of going) this.#goOn(entry, {})
    this.#queue.feedAll(going.map(([id, { row }]) => addInput(id, row, 'none')))
    for (const [id, entry] of going) {
      const order = this.#queue.order(id) ?? 0
      if (order === entry.row.queueOrder) continue // as it is kept, and shown
      entry.row = { ...entry.row, queueOrder: order }
      this.#store.noteTransfer(entry.row)
    }
  }

  /** It took the process along twice: it would again, at every start. */
  #failCrashed(id: string, entry: Entry): void {
    entry.error = {
      code: 'crashed',
      message: 'Shoal ended twice while it was opening this. Start it again if you like.'
    }
    entry.row = { ...entry.row, state: 'failed', error: 'crashed', queueOrder: 0 }
    this.#save(id, entry)
  }

  /**
   * Starts a transfer, or goes on with the one of this root and directory: what is chosen now comes to what was chosen before and is not done yet, so
   * that no file is left half got. Throws invalid-link, unsupported-cid, disk-full.
   */
  start(options: StartOptions): { id: string; root: string } {
    const link = parseLink(options.link)
    const root = rootText(link.root)
    const directory = path.resolve(options.directory)
    const id = transferId(root, directory)
    const found = this.#entries.get(id)
    const known = found?.cancelling == null ? found : undefined // nothing is left of one that is being cancelled
    const row = rowToStart(known?.row, { ...options, link, directory, now: Date.now() })
    const isSame = known != null && isSameSelection(row.selection, known.row.selection)
    const isGoing = known != null && this.#queue.has(id)
    const urgency = options.first ? 'first' : 'none'
    const asked = { giveUpAfterMs: options.giveUpAfterMs, sizeHint: link.sizeBytes ?? null }
    if (isGoing && isSame) {
      known.run?.askAlso(row.addrs, options.giveUpAfterMs)
      known.row = row
      known.options = { ...known.options, ...asked }
      this.#store.noteTransfer(row)
      if (options.first) this.#queue.feed({ type: 'urge', id, urgency })
      return { id, root }
    }
    this.#store.requireRoom()
    this.#store.putTransfer(row) // before anything is begun that could not be gone on with
    const entry = known ?? newEntry(row)
    if (isGoing) void this.#close(id, entry) // its followers stay, and see it go on with more
    entry.row = row
    this.#entries.put(id, entry)
    this.#enqueue(id, entry, asked, urgency)
    return { id, root }
  }

  /** How many may receive at once. */
  setActive(count: number): void {
    this.#queue.feed({ type: 'limit', active: count })
  }

  /** Receives now, in place of another one if need be; goes on if it rests. Throws not-found. */
  startNow(id: string): void {
    this.resume(id)
    this.#queue.feed({ type: 'urge', id, urgency: 'now' })
  }

  /** Before another one that waits, or at the end of the queue. Throws not-found. */
  move(id: string, before: string | null): void {
    this.#entry(id)
    if (before != null) this.#entry(before)
    this.#queue.feed({ type: 'move', id, before })
    for (const [key, entry] of this.#entries) {
      const queueOrder = this.#queue.order(key)
      if (queueOrder == null || queueOrder === entry.row.queueOrder) continue
      entry.row = { ...entry.row, queueOrder }
      this.#store.noteTransfer(entry.row)
    }
  }

  /** Progress, then how it ended. Throws not-found, and whatever ended it. */
  follow(id: string, signal: AbortSignal): AsyncIterable<TransferEvent> {
    return this.#entry(id).feed.read(signal)
  }

  /** Stops it; what is there stays. Throws not-found. */
  async pause(id: string): Promise<void> {
    const entry = this.#entry(id)
    if (!this.#queue.has(id) && keptState(entry.row) !== 'active') return
    if (await this.#stop(id, entry, 'paused')) entry.feed.end({ type: 'paused', root: entry.row.root })
  }

  /** Goes on when it is its turn, without a limit of time. Throws not-found. */
  resume(id: string): void {
    const entry = this.#entry(id)
    if (entry.cancelling != null) throw notFound()
    if (this.#queue.has(id)) return
    entry.row = { ...entry.row, state: 'active' }
    this.#enqueue(id, entry)
  }

  /** Goes on; one that waits for room on the disk looks again at once. Throws not-found. */
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

  /**
   * Stops it, forgets it and removes the `.part` it made; begun anew before that is over, the new one waits for it. Throws not-found, and what the
   * disk says: then it is paused, and may be cancelled again.
   */
  async cancel(id: string): Promise<void> {
    const entry = this.#entry(id)
    await (entry.cancelling ??= this.#cancel(id, entry))
  }

  async #cancel(id: string, entry: Entry): Promise<void> {
    const run = this.#takeOut(id, entry)
    entry.row = { ...entry.row, state: 'paused', changedAt: Date.now(), queueOrder: 0 }
    this.#save(id, entry)
    const gone = this.#discard(run, entry.row, this.#closing.get(id))
    this.#closes(
      id,
      gone.catch(() => {}) // whoever cancelled it hears
    )
    try {
      await gone
    } finally {
      entry.cancelling = undefined
      entry.feed.end({ type: 'paused', root: entry.row.root })
    }
    if (this.#entries.get(id) === entry) this.#forget(id, entry)
  }

  async #discard(run: TransferRun | undefined, row: TransferRow, before: Promise<void> | undefined): Promise<void> {
    try {
      await (run == null ? before : run.discard())
    } finally {
      await run?.[Symbol.asyncDispose]().catch((error: unknown) => this.#ports.log(error))
    }
    await this.#ports.discardPart(row)
  }

  /** Takes a finished or failed one off the list; touches no file. Throws not-found, usage. */
  remove(id: string): void {
    const entry = this.#entry(id)
    if (entry.cancelling != null) return
    if (this.#queue.has(id)) throw new CodedError('usage', 'That download is still going on. Cancel it instead.')
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

  /** Once a second while it runs; once of one that rests. Throws not-found. */
  async *details(id: string, signal: AbortSignal): AsyncGenerator<TransferDetails> {
    const { run, row } = this.#entry(id)
    if (run != null) return yield* run.details(signal)
    const layout = await this.contents.layout(row.root)
    const have = layout && this.#store.received(row.root, row.directory, layout.leafCount)
    yield transferDetails(id, [], layout, have, [])
  }

  /** Stops everything that goes on; it does so again at the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    const going = [...this.#entries].filter(([id]) => this.#queue.has(id))
    this.#queue[Symbol.dispose]()
    await Promise.all(going.map(async ([id, entry]) => this.#stop(id, entry, 'active')))
    await Promise.allSettled([...this.#entries.values()].map(async ({ cancelling }) => cancelling))
    await Promise.all(this.#closing.values())
    for (const [, { feed }] of going)
      feed.fail(new CodedError('cancelled', 'Shoal is stopping; run the same command again to resume.'))
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id)
    if (entry == null) throw notFound()
    return entry
  }

  #enqueue(id: string, entry: Entry, options: Partial<RunOptions> = {}, urgency: Urgency = 'none'): void {
    this.#goOn(entry, options)
    this.#queue.feed(addInput(id, entry.row, urgency))
    entry.row = { ...entry.row, queueOrder: this.#queue.order(id) ?? entry.row.queueOrder }
    this.#save(id, entry)
  }

  #goOn(entry: Entry, options: Partial<RunOptions>): void {
    entry.options = options
    entry.error = null
    entry.change++
    if (entry.feed.isOver || entry.isEnding) entry.feed = new JobFeed()
    entry.isEnding = false
  }

  #perform(effect: QueueEffect): void {
    const entry = this.#entries.get(effect.id)
    if (entry == null) return
    switch (effect.type) {
      case 'open':
        return this.#open(effect.id, entry)
      case 'close':
        entry.options = { ...entry.options, unservedMs: entry.run?.unservedMs } // read before it is closed
        void this.#closeRun(effect.id, this.#takeRun(entry))
        return
      case 'go':
        return entry.run?.setTurn(true)
      case 'hold':
        return entry.run?.setTurn(false)
      default:
        effect.type satisfies never
    }
  }

  #open(id: string, entry: Entry): void {
    const closing = this.#closing.get(id)
    const run: TransferRun = new TransferRun(
      id,
      entry.row,
      { giveUpAfterMs: null, sizeHint: null, ...entry.options, ...(closing && { after: closing }) },
      {
        ...this.#ports,
        active: () => this.#queue.active,
        changed: (shown, event, canReceive) => {
          if (entry.run !== run) return
          this.#queue.feed({ type: 'report', id, canReceive, bytes: shown.bytes + shown.received })
          const place = this.#queue.place(id)
          this.feed.set(id, asQueued(shown, place))
          entry.feed.progress(place == null ? event : { ...event, phase: 'find' })
        },
        save: progress => {
          if (entry.run !== run) return
          entry.row = { ...entry.row, ...progress, changedAt: Date.now() }
          this.#store.noteTransfer(entry.row)
        },
        ended: outcome => {
          if (entry.run === run) void this.#end(id, entry, outcome) // else stopped at the same moment; starting it again finds everything there
        }
      }
    )
    entry.run = run
  }

  /** Takes it out of the queue, and its run away; resolves when that has let go of everything. Never rejects. */
  async #close(id: string, entry: Entry): Promise<void> {
    return this.#closeRun(id, this.#takeOut(id, entry))
  }

  /** Out of the queue, and without the run it had, which the caller closes. */
  #takeOut(id: string, entry: Entry): TransferRun | undefined {
    entry.change++
    this.#queue.feed({ type: 'remove', id })
    return this.#takeRun(entry)
  }

  #takeRun(entry: Entry): TransferRun | undefined {
    const { run } = entry
    entry.run = undefined
    if (run == null) return undefined
    entry.row = { ...entry.row, ...run.progress }
    if (entry.row.cutOff != null) this.#store.noteTransfer((entry.row = { ...entry.row, cutOff: 0 }))
    return run
  }

  async #closeRun(id: string, run: TransferRun | undefined): Promise<void> {
    if (run == null) return this.#closing.get(id)
    const closing = run[Symbol.asyncDispose]().catch((error: unknown) => this.#ports.log(error))
    this.#closes(id, closing)
    return closing
  }

  #closes(id: string, closing: Promise<void>): void {
    this.#closing.set(id, closing)
    void closing.then(() => {
      if (this.#closing.get(id) === closing) this.#closing.delete(id)
    })
  }

  /** Never rejects. Followers hear of it when everything is closed, so that what they do next finds nothing half open. */
  async #end(id: string, entry: Entry, outcome: Outcome): Promise<void> {
    const { feed } = entry
    const closed = this.#close(id, entry)
    entry.row = { ...entry.row, ...outcome.row, changedAt: Date.now(), queueOrder: 0 }
    entry.error = outcome.error
    entry.isEnding = true
    this.#save(id, entry, outcome.event?.type === 'done' ? outcome.event : undefined)
    await closed
    if (outcome.event != null) feed.end(outcome.event)
    else feed.fail(outcome.thrown)
  }

  /** False when something else was asked of it meanwhile: that counts. */
  async #stop(id: string, entry: Entry, state: 'paused' | 'active'): Promise<boolean> {
    const closed = this.#close(id, entry)
    const { change } = entry
    await closed
    if (entry.change !== change || this.#entries.get(id) !== entry) return false
    entry.row = {
      ...entry.row,
      state,
      changedAt: Date.now(),
      queueOrder: state === 'active' ? entry.row.queueOrder : 0
    }
    this.#save(id, entry)
    return true
  }

  /** @param last what had arrived in the end; as last shown, when nobody knows better */
  #save(id: string, entry: Entry, last: Arrived | undefined = this.feed.get(id)): void {
    this.#store.noteTransfer(entry.row)
    const { received = 0, duplicate = 0 } = last ?? {}
    const shown = { ...restingRow(entry.row, entry.error), received, duplicate }
    this.feed.set(id, asQueued(shown, this.#queue.place(id)))
  }

  #forget(id: string, { row }: Entry): void {
    this.#entries.delete(id)
    this.feed.delete(id)
    this.#store.removeTransfer(row.root, row.directory)
  }
}

/** At the place it has from an earlier run, else at the end. */
const addInput = (id: string, { queueOrder: order }: TransferRow, urgency: Urgency): QueueInput =>
  order > 0 ? { type: 'add', id, urgency, order } : { type: 'add', id, urgency }

const notFound = (): CodedError => new CodedError('not-found', 'There is no such download.')
