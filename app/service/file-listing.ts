// A page of the file tree of one root, with how much of each file is here.
import path from 'node:path'
import type { Layout } from '../../core/content/layout.ts'
import { rootText } from '../../core/cid.ts'
import { placedTree } from '../../core/files/placed-trees.ts'
import type { NameRules } from '../../core/files/safe-name.ts'
import type { ReadonlyBitset } from '../../core/exchange/servable.ts'
import type { Store } from '../../core/store/store.ts'
import type { Outputs } from '../contract/service.ts'

type Page = Outputs['transfer']['files']

/** A transfer of the root that is not done: what of it is written, and which files it is to bring. */
export interface Getting {
  readonly have: ReadonlyBitset | undefined
  /** By which its files have their names, or will. */
  readonly rules: NameRules
  wants(idx: number): boolean
}

export async function fileListing(
  layout: Layout,
  getting: Getting | undefined,
  store: Store,
  offset: number,
  limit: number
): Promise<Page> {
  const { files: placed } = await placedTree(layout, getting?.rules ?? store.destinations.ofSystem)
  const held = store.held(layout.root)
  const here = held == null ? undefined : store.filesHere(rootText(layout.root), offset, offset + limit)
  const rows: Page['rows'] = []
  for (let index = offset; index < Math.min(offset + limit, layout.files.length); index++) {
    const file = layout.files[index]!
    let haveBytes = 0
    for (let ordinal = file.start; ordinal < file.end; ordinal++) {
      if (getting?.have?.has(ordinal) === true || held?.have.has(ordinal) === true)
        haveBytes += layout.leafBytes(ordinal)
    }
    const isAsked = getting == null ? held == null : getting.wants(index)
    const name = file.path.length > 0 ? [...file.path] : [rootText(layout.root)]
    rows.push({
      index,
      path: name,
      bytes: file.sizeBytes,
      haveBytes,
      chosen: isAsked || here?.has(index) === true,
      renamedFrom:
        here?.has(index) === true ? nameLost(file.path, here.get(index)) : (placed[index]?.renamedFrom ?? null)
    })
  }
  return { total: layout.files.length, rows }
}

/** What a file that stands here is called in the share, when it has another name here. */
function nameLost(names: readonly string[], below: string | undefined): string | null {
  return below == null || below === names.join(path.sep) ? null : names.join('/')
}
