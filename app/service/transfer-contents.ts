// What is known of what downloads fetch, and what is here of it: for those who look inside a link, and for those who read here meanwhile.
import path from 'node:path'
import type { CID } from 'multiformats/cid'
import { parseRoot, RAW, rootText } from '../../core/cid.ts'
import type { Layout } from '../../core/content/layout.ts'
import { codeOf } from '../../core/errors.ts'
import type { Servable } from '../../core/exchange/servable.ts'
import type { Store } from '../../core/store/store.ts'
import type { Getting } from './file-listing.ts'
import type { TransferEntries } from './transfer-entries.ts'
import { keptState, transferId } from './transfer-rows.ts'

export class TransferContents {
  readonly #store: Store
  readonly #entries: TransferEntries

  constructor(store: Store, entries: TransferEntries) {
    this.#store = store
    this.#entries = entries
  }

  /** What is served of a root that is still being fetched. */
  servable(root: CID): Servable | 'not-yet' | undefined {
    const found = this.#entries.allOf(rootText(root)).flatMap(({ run }) => run?.servable ?? [])
    return found.find(it => it !== 'not-yet') ?? found[0]
  }

  /** As the transfer that runs knows it. */
  runningLayout(root: string): Layout | undefined {
    return this.#entries.ofRoot(root)?.run?.layout
  }

  /** Bytes of the root that a transfer into this directory would find there: what it has brought so far, or what an earlier one left. */
  hereBytes(root: string, directory: string): number {
    const id = transferId(root, path.resolve(directory))
    const entry = this.#entries.get(id)
    if (entry != null && keptState(entry.row) !== 'done') return entry.run?.view.row.bytes ?? entry.row.bytes
    return this.#store.bytesIn(root, path.resolve(directory))
  }

  /** What is known of the content of a transfer's root from the skeleton it has fetched; undefined when that is not whole. */
  async layout(root: string): Promise<Layout | undefined> {
    const row = this.#entries.ofRoot(root)?.row
    const cid = parseRoot(root)
    if (row == null || (cid.code === RAW && row.totalBytes == null)) return undefined
    try {
      return await this.#store.layout(cid, row.totalBytes ?? 0)
    } catch (error) {
      if (codeOf(error) === 'not-found') return undefined
      throw error
    }
  }

  /** What a transfer of this content that is not done has brought so far, and will bring. */
  getting(layout: Layout): Getting | undefined {
    const root = rootText(layout.root)
    const entry = this.#entries.ofRoot(root)
    if (entry == null || keptState(entry.row) === 'done') return undefined
    const { row, run } = entry
    if (run?.download != null) return run.download
    const chosen = row.selection && new Set(row.selection)
    const have = this.#store.received(root, row.directory, layout.leafCount)
    return { have, rules: this.#store.rulesIn(root, row.directory), wants: idx => chosen?.has(idx) ?? true }
  }
}
