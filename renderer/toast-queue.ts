// What is said in passing, and what was removed and can be taken back: one time for both, which stands still while somebody is about to press something.
import type { Code } from './sentences.ts'
import { Store } from './store.ts'

export interface Toast {
  readonly id: number
  readonly text: string
  readonly code?: Code
  readonly undo?: () => void
  /** What can be done about it. */
  readonly action?: { readonly label: string; readonly run: () => void }
}

const TOAST_MS = 6_000
export const UNDO_MS = 10_000
/** After it stood still, at least this long. */
const LEAST_MS = 2_000
const MAX_TOASTS = 3
/** A row that was removed for good stays hidden until the list says so too. */
const SETTLE_MS = 1_000

interface Clock {
  readonly end: () => void | Promise<void>
  timer: ReturnType<typeof setTimeout> | undefined
  leftMs: number
  since: number
}

export class ToastQueue {
  /** Those that can be undone are never pushed out by others. */
  readonly toasts = new Store<readonly Toast[]>([])
  /** Keys of rows that go away unless they are taken back. */
  readonly leaving = new Store<ReadonlySet<string>>(new Set())
  readonly #clocks = new Map<number, Clock>()
  /** The toast of each. */
  readonly #removals = new Map<string, number>()
  #isHeld = false
  #lastId = 0

  show(text: string, more: Omit<Toast, 'id' | 'text'> = {}): void {
    this.#begin({ text, ...more }, more.action == null ? TOAST_MS : UNDO_MS, () => {})
  }

  /** Hides a row at once and does it for good ten seconds later, when its toast is closed, or when the page goes. `work` answers whether it worked. */
  later(key: string, text: string, work: () => Promise<boolean>): void {
    this.keep(key)
    this.leaving.set(new Set(this.leaving.get()).add(key))
    const run = async (): Promise<void> => {
      this.#removals.delete(key)
      if (await work()) setTimeout(() => this.#show(key), SETTLE_MS)
      else this.#show(key)
    }
    const toast = this.#begin({ text, undo: () => this.keep(key) }, UNDO_MS, run)
    this.#removals.set(key, toast)
  }

  /** What was about to go away stays: it was taken back, or is wanted anew. */
  keep(key: string): void {
    const toast = this.#removals.get(key)
    if (toast == null) return
    this.#removals.delete(key)
    this.#drop(toast)
    this.#show(key)
  }

  /** The newest removal. False when there is none. */
  undo(): boolean {
    const newest = this.toasts.get().findLast(toast => toast.undo != null)
    newest?.undo?.()
    return newest != null
  }

  /** Settles when what was to be done with it is done. */
  async close(id: number): Promise<void> {
    const clock = this.#clocks.get(id)
    this.#drop(id)
    await clock?.end()
  }

  /** The pointer or the focus is on one of them: their time stands still. */
  hold(isHeld: boolean): void {
    if (isHeld === this.#isHeld) return
    this.#isHeld = isHeld
    for (const [id, clock] of this.#clocks) {
      clearTimeout(clock.timer)
      if (isHeld) clock.leftMs -= performance.now() - clock.since
      else this.#run(id, { ...clock, leftMs: Math.max(LEAST_MS, clock.leftMs) })
    }
  }

  /** The page goes: what waits to be undone is done. Settles when it is. */
  async flush(): Promise<void> {
    await Promise.all([...this.#removals.values()].map(async toast => this.close(toast)))
  }

  #begin(toast: Omit<Toast, 'id'>, ms: number, end: Clock['end']): number {
    const id = ++this.#lastId
    const all = [...this.toasts.get(), { id, ...toast }]
    const surplus = all.slice(0, -1).filter(it => it.undo == null).slice(0, Math.max(0, all.length - MAX_TOASTS)) // prettier-ignore
    surplus.forEach(it => this.#stop(it.id))
    this.toasts.set(all.filter(it => !surplus.includes(it)))
    this.#run(id, { end, timer: undefined, leftMs: ms, since: 0 })
    return id
  }

  #run(id: number, clock: Clock): void {
    const timer = this.#isHeld ? undefined : setTimeout(() => void this.close(id), clock.leftMs)
    this.#clocks.set(id, { ...clock, timer, since: performance.now() })
  }

  #drop(id: number): void {
    this.#stop(id)
    const left = this.toasts.get().filter(toast => toast.id !== id)
    this.toasts.set(left)
    if (left.length === 0) this.#isHeld = false // what was under the pointer is gone, and says nothing when it goes
  }

  #stop(id: number): void {
    clearTimeout(this.#clocks.get(id)?.timer)
    this.#clocks.delete(id)
  }

  #show(key: string): void {
    const left = new Set(this.leaving.get())
    left.delete(key)
    this.leaving.set(left)
  }
}
