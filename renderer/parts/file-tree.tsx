// The files of a share: folders open and close; where a choice is to be made, each has a box.
import { ChevronRight, Download } from 'lucide-react'
import { memo, useMemo, useState } from 'react'
import type { FileRow } from '../../app/contract/shapes.ts'
import { chosenOf, leftAfter, type TreeRow, treeRows } from '../tree.ts'
import { useUi } from '../ui.ts'
import { IconAction } from './controls.tsx'
import { Tick } from './fields.tsx'
import { KindIcon } from './row.tsx'
import { VirtualList } from './virtual-list.tsx'

/** Drawn again only when its files or what is chosen of them are others. */
export const FileTree = memo(FileTreeNow)

interface FileTreeProps {
  readonly files: readonly FileRow[]
  /** Indexes that are not chosen; undefined: nothing is to be chosen here. */
  readonly left?: ReadonlySet<number>
  readonly onChange?: (left: Set<number>) => void
  /** Saves one file on this device; undefined: not offered. */
  readonly onSave?: ((index: number) => void) | undefined
  /** Nothing of it is still to come. */
  readonly isWhole?: boolean
}

function FileTreeNow(props: FileTreeProps) {
  const { files } = props
  const { t } = useUi()
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const rows = useMemo(() => treeRows(files, open), [files, open])
  const toggle = (key: string): void => {
    const next = new Set(open)
    if (!next.delete(key)) next.add(key)
    setOpen(next)
  }
  return (
    <VirtualList
      label={t('details.files')}
      rows={rows}
      keyOf={row => row.key}
      rowHeight={36}
      levelOf={row => row.depth + 1}
    >
      {row => <Entry {...props} row={row} onToggle={() => toggle(row.key)} />}
    </VirtualList>
  )
}

function Entry({
  files,
  left,
  onChange,
  onSave,
  isWhole = false,
  row,
  onToggle
}: FileTreeProps & { row: TreeRow; onToggle: () => void }) {
  const { t, formats } = useUi()
  const chosen = left && chosenOf(row, files, left)
  const isGot = left != null || row.isChosen
  const hereBytes = isWhole ? row.chosenBytes : row.haveBytes
  const isPart = left == null && hereBytes < row.bytes
  return (
    <div className="file" data-is-got={isGot} style={{ paddingInlineStart: Math.min(row.depth, 12) * 16 }}>
      {left != null && (
        <Tick
          label={t('choose', { name: row.name })}
          isRowMain
          isSelected={chosen === 'all'}
          isIndeterminate={chosen === 'some'}
          onChange={isChosen => onChange?.(leftAfter(row, files, left, isChosen))}
        />
      )}
      <Name row={row} isRowMain={left == null} onToggle={onToggle} />
      <span className="file-bytes">
        {!isGot && `${t('file.notGot')} · `}
        {isPart && isGot ? formats.bytesOf(hereBytes, row.bytes, t('of')) : formats.bytes(row.bytes)}
      </span>
      {onSave && isGot && row.index != null && (
        <IconAction icon={Download} label={t('save.here', { name: row.name })} onPress={() => onSave(row.index ?? 0)} />
      )}
    </div>
  )
}

/** @param isRowMain whether the arrow keys of the list go to a file's name, having no box to go to */
function Name({ row, isRowMain, onToggle }: { row: TreeRow; isRowMain: boolean; onToggle: () => void }) {
  const { t } = useUi()
  if (row.index == null)
    return (
      <button type="button" className="file-name" data-row-main="" aria-expanded={row.isOpen} onClick={onToggle}>
        <ChevronRight size={14} aria-hidden className="chevron" />
        <KindIcon name={row.name} isFolder size={16} />
        <bdi>{row.name}</bdi>
      </button>
    )
  return (
    <span className="file-name" {...(isRowMain && { 'data-row-main': '', tabIndex: -1 })}>
      <span className="chevron" />
      <KindIcon name={row.name} isFolder={false} size={16} />
      <bdi>{row.name}</bdi>
      {row.renamedFrom != null && <span className="renamed">{t('file.renamed')}</span>}
    </span>
  )
}
