// Hosts the application: in a thread of its own, so that the loop of the window or of the command line stays free, or inline for unit tests.
// Whoever starts it owns it: connects clients, is told when it ends, and stops it with a deadline.
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { CodedError } from '../../core/errors.ts'
import { contract } from '../contract/contract.ts'
import type { Door } from '../contract/service.ts'
import type { WireError } from '../contract/shapes.ts'
import { fromWire } from '../contract/wire-error.ts'
import type { EngineOptions, OpenApplication } from './options.ts'
import { bindService, type OnFault } from './serve.ts'
import { countBuffers } from './v8-buffers.ts'
import { portWire } from './wire.ts'

const STOP_DEADLINE_MS = 8_000 // transfers sync their files and the store closes; a thread that hangs longer is ended

/** From the owner to the engine's thread. */
export type ToEngine = { type: 'connect'; door: Door; port: MessagePort } | { type: 'stop' }
/** From the engine's thread to its owner. */
export type FromEngine = { type: 'ready' } | { type: 'failed'; error: WireError }

export interface Engine extends AsyncDisposable {
  /** A new client. The port speaks RPC texts (wire.ts); closing it ends that client. Once the engine has ended the port is closed at once. */
  connect(door: Door): MessagePort
  /** Rejects with `internal` when the thread crashed while it was stopping. */
  [Symbol.asyncDispose](): PromiseLike<void>
  /** Settles when the engine is over: undefined when it was asked to stop, the fault when it ended by itself. Never rejects. */
  readonly ended: Promise<CodedError | undefined>
}

export interface Hosting {
  /** The thread's entry; only tests name another. */
  readonly entry?: URL
  /** Called with the reason when the thread dies, for the log. */
  readonly onCrash?: (error: unknown) => void
}

/** The entry beside this file: the source when this is the source, the bundle when this is bundled. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './engine-worker.ts' : './engine-worker.js', import.meta.url)

/**
 * Nearly all that the thread allocates are buffers: outside the JavaScript heap, many times the payload, and dead at once. V8 as it comes answers
 * every 6 MB of payload with a full collection: 43 in a transfer of 256 MB, and more than half of its CPU time. With buffers counted in the limit of
 * the whole heap and a young generation of three semi-spaces of 2 MB it is 3 full collections, half the CPU time and less memory (Node 24.21).
 * What bounds memory is neither: bytes in flight are limited where they enter, and a leaf that was sent or written gives its buffer back at once
 * (`ArrayBuffer.transfer(0)`). 1 GiB over loopback peaks at 239 MB sending and 200 receiving, at 245 and 210 with buffers not counted.
 */
const YOUNG_MB = 6

/** Resolves when the application is open. Rejects with the code it failed with; `signal` abandons the start. */
export async function startEngine(
  options: EngineOptions,
  signal: AbortSignal,
  { entry = ENTRY, onCrash = () => {} }: Hosting = {}
): Promise<Engine> {
  signal.throwIfAborted()
  const worker = startThread(entry, options)
  const start = Promise.withResolvers<void>()
  const end = Promise.withResolvers<CodedError | undefined>()
  const exit = Promise.withResolvers<void>()
  let isStopping = false
  let isOver = false
  const post = (message: ToEngine, transfer: MessagePort[] = []): void => worker.postMessage(message, transfer)

  worker.on('message', (message: FromEngine) => {
    if (message.type === 'ready') start.resolve()
    else start.reject(fromWire(message.error))
  })
  worker.on('error', error => {
    onCrash(error)
    start.reject(crashed(error))
    end.resolve(isStopping ? undefined : crashed(error))
    if (isStopping) exit.reject(crashed(error))
  })
  worker.on('exit', () => {
    isOver = true
    start.reject(crashed(undefined))
    end.resolve(isStopping ? undefined : crashed(undefined))
    exit.resolve()
  })

  const stop = async (): Promise<void> => {
    if (isOver) return
    isStopping = true
    post({ type: 'stop' })
    const late = setTimeout(() => void worker.terminate(), STOP_DEADLINE_MS)
    try {
      await exit.promise
    } finally {
      clearTimeout(late)
    }
  }

  try {
    await untilAborted(start, signal)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    connect(door) {
      const { port1, port2 } = new MessageChannel()
      if (isOver) port2.close()
      else post({ type: 'connect', door, port: port2 }, [port2])
      return port1
    },
    ended: end.promise,
    [Symbol.asyncDispose]: stop
  }
}

function startThread(entry: URL, options: EngineOptions): Worker {
  countBuffers()
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MB }
  return new Worker(entry, { workerData: options, name: 'engine', resourceLimits })
}

/** Resolves or rejects as it does, or rejects with the signal's reason. */
async function untilAborted(start: PromiseWithResolvers<void>, signal: AbortSignal): Promise<void> {
  const abandon = (): void => start.reject(signal.reason)
  signal.addEventListener('abort', abandon, { once: true })
  try {
    await start.promise
  } finally {
    signal.removeEventListener('abort', abandon)
  }
}

/** The same without a thread, for unit tests. */
export async function startInline(
  open: OpenApplication,
  options: EngineOptions,
  signal: AbortSignal,
  onFault: OnFault = () => {}
): Promise<Engine> {
  const application = await open(options, signal)
  const rpc = bindService(contract, application.service, onFault)
  const end = Promise.withResolvers<undefined>()
  const ports = new Set<MessagePort>()
  return {
    connect(door) {
      const { port1, port2 } = new MessageChannel()
      ports.add(port2)
      rpc.serve(portWire(port2), door)
      return port1
    },
    ended: end.promise,
    async [Symbol.asyncDispose]() {
      for (const port of ports) port.close()
      await application[Symbol.asyncDispose]()
      end.resolve(undefined)
    }
  }
}

const crashed = (cause: unknown): CodedError =>
  new CodedError('internal', 'Shoal stopped unexpectedly; nothing is lost, start it again. The log has the details', {
    cause
  })
