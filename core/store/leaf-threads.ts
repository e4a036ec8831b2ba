// Reads and verifies, or verifies and writes, big leaves on threads of their own. Decides nothing about them.
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { LeafResult, LeafTask } from './leaf-worker-messages.ts'

const MAX_THREADS = 2
type Unsent<T> = T extends LeafTask ? Omit<T, 'id'> : never

interface Thread {
  readonly worker: Worker
  readonly open: Map<number, PromiseWithResolvers<LeafResult>>
}

/** Threads start with the first order and do not keep the process alive. Rejects with the system's error (`code` ENOSPC and so on). */
export class LeafThreads implements AsyncDisposable {
  readonly #threads: Thread[] = []
  readonly #size = Math.max(1, Math.min(MAX_THREADS, availableParallelism() - 1))
  #nextId = 0

  /** [offset, offset + length) of an open file, shorter where it ends, and the sha2-256 digest of that. */
  async read(
    fd: number,
    offset: number,
    length: number
  ): Promise<{ bytes: Uint8Array<ArrayBuffer>; digest: Uint8Array }> {
    const answer = await this.#ask({ kind: 'read', fd, offset, length })
    if (answer.kind !== 'read') throw new Error('A leaf thread answered something else')
    return answer
  }

  /** Writes bytes that have this digest and says true; others are not written. The caller's array is empty afterwards. */
  async write(fd: number, offset: number, bytes: Uint8Array, digest: Uint8Array): Promise<boolean> {
    const isAlone = bytes.buffer instanceof ArrayBuffer && bytes.buffer.byteLength === bytes.length
    const own = isAlone ? (bytes as Uint8Array<ArrayBuffer>) : Uint8Array.from(bytes) // the cast: just looked
    const order = { kind: 'write', fd, offset, bytes: own, digest: Uint8Array.from(digest) } as const
    const answer = await this.#ask(order, own.buffer)
    return answer.kind === 'write' && answer.isRight
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.splice(0).map(async ({ worker }) => worker.terminate()))
  }

  async #ask(order: Unsent<LeafTask>, ...moved: ArrayBuffer[]): Promise<LeafResult> {
    const { worker, open } = this.#idlest()
    const waiting = Promise.withResolvers<LeafResult>()
    const id = this.#nextId++
    open.set(id, waiting)
    worker.ref()
    worker.postMessage({ ...order, id }, moved)
    const answer = await waiting.promise
    if (answer.kind === 'failed') throw Object.assign(new Error(answer.errno), { code: answer.errno })
    return answer
  }

  #idlest(): Thread {
    let idlest: Thread | undefined
    for (const thread of this.#threads) if (idlest == null || thread.open.size < idlest.open.size) idlest = thread
    if (idlest != null && (idlest.open.size === 0 || this.#threads.length >= this.#size)) return idlest
    return this.#start()
  }

  #start(): Thread {
    const worker = startLeafThread()
    const thread: Thread = { worker, open: new Map() }
    let cause: unknown
    worker.unref()
    worker.on('message', (answer: LeafResult) => {
      const waiting = thread.open.get(answer.id)
      thread.open.delete(answer.id)
      if (thread.open.size === 0) worker.unref()
      waiting?.resolve(answer)
    })
    worker.on('error', error => void (cause = error))
    worker.on('exit', () => {
      const at = this.#threads.indexOf(thread)
      if (at >= 0) this.#threads.splice(at, 1)
      for (const waiting of thread.open.values()) {
        waiting.reject(Object.assign(new Error('A thread that reads leaves stopped', { cause }), { code: 'EIO' }))
      }
      thread.open.clear()
    })
    this.#threads.push(thread)
    return thread
  }
}

/** As source the thread's file stands beside this one; in a bundle, the thread's own bundle stands beside that. */
function startLeafThread(): Worker {
  const entry = import.meta.url.endsWith('.ts') ? './leaf-worker.ts' : './leaf-worker.js'
  return new Worker(new URL(entry, import.meta.url), {
    name: 'shoal-leaf',
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8, stackSizeMb: 2 }
  })
}
