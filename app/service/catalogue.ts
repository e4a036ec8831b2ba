// catalogue.json: what is shared and what is being downloaded, beside the index: when that is damaged, it is made anew from this and from
// the files themselves (repair.ts).
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import type { Clock } from '../../core/clock.ts'
import { replaceFile } from '../../core/files/replace-file.ts'
import type { Store } from '../../core/store/store.ts'

const FILE = 'catalogue.json'
const MAX_CHARS = 256 * 1024 * 1024
const LOOK_MS = 1_000
const SHARE_OF_TIME = 100 // thousands of downloads that go on are not written down all the time

/** A share that is whole, by the paths of each of its copies as the user named them. */
const CataloguedShare = z.object({ root: z.string(), name: z.string(), copies: z.array(z.array(z.string()).min(1)) })
export type CataloguedShare = z.infer<typeof CataloguedShare>

const CataloguedTransfer = z.object({
  root: z.string(),
  directory: z.string(),
  name: z.string(),
  state: z.string(),
  error: z.exactOptional(z.string()),
  selection: z.exactOptional(z.array(z.int().min(0)).readonly()),
  addrs: z.array(z.string()).readonly(),
  bytes: z.int().min(0),
  totalBytes: z.exactOptional(z.int().min(0)),
  path: z.exactOptional(z.string()),
  addedAt: z.number(),
  changedAt: z.number(),
  queueOrder: z.number(),
  manyFiles: z.exactOptional(z.boolean())
})

const CataloguedPart = z.object({
  root: z.string(),
  directory: z.string(),
  name: z.string(),
  part: z.string(),
  names: z.string().nullable().default(null)
})

export const Catalogue = z.object({
  version: z.literal(1),
  /** The oldest first. */
  shares: z.array(CataloguedShare),
  transfers: z.array(CataloguedTransfer),
  parts: z.array(CataloguedPart),
  bans: z.array(z.object({ peerId: z.string(), until: z.number() }))
})
export type Catalogue = z.infer<typeof Catalogue>

/** Undefined: none was ever written here, or it cannot be read. */
export function readCatalogue(dataDir: string, name = FILE): Catalogue | undefined {
  try {
    const text = readFileSync(path.join(dataDir, name), 'utf8')
    return text.length > MAX_CHARS ? undefined : Catalogue.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

export interface CatalogueKeeperPorts {
  readonly store: Store
  readonly dataDir: string
  readonly clock: Clock
  /** Shares that a repaired index does not have yet. */
  readonly awaited: () => readonly CataloguedShare[]
  /** It could not be written; tried again with the next change. */
  readonly log: (error: unknown) => void
}

/** Writes the catalogue when something in it changed: within a second or a hundred times what it takes, and at the end. */
export class CatalogueKeeper implements Disposable {
  readonly #ports: CatalogueKeeperPorts
  #seen = -1
  #written = ''
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
      const seen = store.changeCount
      if (seen === this.#seen) return
      const text = JSON.stringify(catalogueOf(store, awaited()))
      if (text !== this.#written) replaceFile(path.join(dataDir, FILE), text)
      this.#written = text
      this.#seen = seen
    } catch (error) {
      log(error)
    }
  }
}

function catalogueOf(store: Store, awaited: readonly CataloguedShare[]): Catalogue {
  const shares: CataloguedShare[] = []
  for (const { root, name, hereFiles, fileCount } of store.shares().toReversed()) {
    // of a share of which some files were chosen nothing but the download knows what the others are
    if (hereFiles === fileCount) shares.push({ root, name, copies: store.shareCopies(root).map(copy => [...copy]) })
  }
  const known = new Set(shares.map(share => share.root))
  return {
    version: 1,
    shares: [...awaited.filter(share => !known.has(share.root)), ...shares],
    // what one that goes on has is found out from its files; without it not every block changes the catalogue
    transfers: store
      .transfers()
      .map(row => (row.state === 'done' ? row : { ...row, bytes: 0, changedAt: row.addedAt })),
    parts: store.downloads().map(({ root, directory, name, part, names }) => ({ root, directory, name, part, names })),
    bans: store.bans()
  }
}
