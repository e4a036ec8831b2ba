// The shell around the provide schedule: runs what it asks for, remembers what was done.

import { CodedError } from '../errors.ts'
import { type ProvideEffect, type ProvideInput, ProvideSchedule } from './provide-schedule.ts'

const PROVIDE_TIMEOUT_MS = 60_000
const MAX_TIMER_MS = 60 * 60 * 1000 // wall clocks are set, machines sleep: look again at least every hour

/** What survives a restart. `at`: wall-clock ms of the last success; undefined for a root that was never provided. */
export interface ProvideRows {
  load(): Iterable<{ root: string; at: number | undefined }>
  save(root: string, at: number): void
}

export interface ProvidePorts {
  readonly rows: ProvideRows
  /** Puts the provider record on the DHT; rejects when nobody took it. */
  provide(root: string, signal: AbortSignal): Promise<void>
  now(): number
  random(): number
}

/** Everything of `rows` is kept provided from the start. Disposing it ends what runs; who waits gets `cancelled`. */
export class Providing implements Disposable {
  readonly #ports: ProvidePorts
  readonly #schedule: ProvideSchedule
  readonly #running = new Map<number, AbortController>()
  readonly #waiters = new Map<string, Set<PromiseWithResolvers<void>>>()
  readonly #everProvided = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(ports: ProvidePorts) {
    this.#ports = ports
    this.#schedule = new ProvideSchedule(ports.random)
    for (const { root, at } of ports.rows.load()) {
      if (at != null) this.#everProvided.add(root)
      this.#feed(at == null ? { type: 'add', root } : { type: 'add', root, providedAt: at })
    }
  }

  /** Keeps the root provided from now on; resolves when it has been provided once since it was added. Rejects with `cancelled`. */
  async add(root: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#isStopped) throw new CodedError('cancelled', 'The node has stopped')
    const waiter = Promise.withResolvers<void>()
    if (this.#everProvided.has(root)) waiter.resolve()
    else this.#waiters.set(root, (this.#waiters.get(root) ?? new Set()).add(waiter))
    const onAbort = (): void => waiter.reject(new CodedError('cancelled', 'Cancelled', { cause: signal.reason }))
    signal.addEventListener('abort', onAbort, { once: true })
    this.#feed({ type: 'add', root })
    try {
      await waiter.promise
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#waiters.get(root)?.delete(waiter)
    }
  }

  remove(root: string): void {
    this.#everProvided.delete(root)
    this.#feed({ type: 'remove', root })
    this.#settle(root, new CodedError('cancelled', 'No longer shared'))
  }

  /** How many connected peers take part in a DHT: at 0 everything waits. */
  setDhtPeers(count: number): void {
    this.#feed({ type: 'dht-peers', count })
  }

  [Symbol.dispose](): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
    for (const abort of this.#running.values()) abort.abort(new Error('The node stops'))
    for (const root of this.#waiters.keys()) this.#settle(root, new CodedError('cancelled', 'The node has stopped'))
  }

  #feed(input: ProvideInput): void {
    if (this.#isStopped) return
    const { now } = this.#ports
    for (const effect of this.#schedule.apply(input, now())) this.#perform(effect)
    clearTimeout(this.#timer)
    const wakeAt = this.#schedule.nextWakeAt(now())
    if (wakeAt == null) return
    this.#timer = setTimeout(() => this.#feed({ type: 'tick' }), Math.min(Math.max(0, wakeAt - now()), MAX_TIMER_MS))
    this.#timer.unref()
  }

  #perform(effect: ProvideEffect): void {
    switch (effect.type) {
      case 'provide':
        void this.#run(effect.id, effect.root)
        break
      case 'cancel':
        this.#running.get(effect.id)?.abort(new Error('No longer provided'))
        break
      case 'save':
        this.#everProvided.add(effect.root)
        this.#ports.rows.save(effect.root, effect.at)
        this.#settle(effect.root)
        break
      default:
        effect satisfies never
    }
  }

  async #run(id: number, root: string): Promise<void> {
    const abort = new AbortController()
    this.#running.set(id, abort)
    const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(PROVIDE_TIMEOUT_MS)])
    const outcome = await this.#ports.provide(root, signal).then(
      () => 'provided' as const,
      () => 'failed' as const
    )
    this.#running.delete(id)
    this.#feed({ type: outcome, id })
  }

  #settle(root: string, error?: Error): void {
    const waiting = this.#waiters.get(root) ?? []
    this.#waiters.delete(root)
    for (const waiter of waiting) {
      if (error == null) waiter.resolve()
      else waiter.reject(error)
    }
  }
}
