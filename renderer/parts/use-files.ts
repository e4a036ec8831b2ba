// Every file of a root, read page by page; what is there is shown at once.
import { useEffect, useState } from 'react'
import { MAX_PAGE_ROWS } from '../../app/contract/limits.ts'
import type { FileRow } from '../../app/contract/shapes.ts'
import type { Code } from '../sentences.ts'
import { useStore } from '../use-store.ts'
import { useUi } from '../ui.ts'

const MAX_SHOWN = 200_000

export interface Files {
  readonly rows: readonly FileRow[]
  readonly isWhole: boolean
  readonly code: Code | null
}

const NONE = { root: null, rows: [], isWhole: false, code: null }

/** @param name of a root that is itself a file, which has none inside. @param version another one reads them again; until then what was read stays */
export function useFiles(root: string | null, name: string, version: string | number = 0): Files {
  const { ui } = useUi()
  const [files, setFiles] = useState<Files & { root: string | null }>(NONE)
  const isOpen = useStore(ui.session.state) === 'open'
  useEffect(() => {
    if (!isOpen) return
    const life = new AbortController()
    const read = async (): Promise<void> => {
      if (root == null) return
      const rows: FileRow[] = []
      for (let total = 1; rows.length < Math.min(total, MAX_SHOWN);) {
        const options = { signal: life.signal }
        const page = await ui.session.client.transfer.files(
          { root, offset: rows.length, limit: MAX_PAGE_ROWS },
          options
        )
        const isFile = (row: FileRow): boolean => row.path.length === 1 && row.path[0] === root
        rows.push(...page.rows.map(row => (isFile(row) ? { ...row, path: [name] } : row)))
        total = page.rows.length === 0 ? 0 : page.total
        const isWhole = rows.length >= Math.min(total, MAX_SHOWN)
        if (rows.length > MAX_PAGE_ROWS && !isWhole) continue
        const now = { root, rows: [...rows], isWhole, code: null }
        setFiles(known => (known.root === root && known.rows.length > rows.length && !isWhole ? known : now))
      }
    }
    read().catch((error: unknown) => {
      if (!life.signal.aborted) setFiles({ ...NONE, root, code: ui.failureOf(error).code })
    })
    return () => life.abort()
  }, [ui, root, name, version, isOpen])
  return files
}

/** Counts up every few seconds while it is on. */
export function useTick(isOn: boolean, everyMs: number): number {
  const [tick, setTick] = useState(0)
  useEffect(() => {
    if (!isOn) return
    const timer = setInterval(() => setTick(before => before + 1), everyMs)
    return () => clearInterval(timer)
  }, [isOn, everyMs])
  return tick
}
