// What simulated code gets when it imports node:worker_threads. A thread's module is loaded once, and every thread is its message handler, run inline when the
// machine's time for it has come: what crosses is cloned and moved as between real threads.
import { thisMachine } from '../machine.ts'
import { parentPortOf, workerDataOf, type Answer, handlerOf } from '../threads.ts'

const MODULE = new URL(import.meta.url).searchParams.get('thread') ?? ''

/** Of the thread that this module was loaded for. */
export const parentPort = MODULE === '' ? null : parentPortOf(MODULE)
export const workerData: unknown = workerDataOf(MODULE)

type Listener = (value: unknown) => void

export class Worker {
  readonly #machine = thisMachine()
  readonly #module: string
  readonly #listeners = new Map<string, Listener[]>()
  #isOver = false

  constructor(entry: URL) {
    this.#module = entry.pathname.split('/').at(-1) ?? ''
  }

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener])
    return this
  }
  once(event: string, listener: Listener): this {
    return this.on(event, listener)
  }

  postMessage(message: unknown, moved: ArrayBuffer[] = []): void {
    const received: unknown = structuredClone(message, { transfer: moved })
    const machine = this.#machine
    machine.after(machine.disk.faults.delayMs('thread'), 'thread.work', () => {
      const answers: Answer[] = []
      handlerOf(this.#module)(received, answers)
      for (const { message: said, moved: back } of answers) {
        const answer: unknown = structuredClone(said, { transfer: back })
        machine.after(0, 'thread.answer', () => this.#tell('message', answer))
      }
    })
  }

  ref(): void {}
  unref(): void {}

  async terminate(): Promise<number> {
    if (!this.#isOver) this.#machine.after(0, 'thread.exit', () => this.#tell('exit', 1))
    this.#isOver = true
    return 1
  }

  #tell(event: string, value: unknown): void {
    if (this.#isOver && event !== 'exit') return
    for (const listener of this.#listeners.get(event) ?? []) listener(value)
  }
}
