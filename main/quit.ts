// Quitting, in order and once: however often it is asked for, there is one question, one end of the page and the engine, one end of the process.

const STEP_MS = 10_000 // the engine has 8 s of its own

export interface QuitParts {
  /** False: the user thought better of it. */
  readonly mayQuit: () => Promise<boolean>
  /** They did. */
  readonly stay: () => void
  /** What has to be over before the process is, one after the other; what does not end in time, or fails, is left behind. */
  readonly steps: readonly (() => Promise<void>)[]
  readonly exit: () => void
}

export class Quitting {
  readonly #parts: QuitParts
  readonly #certain = new AbortController()
  readonly #insisted = Promise.withResolvers<true>()
  #isInsisted = false
  #running: Promise<void> | undefined

  constructor(parts: QuitParts) {
    this.#parts = parts
  }

  /** Aborted as soon as nothing calls it off any more. */
  get signal(): AbortSignal {
    return this.#certain.signal
  }

  /** Never rejects. */
  async begin(): Promise<void> {
    this.#running ??= this.#run().finally(() => (this.#running = undefined))
    await this.#running
  }

  /** The same, with nobody there to answer: a question that is open already is not waited for. */
  async insist(): Promise<void> {
    this.#isInsisted = true
    this.#insisted.resolve(true)
    await this.begin()
  }

  async #run(): Promise<void> {
    const { mayQuit, stay, steps, exit } = this.#parts
    if (!this.#isInsisted && !(await Promise.race([this.#insisted.promise, mayQuit()]))) return stay()
    this.#certain.abort(new DOMException('Quitting', 'AbortError'))
    for (const step of steps) await within(STEP_MS, step)
    exit()
  }
}

async function within(ms: number, step: () => Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, ms)
  await Promise.race([late.promise, step().catch(() => {})])
  clearTimeout(timer)
}
