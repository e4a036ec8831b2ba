// Which downloads there are, by their ID and by what they fetch.
import type { TransferRow } from '../../core/store/transfer-repo.ts'
import type { TransferEvent, WireError } from '../contract/shapes.ts'
import { JobFeed } from './snapshot-feed.ts'
import type { RunOptions, TransferRun } from './transfer-run.ts'

/** One that is in the queue goes on: with a run while it is open there, or as a row that waits. */
export interface Entry {
  row: TransferRow
  error: WireError | null
  run: TransferRun | undefined
  /** What its next run begins with. */
  options: Partial<RunOptions>
  feed: JobFeed<TransferEvent>
  /** It has ended, and its followers hear when everything is closed: who starts it again has other followers. */
  isEnding: boolean
  /** Another number whenever something is asked of it: what waited for an end looks whether it still counts. */
  change: number
  /** Until it is off the list, or the disk refused. */
  cancelling?: Promise<void> | undefined
}

export const newEntry = (row: TransferRow, error: WireError | null = null): Entry => {
  return { row, error, run: undefined, options: {}, feed: new JobFeed(), isEnding: false, change: 0 }
}

export class TransferEntries implements Iterable<[string, Entry]> {
  readonly #entries = new Map<string, Entry>()
  readonly #ids = new Map<string, Set<string>>() // by root: strangers ask for roots

  get(id: string): Entry | undefined {
    return this.#entries.get(id)
  }

  values(): Iterable<Entry> {
    return this.#entries.values()
  }

  [Symbol.iterator](): Iterator<[string, Entry]> {
    return this.#entries[Symbol.iterator]()
  }

  /** In place of another of this ID. */
  put(id: string, entry: Entry): void {
    const { root } = entry.row
    this.#entries.set(id, entry)
    this.#ids.set(root, (this.#ids.get(root) ?? new Set()).add(id))
  }

  delete(id: string): void {
    const root = this.#entries.get(id)?.row.root
    if (root == null) return
    this.#entries.delete(id)
    const ids = this.#ids.get(root)
    if (ids?.delete(id) === true && ids.size === 0) this.#ids.delete(root)
  }

  /** Those of a root, into whatever folders, the first that was begun first. */
  allOf(root: string): Entry[] {
    return [...(this.#ids.get(root) ?? [])].flatMap(id => this.#entries.get(id) ?? [])
  }

  /** The one that runs, else the last that was begun. */
  ofRoot(root: string): Entry | undefined {
    const ofRoot = this.allOf(root)
    return ofRoot.find(({ run }) => run != null) ?? ofRoot.at(-1)
  }
}
