// A damaged index is made anew: it is set aside, and what the catalogue says was in it is put into a new one by the next run. Downloads go on with what their
// .part files hold, and shares are read again, quietly and one at a time.
import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { CodedError, codeOf } from '../../core/errors.ts'
import { openDataDir } from '../../core/store/data-dir.ts'
import { openDb, openDespiteDamage } from '../../core/store/db.ts'
import { isNewIndex, restoreLost } from '../../core/store/lost-index.ts'
import { isIndexDamaged, setIndexAside } from '../../core/store/repair.ts'
import { Store } from '../../core/store/store.ts'
import { isNoRoom, ownDiskFull } from '../../core/files/write-error.ts'
import {
  type Catalogue,
  type CataloguedShare,
  catalogueOf,
  EMPTY,
  includesCopy,
  readCatalogue,
  writeCatalogue
} from './catalogue.ts'

const INDEX = 'shoal.db'
const FILE = 'restore.json'

export const indexFile = (dataDir: string): string => path.join(dataDir, INDEX)

export interface Repaired {
  /** Where the damaged index is now. */
  readonly aside: string
  /** Shares that will be read again, and downloads that will go on. */
  readonly shares: number
  readonly downloads: number
}

/** Whether the index is why nothing can be started: a look that costs nothing. Somebody who holds the data directory knows better. */
export function isIndexUnusable(dataDir: string): boolean {
  try {
    using _held = openDataDir(dataDir)
    return !canOpen(indexFile(dataDir))
  } catch {
    return false
  }
}

function canOpen(file: string): boolean {
  try {
    openDb(file)[Symbol.dispose]()
    return true
  } catch (error) {
    return codeOf(error) !== 'data-damaged'
  }
}

/**
 * Looks at all of the index, which may take minutes, and sets it aside if it is damaged; undefined: it is in order. Throws `already-running`,
 * `data-foreign`, `data-newer`, `data-damaged` (something else than the index), `not-writable`, `disk-full`.
 */
export function repairIndex(dataDir: string, now: number): Repaired | undefined {
  using _held = openDataDir(dataDir)
  const file = indexFile(dataDir)
  if (!isIndexDamaged(file)) return undefined
  const known = readCatalogue(dataDir) ?? salvaged(file) ?? EMPTY
  try {
    writeCatalogue(dataDir, known, FILE) // before an empty index makes an empty catalogue
    const aside = setIndexAside(file, now)
    const downloads = known.transfers.filter(({ state }) => state === 'active' || state === 'paused').length
    return { aside, shares: known.shares.length, downloads }
  } catch (error) {
    if (isNoRoom(error)) throw ownDiskFull(error)
    throw new CodedError('not-writable', 'The data directory cannot be written. Check who may write to it.', { cause: error }) // prettier-ignore
  }
}

/** Of a version that wrote no catalogue: damage in the large tables leaves the small ones whole. */
function salvaged(file: string): Catalogue | undefined {
  try {
    using store = new Store(openDespiteDamage(file), {})
    return catalogueOf(store, [])
  } catch {
    return undefined
  }
}

/** `indexing`: its turn comes; `missing`: not found there; `changed`: what is there is something else. */
export type AwaitedState = 'indexing' | 'missing' | 'changed'

export interface RestorationPorts {
  readonly store: Store
  readonly dataDir: string
  /** Reads one copy and shares it; `source-changed` when that makes another root. */
  readonly share: (paths: readonly string[], root: string, signal: AbortSignal) => Promise<void>
  /** Called with each that is awaited, and with no state when it no longer is. */
  readonly show: (share: CataloguedShare, state: AwaitedState | undefined) => void
  readonly log: (error: unknown) => void
}

/** What an index that was lost had and this one does not have yet. Ended at any moment it goes on in the next run. */
export class Restoration {
  readonly #ports: RestorationPorts
  #awaited: readonly CataloguedShare[]
  /** The one that is being read. */
  #reading: { root: string; abort: AbortController } | undefined

  /** Downloads are there when it returns. Throws `disk-full`. */
  constructor(ports: RestorationPorts) {
    this.#ports = ports
    const { store, dataDir } = ports
    // an index that is new beside a catalogue was lost without a word: cut off to nothing, or taken away
    const found = readCatalogue(dataDir, FILE) ?? (isNewIndex(store) ? readCatalogue(dataDir) : undefined)
    this.#awaited = found?.shares ?? []
    if (found == null) return
    if (isNewIndex(store)) writeCatalogue(dataDir, found, FILE)
    restoreLost(store, found)
    this.#write()
    for (const share of this.#awaited) ports.show(share, 'indexing')
  }

  /** Shares that were not read again yet, the oldest first. */
  get awaited(): readonly CataloguedShare[] {
    return this.#awaited
  }

  /** It does not come back. False when it was not awaited. */
  forget(root: string): boolean {
    const share = this.#awaited.find(it => it.root === root)
    if (share == null) return false
    this.#awaited = this.#awaited.filter(it => it !== share)
    this.#write()
    this.#ports.show(share, undefined)
    if (this.#reading?.root === root) this.#reading.abort.abort(new CodedError('cancelled', 'It is shared no longer.'))
    return true
  }

  /**
   * Reads them one after the other. What is not there as it was, on a disk that comes later, stays awaited until it is, or until somebody stops sharing
   * it. Never rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    for (const share of this.#awaited) {
      if (signal.aborted) return
      if (!this.#awaited.includes(share)) continue
      try {
        const state = await this.#restore(share, signal)
        if (state == null) this.forget(share.root)
        else if (this.#awaited.includes(share)) this.#ports.show(share, state)
      } catch (error) {
        if (!signal.aborted) this.#ports.log(error)
      }
    }
  }

  /** Undefined: nothing more is to be done for it. */
  async #restore({ copies, root }: CataloguedShare, signal: AbortSignal): Promise<AwaitedState | undefined> {
    const { store, share, log } = this.#ports
    const reading = { root, abort: new AbortController() }
    this.#reading = reading
    let state: AwaitedState | undefined
    for (const paths of copies) {
      if (includesCopy(store.shareCopies(root), paths)) continue
      if (!paths.every(it => existsSync(it))) {
        state ??= 'missing'
        continue
      }
      try {
        await share(paths, root, AbortSignal.any([signal, reading.abort.signal]))
      } catch (error) {
        const code = codeOf(error)
        if (code === 'forbidden') continue // Shoal's own: it is shared by nobody's wish
        if (code === 'internal') log(error)
        state = code === 'source-changed' ? 'changed' : (state ?? 'missing')
      }
    }
    return state
  }

  #write(): void {
    const { dataDir, log } = this.#ports
    try {
      if (this.#awaited.length === 0) rmSync(path.join(dataDir, FILE), { force: true })
      else writeCatalogue(dataDir, { ...EMPTY, shares: this.#awaited }, FILE)
    } catch (error) {
      log(error) // done again by the next run
    }
  }
}
