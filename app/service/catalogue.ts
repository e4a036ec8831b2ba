// catalogue.json: what is shared and what is being downloaded, beside the index: when that is damaged, it is made anew from this and from
// the files themselves (repair.ts).
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import type { Clock } from '../../core/clock.ts'
import { replaceFile } from '../../core/files/replace-file.ts'
import { catalogueStamp, changeCount, downloadsWithParts, type Lost } from '../../core/store/lost-index.ts'
import type { Store } from '../../core/store/store.ts'

const FILE = 'catalogue.json'
const VERSION = 1
const MAX_CHARS = 256 * 1024 * 1024
const MAX_INDEX = 2 ** 22
const LOOK_MS = 1_000
const SHARE_OF_TIME = 100 // thousands of downloads that go on are not written down all the time

/** A share that is whole, by the paths of each of its copies as the user named them. */
const CataloguedShare = z.object({
  root: z.string(),
  name: z.string(),
  copies: z.array(z.array(z.string()).min(1)).min(1)
})
export type CataloguedShare = z.infer<typeof CataloguedShare>

const CataloguedTransfer = z.object({
  root: z.string(),
  directory: z.string(),
  name: z.string(),
  state: z.string(),
  error: z.exactOptional(z.string()),
  /** Runs of indexes: first, count, first, count ... */
  selection: z.exactOptional(z.array(z.int().min(0).max(MAX_INDEX))),
  addrs: z.array(z.string()).readonly(),
  bytes: z.int().min(0),
  totalBytes: z.exactOptional(z.int().min(0)),
  path: z.exactOptional(z.string()),
  addedAt: z.number(),
  changedAt: z.number(),
  queueOrder: z.number(),
  manyFiles: z.exactOptional(z.boolean()),
  cutOff: z.exactOptional(z.int().min(0))
})

const CataloguedPart = z.object({
  root: z.string(),
  directory: z.string(),
  name: z.string(),
  part: z.string(),
  names: z.string().nullable().default(null)
})

const CataloguedBan = z.object({ peerId: z.string(), until: z.number() })

export interface Catalogue extends Lost {
  /** The oldest first. */
  readonly shares: readonly CataloguedShare[]
}
export const EMPTY: Catalogue = { shares: [], transfers: [], parts: [], bans: [] }

/** What can be understood of it, row by row. Undefined: none was ever written here, or it is no JSON. */
export function readCatalogue(dataDir: string, name = FILE): Catalogue | undefined {
  try {
    const text = readFileSync(path.join(dataDir, name), 'utf8')
    if (text.length > MAX_CHARS) return undefined
    const found = z.looseObject({}).parse(JSON.parse(text))
    const rowsOf = <T>(key: string, row: z.ZodType<T>): T[] =>
      [found[key]].flat().flatMap(it => row.safeParse(it).data ?? [])
    const transfers = rowsOf('transfers', CataloguedTransfer).map(({ selection, ...row }) =>
      selection == null ? row : { ...row, selection: indexesOf(selection) }
    )
    return {
      shares: rowsOf('shares', CataloguedShare),
      transfers,
      parts: rowsOf('parts', CataloguedPart),
      bans: rowsOf('bans', CataloguedBan)
    }
  } catch {
    return undefined
  }
}

/** Throws the system's errors. */
export function writeCatalogue(dataDir: string, catalogue: Catalogue, name = FILE): void {
  const transfers = catalogue.transfers.map(({ selection, ...row }) =>
    selection == null ? row : { ...row, selection: runsOf(selection) }
  )
  const text = JSON.stringify({ version: VERSION, ...catalogue, transfers })
  if (text.length > MAX_CHARS) throw new RangeError('The catalogue is too long to be read again')
  replaceFile(path.join(dataDir, name), text)
}

function runsOf(indexes: readonly number[]): number[] {
  const runs: number[] = []
  let end = -1
  for (const index of indexes) {
    if (index === end) runs[runs.length - 1]!++
    else runs.push(index, 1)
    end = index + 1
  }
  return runs
}

function indexesOf(runs: readonly number[]): number[] {
  const indexes: number[] = []
  for (let at = 0; at + 1 < runs.length; at += 2) {
    for (let i = 0; i < runs[at + 1]!; i++) indexes.push(runs[at]! + i)
  }
  return indexes
}

/** Whether these paths are among the copies. */
export const includesCopy = (copies: readonly (readonly string[])[], copy: readonly string[]): boolean =>
  copies.some(it => it.join('\0') === copy.join('\0'))

export interface CatalogueKeeperPorts {
  readonly store: Store
  readonly dataDir: string
  readonly clock: Clock
  /** Shares that a repaired index does not have yet: another array when they are others. */
  readonly awaited: () => readonly CataloguedShare[]
  /** It could not be written; told once, and tried again at every look. */
  readonly log: (error: unknown) => void
}

/** Writes the catalogue when something in it changed: within a second or a hundred times what it takes, and at the end. */
export class CatalogueKeeper implements Disposable {
  readonly #ports: CatalogueKeeperPorts
  #seen: { readonly changes: number; readonly awaited: readonly CataloguedShare[] } | undefined
  #stamp = ''
  #isFailing = false
  #cancel: () => void = () => {}

  constructor(ports: CatalogueKeeperPorts) {
    this.#ports = ports
    this.#look()
  }

  [Symbol.dispose](): void {
    this.#cancel()
    this.#write()
  }

  #look(): void {
    const { clock } = this.#ports
    const startedAt = clock.now()
    this.#write()
    const waitMs = Math.max(LOOK_MS, SHARE_OF_TIME * (clock.now() - startedAt))
    this.#cancel = clock.after(waitMs, () => this.#look())
  }

  #write(): void {
    const { store, dataDir, awaited, log } = this.#ports
    try {
      const now = { changes: changeCount(store), awaited: awaited() }
      if (now.changes === this.#seen?.changes && now.awaited === this.#seen.awaited) return
      const stamp = `${catalogueStamp(store)} ${now.awaited.map(share => share.root).join(' ')}`
      if (stamp !== this.#stamp) writeCatalogue(dataDir, catalogueOf(store, now.awaited))
      this.#stamp = stamp
      this.#seen = now
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing) log(error)
      this.#isFailing = true
    }
  }
}

export function catalogueOf(store: Store, awaited: readonly CataloguedShare[]): Catalogue {
  const shares: CataloguedShare[] = []
  for (const { root, name, hereFiles, fileCount } of store.shares().toReversed()) {
    // of a share of which some files were chosen nothing but the download knows what the others are
    if (hereFiles === fileCount) shares.push({ root, name, copies: store.shareCopies(root).map(copy => [...copy]) })
  }
  const known = new Map(shares.map(share => [share.root, share]))
  for (const { root, copies } of awaited) {
    const here = known.get(root)?.copies
    here?.push(...copies.filter(copy => !includesCopy(here, copy)))
  }
  return {
    shares: [...awaited.filter(({ root }) => !known.has(root)), ...shares],
    // what one that goes on has is found out from its files; without it not every block changes the catalogue
    transfers: store
      .transfers()
      .map(row => (row.state === 'done' ? row : { ...row, bytes: 0, changedAt: row.addedAt })),
    parts: downloadsWithParts(store).map(({ root, directory, name, part, names }) => ({
      root,
      directory,
      name,
      part,
      names
    })),
    bans: store.bans()
  }
}
