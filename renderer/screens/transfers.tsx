// Downloads: what is being got and what was.
import { ArrowDownUp, Search } from 'lucide-react'
import { useMemo, useState } from 'react'
import type { Transfer } from '../../app/contract/shapes.ts'
import { Empty, Loading } from '../parts/states.tsx'
import { Filter, Tabs } from '../parts/filter.tsx'
import { useHeld } from '../parts/use-held.ts'
import { isRunning, TransferRow } from '../parts/transfer-row.tsx'
import { VirtualList } from '../parts/virtual-list.tsx'
import { inOrder, isQueued } from '../queue-order.ts'
import { matchesFilter } from '../name-filter.ts'
import { useFeed, useStore } from '../use-store.ts'
import { useUi } from '../ui.ts'
import { Action } from '../parts/controls.tsx'

const KINDS = ['all', 'running', 'queued', 'stopped', 'done'] as const
type Kind = (typeof KINDS)[number]

const IS_OF: Record<Kind, (row: Transfer) => boolean> = {
  all: () => true,
  running: isRunning,
  queued: isQueued,
  stopped: row => row.state === 'paused' || row.state === 'failed',
  done: row => row.state === 'done'
}

export function Transfers() {
  const { ui, t } = useUi()
  const list = useFeed(ui.model.transfers)
  const leaving = useStore(ui.toasts.leaving)
  const [text, setText] = useState('')
  const [kind, setKind] = useState<Kind>('all')
  const all = useMemo(
    () =>
      inOrder(
        [...list.rows.values()].filter(row => !leaving.has(row.id)),
        isRunning
      ),
    [list, leaving]
  )
  const held = useHeld()
  const shown = all.filter(row => row.id === held.key || (IS_OF[kind](row) && matchesFilter(row.name, text)))
  return (
    <>
      <header className="screen-head">
        <h1>{t('place.transfers')}</h1>
        {all.length > 0 && <Filter value={text} onChange={setText} />}
      </header>
      {all.length > 0 && (
        <Tabs
          label={t('filter.kind')}
          value={kind}
          onChange={setKind}
          options={KINDS.map(id => ({ id, name: t(`filter.${id}`), count: all.filter(IS_OF[id]).length }))}
        />
      )}
      {list.seq == null ? (
        <Loading />
      ) : all.length === 0 ? (
        <Empty icon={ArrowDownUp} title={t('transfers.empty')} text={t('transfers.empty.text')}>
          <Action kind="primary" onPress={() => ui.go('home')}>
            {t('paste.title')}
          </Action>
        </Empty>
      ) : shown.length === 0 ? (
        <Empty icon={Search} title={t('filter.nothing')} text={t('filter.nothing.text')}>
          <Action
            onPress={() => {
              setText('')
              setKind('all')
            }}
          >
            {t('filter.reset')}
          </Action>
        </Empty>
      ) : (
        <VirtualList label={t('place.transfers')} rows={shown} keyOf={row => row.id} rowHeight={68} held={held}>
          {row => <TransferRow row={row} />}
        </VirtualList>
      )}
    </>
  )
}
