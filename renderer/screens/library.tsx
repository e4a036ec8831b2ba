// Library: what this device shares, and what it is about to.
import { LibraryBig, Search } from 'lucide-react'
import { useMemo, useState } from 'react'
import { Action } from '../parts/controls.tsx'
import { Filter } from '../parts/filter.tsx'
import { OfferRow } from '../parts/share-row.tsx'
import { ShareActions } from '../parts/sharing.tsx'
import { Empty, Loading } from '../parts/states.tsx'
import { VirtualList } from '../parts/virtual-list.tsx'
import { matchesFilter } from '../name-filter.ts'
import { keyOf } from '../offers.ts'
import { useFeed } from '../use-store.ts'
import { useUi } from '../ui.ts'

export function Library() {
  const { t, ui } = useUi()
  const isKnown = useFeed(ui.model.shares).seq != null
  const offers = useFeed(ui.offers)
  const [text, setText] = useState('')
  const all = useMemo(
    () => [...offers.jobs, ...[...offers.shares.values()].sort((a, b) => b.addedAt - a.addedAt)],
    [offers]
  )
  const shown = useMemo(() => all.filter(row => matchesFilter(row.name, text)), [all, text])
  return (
    <>
      <header className="screen-head">
        <h1>{t('place.library')}</h1>
        {all.length > 0 && <Filter value={text} onChange={setText} />}
      </header>
      {all.length > 0 && (
        <div className="actions">
          <ShareActions />
        </div>
      )}
      {!isKnown ? (
        <Loading />
      ) : all.length === 0 ? (
        <Empty icon={LibraryBig} title={t('library.empty')} text={t('library.empty.text')}>
          <ShareActions isPrimary />
        </Empty>
      ) : shown.length === 0 ? (
        <Empty icon={Search} title={t('filter.nothing')} text={t('filter.nothing.text')}>
          <Action onPress={() => setText('')}>{t('filter.reset')}</Action>
        </Empty>
      ) : (
        <VirtualList label={t('place.library')} rows={shown} keyOf={row => keyOf(row, offers)} rowHeight={60}>
          {row => <OfferRow row={row} />}
        </VirtualList>
      )}
    </>
  )
}
