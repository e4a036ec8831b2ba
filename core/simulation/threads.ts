// Where modules of threads leave their handlers, and where what they answer is gathered.
import { CHUNK_BYTES } from '../content/limits.ts'

export interface Answer {
  readonly message: unknown
  readonly moved: ArrayBuffer[]
}

const handlers = new Map<string, (message: unknown) => void>()
let gathering: Answer[] | undefined

/** What a thread's module has as its way to the thread that started it. `module`: the name of its file. */
export function parentPortOf(module: string) {
  return {
    on(event: string, handler: (message: unknown) => void): void {
      if (event === 'message') handlers.set(module, handler)
    },
    postMessage(message: unknown, moved: ArrayBuffer[] = []): void {
      if (gathering == null) throw new Error('A simulated thread answers that was asked nothing')
      gathering.push({ message, moved })
    }
  }
}

/** What threads are started with: the same for all of a module. */
export function workerDataOf(module: string): unknown {
  return module === 'hash-worker.ts' ? { chunkBytes: CHUNK_BYTES } : null
}

export function handlerOf(module: string): (message: unknown, answers: Answer[]) => void {
  const handler = handlers.get(module)
  if (handler == null) throw new Error(`No thread of ${module} was loaded`)
  return (message, answers) => {
    gathering = answers
    try {
      handler(message)
    } finally {
      gathering = undefined
    }
  }
}
