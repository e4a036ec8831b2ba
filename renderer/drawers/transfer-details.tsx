// One transfer: how it goes, who sends, what is there already, its files.
import { ShieldCheck } from 'lucide-react'
import { memo, useEffect, useState } from 'react'
import type { TransferDetails as Live, Transfer } from '../../app/contract/shapes.ts'
import { BlockMap } from '../parts/block-map.tsx'
import { Action } from '../parts/controls.tsx'
import { FileTree } from '../parts/file-tree.tsx'
import { LimitField } from '../parts/limit-field.tsx'
import { RateGraph } from '../parts/rate-graph.tsx'
import { Bar } from '../parts/row.tsx'
import { Deferred } from '../parts/deferred.tsx'
import { Problem } from '../parts/states.tsx'
import { isRunning, nameOf, partOf, transferChoices } from '../parts/transfer-row.tsx'
import { useFiles, useTick } from '../parts/use-files.ts'
import { isOwnDiskFull } from '../model.ts'
import { toneOf, transferSentence } from '../status-sentence.ts'
import { useChosen, useFeed, useStore } from '../use-store.ts'
import { useUi } from '../ui.ts'
import { Drawer, Fact, Part, useCloseWhenGone } from './drawer.tsx'

const FILES_SHOWN = 500
const FILES_FOLLOWED = 2_000 // more are read again only when the state is another
const FILES_EVERY_MS = 3_000

export function TransferDetails({ id }: { id: string }) {
  const { ui, t, formats } = useUi()
  const row = useFeed(ui.model.transfers).rows.get(id)
  const live = useDetails(id, row == null || row.state === 'done' ? null : isRunning(row))
  const [count, setCount] = useState(0)
  const tick = useTick(row != null && isRunning(row) && count <= FILES_FOLLOWED, FILES_EVERY_MS)
  const hasFiles = row?.total != null
  const files = useFiles(hasFiles ? row.root : null, row == null ? '' : nameOf(row), `${row?.state} ${tick}`)
  useEffect(() => setCount(files.rows.length), [files])
  useCloseWhenGone(row)
  if (row == null) return null
  const save = ui.platform.saveFile
  return (
    <Drawer title={nameOf(row)}>
      {row.state !== 'failed' && (
        <p className="summary" data-tone={toneOf(row)}>
          {transferSentence(row, t, formats)}
        </p>
      )}
      {row.state !== 'done' && <Bar part={partOf(row)} tone={toneOf(row)} />}
      {row.state === 'done' && (
        <p className="verified">
          <ShieldCheck size={18} aria-hidden /> {t('verified')}
        </p>
      )}
      {row.state === 'failed' && <Problem code={row.error?.code ?? 'internal'} about="stopped" />}
      {row.state === 'disk-full' && <Problem code="disk-full" about="waiting" />}
      <Choices row={row} />
      {live != null && <Progress live={live} />}
      <Facts row={row} />
      {isRunning(row) && (
        <Deferred>
          <Limit id={id} />
        </Deferred>
      )}
      {files.rows.length > 0 && (
        <Part title={t('details.files')}>
          <FileTree
            files={files.rows}
            isWhole={row.state === 'done'}
            onSave={
              row.state === 'done' && save != null && files.rows.length <= FILES_SHOWN
                ? index => void ui.try(async () => save(row.root, index))
                : undefined
            }
          />
        </Part>
      )}
    </Drawer>
  )
}

/** The row changes ten times a second; what can be done with it does not. */
const Choices = memo(ChoicesNow, (before, now) => {
  const [a, b] = [before.row, now.row]
  return a.id === b.id && a.state === b.state && a.error === b.error && a.name === b.name
})

function ChoicesNow({ row }: { row: Transfer }) {
  const context = useUi()
  const isFull = useChosen(context.ui.model.status, isOwnDiskFull)
  return (
    <div className="actions">
      {transferChoices(row, context, isFull)
        .filter(({ inMenuOnly }) => inMenuOnly !== true)
        .map(({ id, label, icon, run, isDanger }) => (
          <Action key={id} icon={icon} onPress={run} kind={isDanger ? 'danger' : 'plain'}>
            {label}
          </Action>
        ))}
    </div>
  )
}

function Facts({ row }: { row: Transfer }) {
  const { ui, t, formats } = useUi()
  const queue = useStore(ui.queue)
  return (
    <dl className="facts">
      <Fact name={t('details.received')}>{formats.bytes(row.received)}</Fact>
      {row.place != null && (
        <Fact name={t('details.place')}>
          {t('details.place.of', { n: formats.count(row.place), total: formats.count(queue.length) })}
        </Fact>
      )}
      <Fact name={t('details.folder')}>
        <bdi>{row.folder}</bdi>
      </Fact>
      <Fact name={t('details.added')}>{formats.day(row.addedAt)}</Fact>
    </dl>
  )
}

/** Once a second. */
const Progress = memo(function Progress({ live }: { live: Live }) {
  const { t, formats } = useUi()
  return (
    <>
      {live.rates.length > 1 && (
        <Part title={t('details.rate')}>
          <RateGraph rates={live.rates} />
        </Part>
      )}
      {live.map.cells.length > 0 && (
        <Part title={t('details.map')}>
          <BlockMap cells={live.map.cells} />
        </Part>
      )}
      <section>
        <h3>{t('details.sources')}</h3>
        {live.sources.length === 0 ? (
          <p className="hint">{t('details.sources.none')}</p>
        ) : (
          <ul className="sources">
            {live.sources.map(source => (
              <li key={source.peerId}>
                <bdi>{source.name === '' ? t('device.unnamed') : source.name}</bdi>
                <span>
                  {[
                    source.share === 1 && t('source.all'),
                    formats.bytes(source.bytes),
                    source.rate > 0 && formats.rate(source.rate)
                  ]
                    .filter(part => part !== false)
                    .join(' · ')}
                </span>
              </li>
            ))}
          </ul>
        )}
      </section>
    </>
  )
})

const Limit = memo(function Limit({ id }: { id: string }) {
  const { ui, t } = useUi()
  return (
    <LimitField
      label={t('details.limit')}
      hint={t('details.limit.hint')}
      ask={async to => {
        const answer = await ui.session.client.transfer.limit({ id, downloadBytesPerSecond: to })
        return answer.downloadBytesPerSecond
      }}
    />
  )
})

/** @param isLive whether it runs: one that rests is told of once; null: nothing is to be told */
function useDetails(id: string, isLive: boolean | null): Live | null {
  const { ui } = useUi()
  const [live, setLive] = useState<Live | null>(null)
  useEffect(() => {
    if (isLive == null) return
    const life = new AbortController()
    const read = async (): Promise<void> => {
      for await (const value of await ui.session.client.transfer.details({ id }, { signal: life.signal }))
        setLive(value)
    }
    read().catch(() => {}) // it has just ended; the row says how
    return () => {
      life.abort()
      setLive(null)
    }
  }, [ui, id, isLive])
  return live
}
