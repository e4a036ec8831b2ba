// A damaged index is made anew: it is set aside, and what the catalogue says was in it is put into a new one by the next run. Downloads go on with what their
// .part files hold, and shares are read again, quietly and one at a time.
import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { CodedError, codeOf } from '../../core/errors.ts'
import { replaceFile } from '../../core/files/replace-file.ts'
import { openDataDir } from '../../core/store/data-dir.ts'
import { openDb } from '../../core/store/db.ts'
import { isIndexDamaged, setIndexAside } from '../../core/store/repair.ts'
import type { Store } from '../../core/store/store.ts'
import { isNoRoom, ownDiskFull } from '../../core/files/write-error.ts'
import { type Catalogue, type CataloguedShare, readCatalogue } from './catalogue.ts'

const INDEX = 'shoal.db'
const FILE = 'restore.json'
const EMPTY: Catalogue = { version: 1, shares: [], transfers: [], parts: [], bans: [] }

export const indexFile = (dataDir: string): string => path.join(dataDir, INDEX)

export interface Repaired {
  /** Where the damaged index is now. */
  readonly aside: string
  /** Shares that will be read again, and downloads that will go on. */
  readonly shares: number
  readonly downloads: number
}

/** Whether the index is why nothing can be started: a look that costs nothing. Nobody holds the data directory. */
export function isIndexUnusable(dataDir: string): boolean {
  using _held = openDataDir(dataDir)
  try {
    openDb(indexFile(dataDir))[Symbol.dispose]()
    return false
  } catch (error) {
    return codeOf(error) === 'data-damaged'
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
  const known = readCatalogue(dataDir) ?? EMPTY
  try {
    replaceFile(path.join(dataDir, FILE), JSON.stringify(known)) // before an empty index makes an empty catalogue
    const aside = setIndexAside(file, now)
    const downloads = known.transfers.filter(({ state }) => state === 'active' || state === 'paused').length
    return { aside, shares: known.shares.length, downloads }
  } catch (error) {
    if (isNoRoom(error)) throw ownDiskFull(error)
    throw new CodedError('not-writable', 'The data directory cannot be written. Check who may write to it.', { cause: error }) // prettier-ignore
  }
}

export interface RestorationPorts {
  readonly store: Store
  readonly dataDir: string
  /** Reads one copy and shares it; `source-changed` when that makes another root. */
  readonly share: (paths: readonly string[], root: string, signal: AbortSignal) => Promise<void>
  readonly log: (error: unknown) => void
}

/** What a repaired index does not have yet. Ended at any moment it goes on in the next run. */
export class Restoration {
  readonly #ports: RestorationPorts
  #awaited: readonly CataloguedShare[]

  /** Downloads are there when it returns. */
  constructor(ports: RestorationPorts) {
    this.#ports = ports
    const found = readCatalogue(ports.dataDir, FILE)
    this.#awaited = found?.shares ?? []
    if (found == null || found.transfers.length + found.parts.length + found.bans.length === 0) return
    const { store } = ports
    const known = new Set(store.transfers().map(({ root, directory }) => `${root} ${directory}`))
    for (const row of found.transfers) if (!known.has(`${row.root} ${row.directory}`)) store.putTransfer(row)
    for (const { root, ...part } of found.parts) store.restoreDownload(root, part)
    for (const { peerId, until } of found.bans) store.ban(peerId, until)
    this.#write()
  }

  /** Shares that were not read again yet, the oldest first. */
  get awaited(): readonly CataloguedShare[] {
    return this.#awaited
  }

  /** Reads them one after the other. What cannot be found now, a disk that is not there, is looked for in the next run again. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    for (const share of this.#awaited) {
      if (signal.aborted) return
      if (this.#ports.store.share(share.root) != null || (await this.#restore(share, signal))) {
        this.#awaited = this.#awaited.filter(it => it !== share)
        this.#write()
      }
    }
  }

  /** True: nothing more is to be done for it. */
  async #restore({ copies, root }: CataloguedShare, signal: AbortSignal): Promise<boolean> {
    let isOver = true
    for (const paths of copies) {
      if (!paths.every(it => existsSync(it))) {
        isOver = false
        continue
      }
      try {
        await this.#ports.share(paths, root, signal)
      } catch (error) {
        const code = codeOf(error)
        if (signal.aborted || code === 'not-found' || code === 'unreadable' || code === 'disk-full') isOver = false
        else if (code !== 'source-changed') this.#ports.log(error)
      }
    }
    return isOver
  }

  #write(): void {
    const file = path.join(this.#ports.dataDir, FILE)
    try {
      if (this.#awaited.length === 0) rmSync(file, { force: true })
      else replaceFile(file, JSON.stringify({ ...EMPTY, shares: this.#awaited }))
    } catch (error) {
      this.#ports.log(error) // done again by the next run
    }
  }
}
