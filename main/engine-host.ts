// The engine of this window for as long as the program runs: started, lost, started again when the user says so.
import type { MessagePort } from 'node:worker_threads'
import type { Client } from '../app/engine/client.ts'
import type { Host } from '../app/host/host.ts'
import { CodedError } from '../core/errors.ts'

export class EngineHost implements AsyncDisposable {
  readonly #open: (signal: AbortSignal) => Promise<Host>
  readonly #onChange: (isRunning: boolean) => void
  #host: Host | undefined
  #starting: Promise<void> | undefined

  /** `onChange`: told after each start and each end. */
  constructor(open: (signal: AbortSignal) => Promise<Host>, onChange: (isRunning: boolean) => void) {
    this.#open = open
    this.#onChange = onChange
  }

  /** Several may ask at once: one starts it. Throws what `openHost` throws. */
  async start(signal: AbortSignal): Promise<void> {
    if (this.#host != null) return
    this.#starting ??= this.#start(signal).finally(() => (this.#starting = undefined))
    await this.#starting
  }

  /** At the command line's door. Throws internal while there is no engine. */
  get client(): Client {
    if (this.#host == null) throw new CodedError('internal', 'Shoal has stopped; start it again.')
    return this.#host.client
  }

  /** For the page; undefined while there is no engine. Waits for one that is starting. */
  async connect(): Promise<MessagePort | undefined> {
    await this.#starting?.catch(() => {}) // whoever started it is told
    return this.#host?.engine.connect('window')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#starting?.catch(() => {})
    const host = this.#host
    this.#host = undefined
    await host?.[Symbol.asyncDispose]()
  }

  async #start(signal: AbortSignal): Promise<void> {
    const host = await this.#open(signal)
    this.#host = host
    this.#onChange(true)
    void this.#watch(host)
  }

  async #watch(host: Host): Promise<void> {
    await host.ended
    if (this.#host !== host) return // it was told to stop
    this.#host = undefined
    try {
      await host[Symbol.asyncDispose]() // the lock, the door of the command line
    } finally {
      this.#onChange(false)
    }
  }
}
