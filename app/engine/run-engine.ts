// The engine's side of its thread: opens the application, serves the clients it is handed, opens it again when what was chosen wants that, and closes in
// order when told to.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { Rpc } from './serve.ts'
import { bindService, type OnFault } from './serve.ts'
import { contract } from '../contract/contract.ts'
import { toWire } from '../contract/wire-error.ts'
import type { FromEngine, ToEngine } from './engine.ts'
import type { EngineOptions, OpenApplication } from './options.ts'
import { portWire } from './wire.ts'

type Connect = Extract<ToEngine, { type: 'connect' }>

/** Runs until the owner says stop. Ends the thread itself: a socket or timer that somebody forgot does not keep it. */
export async function runEngine(open: OpenApplication, onFault: OnFault): Promise<void> {
  const owner = parentPort
  if (owner == null) throw new Error('This is the entry of a thread')
  const stopping = new AbortController()
  const stopped = Promise.withResolvers<void>()
  const clients = new Clients()
  owner.on('message', (message: ToEngine) => {
    if (message.type === 'connect') clients.add(message)
    else {
      stopping.abort(new DOMException('Stopping', 'AbortError'))
      stopped.resolve()
    }
  })
  const tell = (message: FromEngine): void => owner.postMessage(message)
  let hasBegun = false
  try {
    while (!stopping.signal.aborted) {
      // workerData is what startEngine put there
      await using application = await open(workerData as EngineOptions, stopping.signal)
      clients.serve(bindService(contract, application.service, onFault))
      if (!hasBegun) tell({ type: 'ready' })
      hasBegun = true
      await Promise.race([stopped.promise, application.outdated])
      clients.end()
    }
  } catch (error) {
    if (hasBegun) throw error // opened again, and in vain: the owner is told as of any crash
    const wire = toWire(error)
    if (wire.code === 'internal') onFault('start', error)
    tell({ type: 'failed', error: wire })
    await stopped.promise
  }
  process.exit(0) // of this thread
}

/** Those who are served, and those who came while nobody could serve them. */
class Clients {
  readonly #waiting: Connect[] = []
  readonly #ports = new Set<MessagePort>()
  #rpc: Rpc | undefined

  add(client: Connect): void {
    if (this.#rpc == null) this.#waiting.push(client)
    else this.#serve(this.#rpc, client)
  }

  serve(rpc: Rpc): void {
    this.#rpc = rpc
    for (const client of this.#waiting.splice(0)) this.#serve(rpc, client)
  }

  /** They see their connection end, and may come again. */
  end(): void {
    this.#rpc = undefined
    for (const port of this.#ports) port.close()
    this.#ports.clear()
  }

  #serve(rpc: Rpc, { port, door }: Connect): void {
    this.#ports.add(port)
    port.once('close', () => this.#ports.delete(port))
    rpc.serve(portWire(port), door)
  }
}
