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

export interface Providing extends Disposable {
  /** Keeps the root provided from now on; resolves when it has been provided once since it was added. */
  add(root: string, signal: AbortSignal): Promise<void>
  remove(root: string): void
  /** How many connected peers take part in a DHT: at 0 everything waits. */
  setDhtPeers(count: number): void
}

export function startProviding(ports: ProvidePorts): Providing {
  const schedule = new ProvideSchedule(ports.random)
  const running = new Map<number, AbortController>()
  const waiters = new Map<string, Set<PromiseWithResolvers<void>>>()
  const everProvided = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  const feed = (input: ProvideInput): void => {
    if (isStopped) return
    for (const effect of schedule.apply(input, ports.now())) perform(effect)
    clearTimeout(timer)
    const wakeAt = schedule.nextWakeAt(ports.now())
    if (wakeAt == null) return
    timer = setTimeout(() => feed({ type: 'tick' }), Math.min(Math.max(0, wakeAt - ports.now()), MAX_TIMER_MS))
    timer.unref()
  }
  const perform = (effect: ProvideEffect): void => {
    switch (effect.type) {
      case 'provide':
        void run(effect.id, effect.root)
        break
      case 'cancel':
        running.get(effect.id)?.abort(new Error('No longer provided'))
        break
      case 'save':
        everProvided.add(effect.root)
        ports.rows.save(effect.root, effect.at)
        settle(effect.root)
        break
      default:
        effect satisfies never
    }
  }
  const run = async (id: number, root: string): Promise<void> => {
    const abort = new AbortController()
    running.set(id, abort)
    const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(PROVIDE_TIMEOUT_MS)])
    const outcome = await ports.provide(root, signal).then(
      () => 'provided' as const,
      () => 'failed' as const
    )
    running.delete(id)
    feed({ type: outcome, id })
  }
  const settle = (root: string, error?: Error): void => {
    const waiting = waiters.get(root) ?? []
    waiters.delete(root)
    for (const waiter of waiting) {
      if (error == null) waiter.resolve()
      else waiter.reject(error)
    }
  }

  for (const { root, at } of ports.rows.load()) {
    if (at != null) everProvided.add(root)
    feed(at == null ? { type: 'add', root } : { type: 'add', root, providedAt: at })
  }
  return {
    async add(root, signal) {
      signal.throwIfAborted()
      if (isStopped) throw new CodedError('cancelled', 'The node has stopped')
      const waiter = Promise.withResolvers<void>()
      if (everProvided.has(root)) waiter.resolve()
      else waiters.set(root, (waiters.get(root) ?? new Set()).add(waiter))
      const onAbort = (): void => waiter.reject(new CodedError('cancelled', 'Cancelled', { cause: signal.reason }))
      signal.addEventListener('abort', onAbort, { once: true })
      feed({ type: 'add', root })
      try {
        await waiter.promise
      } finally {
        signal.removeEventListener('abort', onAbort)
        waiters.get(root)?.delete(waiter)
      }
    },
    remove(root) {
      everProvided.delete(root)
      feed({ type: 'remove', root })
      settle(root, new CodedError('cancelled', 'No longer shared'))
    },
    setDhtPeers: count => feed({ type: 'dht-peers', count }),
    [Symbol.dispose]() {
      isStopped = true
      clearTimeout(timer)
      for (const abort of running.values()) abort.abort(new Error('The node stops'))
      for (const root of waiters.keys()) settle(root, new CodedError('cancelled', 'The node has stopped'))
    }
  }
}
