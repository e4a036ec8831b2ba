// Threads that read files: SHA-256 of every chunk, and listings of folders. The calling thread never waits for a disk.

import { lstat, realpath } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { CHUNK_BYTES } from '../content/limits.ts'
import { CodedError } from '../errors.ts'
import type { FileStat } from './file-stat.ts'
import { fileStatOf } from './file-stat.ts'
import type { Failure, ListAnswer } from './hash-messages.ts'
import { errnoReason } from './hash-messages.ts'
import type { Hashed, ToHash } from './hash-run.ts'
import { HashRun } from './hash-run.ts'
import type { WorkSource } from './thread-pool.ts'
import { ThreadPool } from './thread-pool.ts'

/** Entries of a folder, as they arrive: see `ListAnswer` for the columns. */
export type Listed = Omit<ListAnswer, 'kind' | 'folder'>

export interface HashPool extends AsyncDisposable {
  /**
   * Hashes files; their paths lead through no symlink. `onFile` is called once for each: a file that is not what its stat says, or changes while it is read, or cannot
   * be read, is a failure of its own. `onBytes` gets what was read since its last call. Rejects with `cancelled`, `internal`
   * and whatever `onFile` throws, which ends the call.
   */
  hashFiles<F extends ToHash>(
    files: readonly F[],
    on: { file(file: F, result: Hashed | Failure): void; bytes?(bytes: number): void },
    signal: AbortSignal
  ): Promise<void>
  /** Hashes one file; throws `not-found`, `unreadable`, `source-changed`, `cancelled`, `internal`. Does not follow a symlink. */
  hashFile(path: string, signal: AbortSignal, onBytes?: (bytes: number) => void): Promise<Hashed & { stat: FileStat }>
  /**
   * Lists folders, whose paths lead through no symlink, without entering what is in them: `visit` is called once or several times for each, and returns what to list
   * besides. Rejects with `cancelled`, `internal` and whatever `visit` throws, which ends the call.
   */
  listFolders<F extends { readonly path: string }>(
    folders: readonly F[],
    visit: (folder: F, rows: Listed) => readonly F[],
    signal: AbortSignal
  ): Promise<void>
}

export interface HashPoolOptions {
  /** Threads at most. */
  size?: number
  /** Milliseconds since 1970: what becomes `Hashed.readAtMs`, to be compared with the times of files. */
  now?: () => number
  startThread?: () => Worker
}

const FOLDERS_AT_ONCE = 32

/** Threads start when they are needed. The caller disposes; calls that are open then reject with `cancelled`. */
export function openHashPool(options: HashPoolOptions = {}): HashPool {
  const { size = Math.min(4, availableParallelism()), now = Date.now, startThread = startHashThread } = options
  const threads = new ThreadPool(size, startThread)

  const hashFiles: HashPool['hashFiles'] = async (files, on, signal) => {
    const run = new HashRun(files, now, on.file)
    await runToEnd(
      threads,
      signal,
      () => run.isDone,
      () => {
        const batch = run.next()
        if (batch == null) return undefined
        const slices = batch.map(it => it.slice)
        return {
          work: { kind: 'hash', slices },
          receive(answer) {
            if (answer.kind !== 'hash') return
            on.bytes?.(slices.reduce((sum, { start, end }) => sum + end - start, 0))
            run.take(batch, answer)
          }
        }
      }
    )
  }

  return {
    hashFiles,
    async hashFile(named, signal, onBytes = () => {}) {
      const stat = await statOf(named)
      const file = path.join(await realpath(path.dirname(named)), path.basename(named))
      let hashed: Hashed | undefined
      const onFile = (_: ToHash, result: Hashed | Failure): void => {
        if ('why' in result) throw failureError(named, result)
        hashed = result
      }
      await hashFiles([{ path: file, stat }], { file: onFile, bytes: onBytes }, signal)
      if (hashed == null) throw new CodedError('internal', 'A file was hashed without a result')
      return { ...hashed, stat }
    },
    listFolders: async (folders, visit, signal) => await listFolders(threads, folders, visit, signal),
    [Symbol.asyncDispose]: async () => threads[Symbol.asyncDispose]()
  }
}

async function listFolders<F extends { readonly path: string }>(
  threads: ThreadPool,
  folders: readonly F[],
  visit: (folder: F, rows: Listed) => readonly F[],
  signal: AbortSignal
): Promise<void> {
  const waiting = [...folders]
  let open = 0
  const isDone = (): boolean => open === 0 && waiting.length === 0
  await runToEnd(threads, signal, isDone, () => {
    if (waiting.length === 0) return undefined
    const batch = waiting.splice(-FOLDERS_AT_ONCE)
    open++
    return {
      work: { kind: 'list', folders: batch.map(it => it.path) },
      receive(answer) {
        if (answer.kind !== 'list') return
        const folder = batch[answer.folder]
        if (folder != null) for (const below of visit(folder, answer)) waiting.push(below)
        if (answer.isLast) open--
      }
    }
  })
}

/** A failure to read a file, for people: `source-changed`, `not-found` or `unreadable`. */
export function failureError(file: string, failure: Failure): CodedError {
  if (failure.why !== 'system') {
    return new CodedError('source-changed', `${file} changed while it was read; try again when nothing writes to it`)
  }
  if (failure.errno === 'ENOENT') return new CodedError('not-found', `There is no file ${file}`)
  return new CodedError('unreadable', `Cannot read ${file}: ${errnoReason(failure.errno)}`)
}

/** What the path itself is; a symlink is not followed. Throws `not-found` and `unreadable`. */
async function statOf(file: string): Promise<FileStat> {
  try {
    return fileStatOf(await lstat(file, { bigint: true }))
  } catch (error) {
    const errno = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw failureError(file, { why: 'system', errno })
  }
}

/** As source the thread's file stands beside this one; in a bundle, the thread's own bundle stands beside that. */
function startHashThread(): Worker {
  const entry = import.meta.url.endsWith('.ts') ? './hash-worker.ts' : './hash-worker.js'
  return new Worker(new URL(entry, import.meta.url), {
    name: 'shoal-hash',
    workerData: { chunkBytes: CHUNK_BYTES },
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16, stackSizeMb: 2 }
  })
}

/** Gives `next` pieces to the threads until `isDone`; cancelled or failed, nothing is received any more. */
async function runToEnd(
  threads: ThreadPool,
  signal: AbortSignal,
  isDone: () => boolean,
  next: WorkSource['next']
): Promise<void> {
  const cancelled = (): CodedError => new CodedError('cancelled', 'Cancelled', { cause: signal.reason })
  if (signal.aborted) throw cancelled()
  if (isDone()) return
  const ended = Promise.withResolvers<void>()
  const place = threads.add({
    next() {
      const piece = next()
      return piece && { work: piece.work, receive: answer => receive(() => piece.receive(answer)) }
    },
    fail: ended.reject
  })
  const receive = (run: () => void): void => {
    try {
      run()
      if (isDone()) ended.resolve()
    } catch (error) {
      place.remove()
      ended.reject(error)
    }
  }
  const cancel = (): void => ended.reject(cancelled())
  signal.addEventListener('abort', cancel, { once: true })
  try {
    place.pump()
    await ended.promise
  } finally {
    signal.removeEventListener('abort', cancel)
    place.remove()
  }
}
