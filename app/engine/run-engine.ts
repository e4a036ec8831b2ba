// The engine's side of its thread: opens the application, serves the clients it is handed, and closes in order when told to.
import { parentPort, workerData } from 'node:worker_threads'
import type { Rpc } from './serve.ts'
import { bindService, type OnFault } from './serve.ts'
import { contract } from '../contract/contract.ts'
import { toWire } from '../contract/wire-error.ts'
import type { FromEngine, ToEngine } from './engine.ts'
import type { EngineOptions, OpenApplication } from './options.ts'
import { portWire } from './wire.ts'

/** Runs until the owner says stop. Ends the thread itself: a socket or timer that somebody forgot does not keep it. */
export async function runEngine(open: OpenApplication, onFault: OnFault): Promise<void> {
  const owner = parentPort
  if (owner == null) throw new Error('This is the entry of a thread')
  const stopping = new AbortController()
  const stopped = Promise.withResolvers<void>()
  let rpc: Rpc | undefined
  owner.on('message', (message: ToEngine) => {
    if (message.type === 'connect') rpc?.serve(portWire(message.port), message.door)
    else {
      stopping.abort(new DOMException('Stopping', 'AbortError'))
      stopped.resolve()
    }
  })
  const tell = (message: FromEngine): void => owner.postMessage(message)
  try {
    // workerData is what startEngine put there
    await using application = await open(workerData as EngineOptions, stopping.signal)
    rpc = bindService(contract, application.service, onFault)
    tell({ type: 'ready' })
    await stopped.promise
  } catch (thrown) {
    const error = toWire(thrown)
    if (error.code === 'internal') onFault('start', thrown)
    tell({ type: 'failed', error })
    await stopped.promise
  }
  process.exit(0) // of this thread
}
