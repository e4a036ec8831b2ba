// Shares work between the hash pool's threads: one piece after another from each caller in turn, two per thread on the way, so
// that no thread waits and a long call does not hold up a short one. Knows nothing of files.

import type { Worker } from 'node:worker_threads'
import { CodedError } from '../errors.ts'
import type { Answer, Order, Work } from './hash-messages.ts'

/** A caller's work, made piece by piece. `fail` is called at most once, and nothing after it; `receive` for every answer until then. */
export interface WorkSource {
  /** The next piece; undefined when there is none now. */
  next(): { work: Work; receive(answer: Answer): void } | undefined
  fail(error: Error): void
}

interface Caller {
  readonly source: WorkSource
  readonly stop: Int32Array
}
interface Thread {
  readonly worker: Worker
  readonly open: Map<number, { caller: Caller; receive(answer: Answer): void }>
}

const ORDERS_PER_THREAD = 2

/** Threads start when there is work for them, do not keep the process alive while there is none, and are replaced when they die. */
export class ThreadPool implements AsyncDisposable {
  readonly #size: number
  readonly #startThread: () => Worker
  readonly #threads = new Set<Thread>()
  readonly #callers = new Set<Caller>()
  #nextId = 0
  #isClosed = false

  constructor(size: number, startThread: () => Worker) {
    this.#size = size
    this.#startThread = startThread
  }

  /** Adds a source; the result takes it out again and tells the threads to leave what it asked for. */
  add(source: WorkSource): { pump(): void; remove(): void } {
    if (this.#isClosed) throw new CodedError('cancelled', 'Stopped: Shoal is closing')
    const caller: Caller = { source, stop: new Int32Array(new SharedArrayBuffer(4)) }
    this.#callers.add(caller)
    return {
      pump: () => this.#pump(),
      remove: () => {
        this.#callers.delete(caller)
        Atomics.store(caller.stop, 0, 1)
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    for (const caller of this.#callers) this.#fail(caller, new CodedError('cancelled', 'Stopped: Shoal is closing'))
    const threads = [...this.#threads]
    this.#threads.clear()
    await Promise.all(threads.map(async ({ worker }) => worker.terminate()))
  }

  #pump(): void {
    while (this.#hasRoom()) {
      const piece = this.#nextPiece()
      if (piece == null) return
      const thread = this.#idlest()
      const id = this.#nextId++
      thread.open.set(id, piece)
      thread.worker.ref()
      thread.worker.postMessage({ id, stop: piece.caller.stop, ...piece.work } satisfies Order)
    }
  }

  #hasRoom(): boolean {
    if (this.#isClosed) return false
    return this.#threads.size < this.#size || this.#threads.values().some(it => it.open.size < ORDERS_PER_THREAD)
  }

  /** From the caller that waited longest; who gave a piece goes to the end of the queue. */
  #nextPiece(): { caller: Caller; work: Work; receive(answer: Answer): void } | undefined {
    for (const caller of this.#callers) {
      const piece = caller.source.next()
      if (piece == null) continue
      this.#callers.delete(caller)
      this.#callers.add(caller)
      return { caller, ...piece }
    }
    return undefined
  }

  #idlest(): Thread {
    const [idlest] = [...this.#threads].sort((a, b) => a.open.size - b.open.size)
    if (idlest != null && (idlest.open.size === 0 || this.#threads.size >= this.#size)) return idlest
    return this.#start()
  }

  #start(): Thread {
    const worker = this.#startThread()
    const thread: Thread = { worker, open: new Map() }
    let cause: unknown
    worker.on('message', (answer: Answer) => this.#receive(thread, answer))
    worker.on('error', error => void (cause = error))
    worker.on('exit', () => this.#bury(thread, cause))
    this.#threads.add(thread)
    return thread
  }

  #receive({ worker, open }: Thread, answer: Answer): void {
    const piece = open.get(answer.id)
    if (piece == null) return
    if (answer.isLast) open.delete(answer.id)
    if (open.size === 0) worker.unref()
    if (this.#callers.has(piece.caller)) piece.receive(answer)
    this.#pump()
  }

  #bury(thread: Thread, cause: unknown): void {
    if (!this.#threads.delete(thread)) return
    const error = new CodedError('internal', 'A thread that reads files stopped; try again', { cause })
    for (const { caller } of thread.open.values()) this.#fail(caller, error)
    this.#pump()
  }

  #fail(caller: Caller, error: CodedError): void {
    if (!this.#callers.delete(caller)) return
    Atomics.store(caller.stop, 0, 1)
    caller.source.fail(error)
  }
}
