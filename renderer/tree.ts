// The file tree of a share as rows on the screen: folders open and close, choosing a folder chooses what is in it. Pure.
import type { FileRow } from '../app/contract/shapes.ts'

export interface TreeRow {
  /** The path, joined. */
  readonly key: string
  readonly name: string
  readonly depth: number
  readonly bytes: number
  readonly haveBytes: number
  /** Bytes of what was asked for: none of a file that was not. */
  readonly chosenBytes: number
  readonly isChosen: boolean
  /** The file's index; null: a folder. */
  readonly index: number | null
  readonly renamedFrom: string | null
  /** Positions in `files` that it covers: [from, to). */
  readonly from: number
  readonly to: number
  readonly isOpen: boolean
}

/** @param files in the engine's order: depth first, so that a folder's files stand together */
export function treeRows(files: readonly FileRow[], open: ReadonlySet<string>): TreeRow[] {
  const rows: TreeRow[] = []
  const walk = (from: number, to: number, depth: number, above: string): void => {
    for (let at = from; at < to;) {
      const file = files[at]! // below to
      const name = file.path[depth] ?? ''
      const key = `${above}/${name}`
      if (file.path.length <= depth + 1) {
        const { index, bytes, haveBytes, renamedFrom, chosen: isChosen } = file
        const chosenBytes = isChosen ? bytes : 0
        rows.push({ key: `${key}#${index}`, name, depth, bytes, haveBytes, chosenBytes, isChosen, index, renamedFrom, from: at, to: at + 1, isOpen: false }) // prettier-ignore
        at++
        continue
      }
      let end = at
      let bytes = 0
      let haveBytes = 0
      let chosenBytes = 0
      let isChosen = false
      for (; end < to && files[end]!.path[depth] === name && files[end]!.path.length > depth + 1; end++) {
        bytes += files[end]!.bytes
        haveBytes += files[end]!.haveBytes
        if (files[end]!.chosen) chosenBytes += files[end]!.bytes
        isChosen ||= files[end]!.chosen
      }
      const isOpen = open.has(key)
      rows.push({ key, name, depth, bytes, haveBytes, chosenBytes, isChosen, index: null, renamedFrom: null, from: at, to: end, isOpen }) // prettier-ignore
      if (isOpen) walk(at, end, depth + 1, key)
      at = end
    }
  }
  walk(0, files.length, 0, '')
  return rows
}

/** How much of a row is chosen. */
export function chosenOf(row: TreeRow, files: readonly FileRow[], left: ReadonlySet<number>): 'all' | 'some' | 'none' {
  let chosen = 0
  for (let at = row.from; at < row.to; at++) if (!left.has(files[at]!.index)) chosen++
  return chosen === row.to - row.from ? 'all' : chosen === 0 ? 'none' : 'some'
}

/** What is left out after a row was switched. */
export function leftAfter(
  row: TreeRow,
  files: readonly FileRow[],
  left: ReadonlySet<number>,
  isChosen: boolean
): Set<number> {
  const next = new Set(left)
  for (let at = row.from; at < row.to; at++) {
    if (isChosen) next.delete(files[at]!.index)
    else next.add(files[at]!.index)
  }
  return next
}
