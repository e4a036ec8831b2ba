// What came from outside the page and is to be shown there: kept until a page takes it, handed over once.
import { z } from 'zod'
import { MAX_LINK_CHARS } from '../app/contract/limits.ts'
import type { WindowAsk } from '../app/contract/window-contract.ts'
import { readNamedLink } from '../core/files/share-file.ts'

const MAX_WAITING = 16 // an impatient double click opens one sheet; more than this nobody meant

/** What a second start of the program tells the first. */
const Intent = z.object({ opened: z.array(z.string()).max(1_000), cwd: z.string() })
export type Intent = z.infer<typeof Intent>

/** It may be another version: what makes no sense only shows the window. */
export const parseIntent = (data: unknown): Intent => Intent.safeParse(data).data ?? { opened: [], cwd: '/' }

export class PendingIntents {
  readonly #waiting: WindowAsk[] = []
  #wake = Promise.withResolvers<void>()
  #newestReader = 0

  push(ask: WindowAsk): void {
    this.#waiting.push(ask)
    this.#waiting.splice(0, this.#waiting.length - MAX_WAITING)
    this.#stir()
  }

  /** The newest reader gets them: a page that was reloaded may have left an older one behind. */
  async *read(signal: AbortSignal): AsyncGenerator<WindowAsk> {
    const reader = ++this.#newestReader
    this.#stir()
    signal.addEventListener('abort', () => this.#stir(), { once: true })
    while (!signal.aborted && reader === this.#newestReader) {
      const next = this.#waiting.shift()
      if (next == null) await this.#wake.promise
      else yield next
    }
  }

  #stir(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers<void>()
  }
}

/**
 * What was named on a command line or opened in the system, as a link: of a share file its text, of anything else itself, for the engine to refuse
 * with a sentence. Never rejects.
 */
export async function linkFrom(opened: string, cwd: string): Promise<WindowAsk> {
  const text = await readNamedLink(opened, cwd).catch(() => opened)
  return { type: 'link', link: text.trim().slice(0, MAX_LINK_CHARS) }
}
