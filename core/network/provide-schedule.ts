// Decides when which root is provided: new ones at once, known ones again before their records expire. No clock, no dice, no I/O.
// Provider records live 48 h and their addresses 24 h (kad-dht spec, "Content provider advertisement"); 20 h ± 10 % leaves room for a failed round.

const HOUR_MS = 60 * 60 * 1000
const REPROVIDE_MS = 20 * HOUR_MS
const REPROVIDE_SPREAD = 0.1
const RETRY_MS = 30_000
const MAX_RETRY_MS = 15 * 60_000
/** At most so many at once; one place is kept free of reproviding, so that a new root does not wait behind a thousand old ones. */
export const MAX_RUNNING = 4
const MAX_REPROVIDING = 3

export type ProvideInput =
  | { type: 'add'; root: string; providedAt?: number } // providedAt: wall-clock ms of the last success, from the store
  | { type: 'remove'; root: string }
  | { type: 'dht-peers'; count: number }
  | { type: 'provided'; id: number }
  | { type: 'failed'; id: number }
  | { type: 'tick' }
export type ProvideEffect =
  | { type: 'provide'; id: number; root: string }
  | { type: 'cancel'; id: number } // harmless if it is over
  | { type: 'save'; root: string; at: number }

interface Entry {
  dueAt: number
  isNew: boolean // never provided yet
  failures: number
}

export class ProvideSchedule {
  readonly #entries = new Map<string, Entry>()
  readonly #running = new Map<number, { root: string; isNew: boolean }>()
  readonly #random: () => number
  #nextId = 1
  #dhtPeers = 0

  /** `random` gives numbers in [0, 1). */
  constructor(random: () => number) {
    this.#random = random
  }

  /** `now` is the wall clock in ms: what was provided is remembered across restarts. A clock that went backwards makes things due, never late. */
  apply(input: ProvideInput, now: number): ProvideEffect[] {
    const out: ProvideEffect[] = []
    switch (input.type) {
      case 'add':
        this.#add(input, now)
        break
      case 'remove':
        this.#entries.delete(input.root)
        for (const [id, run] of this.#running) if (run.root === input.root) this.#end(id, out)
        break
      case 'dht-peers':
        if (this.#dhtPeers === 0 && input.count > 0) this.#forgiveFailures(now)
        this.#dhtPeers = input.count
        break
      case 'provided':
        this.#succeed(input.id, now, out)
        break
      case 'failed':
        this.#fail(input.id, now)
        break
      case 'tick':
        break
      default:
        input satisfies never
    }
    this.#start(now, out)
    return out
  }

  /**
   * When `tick` should come at the latest, wall-clock ms; undefined when only another input can change anything. What is due already waits for a place,
   * and a place becomes free by an input.
   */
  nextWakeAt(now: number): number | undefined {
    if (this.#dhtPeers === 0) return undefined
    const busy = this.#busyRoots()
    let next: number | undefined
    for (const [root, { dueAt }] of this.#entries) {
      if (dueAt > now && !busy.has(root) && (next == null || dueAt < next)) next = dueAt
    }
    return next
  }

  #add({ root, providedAt }: { root: string; providedAt?: number }, now: number): void {
    if (this.#entries.has(root)) return
    const isNew = providedAt == null
    const isSane = providedAt != null && providedAt <= now
    this.#entries.set(root, { dueAt: isSane ? this.#againAfter(providedAt) : now, isNew, failures: 0 })
  }

  /** Failures without a single DHT peer say nothing: the first peer starts everything anew. */
  #forgiveFailures(now: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.failures === 0) continue
      entry.failures = 0
      entry.dueAt = Math.min(entry.dueAt, now)
    }
  }

  #succeed(id: number, now: number, out: ProvideEffect[]): void {
    const run = this.#running.get(id)
    this.#running.delete(id)
    const entry = run == null ? undefined : this.#entries.get(run.root)
    if (run == null || entry == null) return
    entry.isNew = false
    entry.failures = 0
    entry.dueAt = this.#againAfter(now)
    out.push({ type: 'save', root: run.root, at: now })
  }

  #fail(id: number, now: number): void {
    const run = this.#running.get(id)
    this.#running.delete(id)
    const entry = run == null ? undefined : this.#entries.get(run.root)
    if (entry == null) return
    entry.dueAt = now + Math.min(RETRY_MS * 2 ** entry.failures, MAX_RETRY_MS) * (0.75 + this.#random() / 2)
    entry.failures++
  }

  #end(id: number, out: ProvideEffect[]): void {
    this.#running.delete(id)
    out.push({ type: 'cancel', id })
  }

  #start(now: number, out: ProvideEffect[]): void {
    if (this.#dhtPeers === 0 || this.#running.size >= MAX_RUNNING) return
    const busy = this.#busyRoots()
    const due = [...this.#entries].filter(([root, entry]) => entry.dueAt <= now && !busy.has(root))
    due.sort(([, a], [, b]) => Number(b.isNew) - Number(a.isNew) || a.dueAt - b.dueAt)
    let reproviding = [...this.#running.values()].filter(run => !run.isNew).length
    for (const [root, { isNew }] of due) {
      if (this.#running.size >= MAX_RUNNING) return
      if (!isNew && reproviding >= MAX_REPROVIDING) return // sorted: only old ones follow
      if (!isNew) reproviding++
      const id = this.#nextId++
      this.#running.set(id, { root, isNew })
      out.push({ type: 'provide', id, root })
    }
  }

  #busyRoots(): Set<string> {
    return new Set([...this.#running.values()].map(run => run.root))
  }

  #againAfter(at: number): number {
    return at + REPROVIDE_MS * (1 - REPROVIDE_SPREAD + 2 * REPROVIDE_SPREAD * this.#random())
  }
}
