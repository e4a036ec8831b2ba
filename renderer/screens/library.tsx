// Library: what this device shares, and what it is about to.
import { LibraryBig, Search } from 'lucide-react'
import { useMemo, useState } from 'react'
import { Action } from '../parts/controls.tsx'
import { Filter } from '../parts/filter.tsx'
import { JobRow, ShareRow } from '../parts/share-row.tsx'
import { ShareActions } from '../parts/sharing.tsx'
import { Empty, Loading } from '../parts/states.tsx'
import { VirtualList } from '../parts/virtual-list.tsx'
import { matches } from '../matches.ts'
import { useFeed, useStore } from '../watch.ts'
import { useUi } from '../ui.ts'

export function Library() {
  const { ui, say } = useUi()
  const list = useFeed(ui.model.shares)
  const jobs = useFeed(ui.model.jobs)
  const leaving = useStore(ui.passing.leaving)
  const [text, setText] = useState('')
  const all = useMemo(
    () => [...list.rows.values()].filter(row => !leaving.has(row.root)).sort((a, b) => b.addedAt - a.addedAt),
    [list, leaving]
  )
  const shown = useMemo(() => all.filter(row => matches(row.name, text)), [all, text])
  const making = jobs?.filter(job => job.state !== 'done') ?? []
  return (
    <>
      <header className="screen-head">
        <h1>{say('place.library')}</h1>
        {all.length > 0 && <Filter value={text} onChange={setText} />}
      </header>
      {all.length > 0 && (
        <div className="actions">
          <ShareActions />
        </div>
      )}
      {making.length > 0 && (
        <ul className="plain-list">
          {making.map(job => (
            <li key={job.job}>
              <JobRow job={job} />
            </li>
          ))}
        </ul>
      )}
      {list.seq == null ? (
        <Loading />
      ) : all.length === 0 ? (
        making.length === 0 && (
          <Empty icon={LibraryBig} title={say('library.empty')} text={say('library.empty.text')}>
            <ShareActions isPrimary />
          </Empty>
        )
      ) : shown.length === 0 ? (
        <Empty icon={Search} title={say('filter.nothing')} text={say('filter.nothing.text')}>
          <Action onPress={() => setText('')}>{say('filter.reset')}</Action>
        </Empty>
      ) : (
        <VirtualList label={say('place.library')} rows={shown} keyOf={row => row.root} rowHeight={60}>
          {row => <ShareRow row={row} />}
        </VirtualList>
      )}
    </>
  )
}
