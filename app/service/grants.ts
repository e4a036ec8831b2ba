// One-use tickets for paths: only a door that may name paths gets one for a path, every other call takes the ticket.
import { randomUUID } from 'node:crypto'
import { CodedError } from '../../core/errors.ts'

export type Use = 'read' | 'write'

const MAX_OUTSTANDING = 20_000 // two full `grant.paths` calls; the oldest go first

export class Grants {
  readonly #open = new Map<string, { path: string; use: Use }>()

  /** @param path absolute */
  issue(path: string, use: Use): string {
    const grant = randomUUID()
    this.#open.set(grant, { path, use })
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= MAX_OUTSTANDING) break
      this.#open.delete(oldest)
    }
    return grant
  }

  /** The path behind a grant, which is used up by asking. Throws forbidden. */
  take(grant: string, use: Use): string {
    const found = this.#open.get(grant)
    this.#open.delete(grant)
    if (found == null || found.use !== use) {
      throw new CodedError('forbidden', 'That choice of a file or folder is no longer valid. Choose it again.')
    }
    return found.path
  }
}
