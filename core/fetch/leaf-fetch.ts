// Runs the scheduler over one open download: verifies before it writes, keeps the disk's pace, and tells how it goes.
// Decides nothing about peers; what cannot go on here (disk full, malformed content) ends `run` with its code.

import { CodedError } from '../errors.ts'
import { trace } from '../trace.ts'
import { inTurns } from '../turns.ts'
import type { Run } from '../exchange/codes.ts'
import type { BanReason, Effect, Input } from './inputs-and-effects.ts'
import { MAX_OUT_BYTES } from './limits.ts'
import type { DownloadPort } from './ports.ts'
import type { DownloadLimit } from './download-limit.ts'
import type { DuplicateLeaves, Plan } from './duplicate-leaves.ts'
import { LeafTable } from './leaf-table.ts'
import { Scheduler } from './scheduler.ts'

/** Not traced: they come all the time. */
const CONSTANT: ReadonlySet<Input['type']> = new Set(['time-passed', 'room-changed', 'bytes-received'])

export interface LeafFetchPorts {
  now(): number
  random(): number
  /** What may be asked for and not yet written, in bytes. */
  roomBytes(): number
  request(peer: string, runs: readonly Run[]): void
  cancel(peer: string, runs: readonly Run[]): void
  ban(peer: string, reason: BanReason): void
  /** A good leaf came from this peer and is written. */
  onGood(peer: string): void
  /** This peer sent something else than it was asked for. */
  onWrong(peer: string): void
  onDuplicate(bytes: number): void
  onChange(): void
}

export class LeafFetch implements Disposable {
  readonly scheduler: Scheduler
  readonly #download: DownloadPort
  readonly #ports: LeafFetchPorts
  readonly #unwatch: () => void
  #pendingBytes = 0 // accepted, not yet written
  #pending = 0
  #over: PromiseWithResolvers<void> | undefined
  #failure: unknown
  #failed = false

  /** In turns of the loop. `plan`: the layout. Throws the signal's reason. */
  static async open(
    plan: Plan,
    download: DownloadPort,
    ports: LeafFetchPorts,
    { shared, duplicates }: { readonly shared: readonly DownloadLimit[]; readonly duplicates: DuplicateLeaves },
    signal: AbortSignal
  ): Promise<LeafFetch> {
    const lost: (readonly [number, number])[] = [] // while the table is made: it may have counted them
    const unwatch = download.watch(({ unset }) => unset != null && lost.push(unset))
    try {
      const steps = LeafTable.steps(plan, download.have, download.wanted, duplicates)
      const table = await inTurns('leaf-table', steps, () => signal.throwIfAborted())
      const leaves = new LeafFetch(download, ports, new Scheduler({ table, random: ports.random, shared }))
      for (const run of lost) leaves.#lose(run)
      return leaves
    } finally {
      unwatch()
    }
  }

  private constructor(download: DownloadPort, ports: LeafFetchPorts, scheduler: Scheduler) {
    this.#download = download
    this.#ports = ports
    this.scheduler = scheduler
    this.#unwatch = download.watch(({ unset }) => unset != null && this.#lose(unset))
    this.feed({ type: 'paused' })
  }

  /**
   * Resolves when everything wanted is written. Throws what `writeLeaf` throws, and `bad-content`, when all that was under way is
   * settled: nothing more is asked for then, and `run` may be called again. After `pause` it stays pending.
   */
  async run(): Promise<void> {
    this.#failed = false
    this.#over = Promise.withResolvers<void>()
    this.feed({ type: 'resumed' })
    this.tick()
    this.#settle()
    await this.#over.promise
  }

  pause(): void {
    this.feed({ type: 'paused' })
  }

  resume(): void {
    if (!this.#failed) this.feed({ type: 'resumed' })
  }

  /** `run` throws this when what is under way is settled. */
  stop(reason: Error): void {
    this.#fail(reason)
    this.#settle()
  }

  tick(): void {
    this.#sayRoom()
    this.feed({ type: 'time-passed' })
  }

  feed(input: Input): void {
    if (trace.fetch != null && !CONSTANT.has(input.type)) trace.fetch('input', input)
    for (const effect of this.scheduler.apply(input, this.#ports.now())) this.#perform(effect)
  }

  /** A whole leaf came. True when it was wanted. */
  leaf(peer: string, ordinal: number, bytes: Uint8Array): boolean {
    trace.fetch?.('input', { type: 'leaf-received', peer, ordinal })
    let accepted = false
    for (const effect of this.scheduler.apply({ type: 'leaf-received', peer, ordinal }, this.#ports.now())) {
      if (effect.type === 'accept') {
        accepted = true
        trace.fetch?.('effect', effect)
        void this.#keep(peer, ordinal, bytes)
      } else this.#perform(effect)
    }
    if (!accepted) this.#ports.onDuplicate(bytes.length)
    return accepted
  }

  [Symbol.dispose](): void {
    this.#unwatch()
    this.feed({ type: 'stopped' })
  }

  #lose([start, end]: readonly [number, number]): void {
    for (let ordinal = start; ordinal < end; ordinal++) this.feed({ type: 'leaf-lost', ordinal })
  }

  #perform(effect: Effect): void {
    trace.fetch?.('effect', effect)
    switch (effect.type) {
      case 'request':
        this.#ports.request(effect.peer, effect.runs)
        break
      case 'cancel':
        this.#ports.cancel(effect.peer, effect.runs)
        break
      case 'ban':
        this.#ports.ban(effect.peer, effect.reason)
        break
      case 'accept':
        throw new CodedError('internal', 'A leaf was accepted that nobody brought')
      case 'starved':
        this.#ports.onChange()
        break
      case 'done':
        this.#settle()
        break
      default:
        effect satisfies never
    }
  }

  /** Never rejects: what fails here ends `run`. */
  async #keep(peer: string, ordinal: number, bytes: Uint8Array): Promise<void> {
    const { length } = bytes
    this.#pending++
    this.#pendingBytes += length
    try {
      const isRight = await this.#download.verifyAndWrite(this.scheduler.positions(ordinal), bytes)
      if (isRight) this.#ports.onGood(peer)
      else this.#ports.onWrong(peer)
      this.feed(isRight ? { type: 'leaf-written', ordinal } : { type: 'leaf-refuted', peer, ordinal })
    } catch (error) {
      this.#fail(error)
      this.feed({ type: 'leaf-lost', ordinal })
    } finally {
      this.#pending--
      this.#pendingBytes -= length
      this.#sayRoom()
      this.#settle()
      this.#ports.onChange()
    }
  }

  #sayRoom(): void {
    const waiting = Math.max(this.#pendingBytes, this.#download.queuedBytes)
    this.feed({ type: 'room-changed', bytes: Math.max(0, Math.min(MAX_OUT_BYTES, this.#ports.roomBytes()) - waiting) })
  }

  #fail(error: unknown): void {
    if (!this.#failed) this.#failure = error
    this.#failed = true
    this.feed({ type: 'paused' })
  }

  #settle(): void {
    if (this.#pending > 0) return
    if (this.#failed) this.#over?.reject(this.#failure)
    else if (this.scheduler.isDone) this.#over?.resolve()
  }
}
