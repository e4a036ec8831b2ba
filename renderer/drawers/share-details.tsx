// One share: where else it is, who fetches it, its files; whether this device may be closed.
import { Laptop, ShieldCheck } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { Share, ShareDetails as ShareDetailsOf } from '../../app/contract/shapes.ts'
import { Action } from '../parts/controls.tsx'
import { FileTree } from '../parts/file-tree.tsx'
import { LimitField } from '../parts/limit-field.tsx'
import { Bar } from '../parts/row.tsx'
import { shareChoices } from '../parts/share-row.tsx'
import { Problem } from '../parts/states.tsx'
import { useFiles } from '../parts/use-files.ts'
import { verifying } from '../parts/verify.ts'
import { isAllHere, shareSentence } from '../status-sentence.ts'
import { useFeed, useStore } from '../use-store.ts'
import { useUi } from '../ui.ts'
import { Drawer, Fact, useCloseWhenGone } from './drawer.tsx'

export function ShareDetails({ root }: { root: string }) {
  const context = useUi()
  const { ui, t, formats } = context
  const row = useFeed(ui.model.shares).rows.get(root)
  const files = useFiles(row == null ? null : root, row?.name ?? '', `${row?.state} ${row?.hereFiles}`)
  useCloseWhenGone(row)
  if (row == null) return null
  const save = ui.platform.saveFile
  return (
    <Drawer title={row.name}>
      {row.state !== 'changed' && <p className="summary">{shareSentence(row, t, formats)}</p>}
      {row.state === 'changed' && <Problem code="source-changed" />}
      {row.state === 'missing' && <p className="hint">{t('share.missing.next')}</p>}
      {row.state === 'ready' && (
        <p className={row.copies > 0 ? 'verified' : 'hint'}>
          <Laptop size={18} aria-hidden /> {row.copies > 0 ? t('lid.close', { count: row.copies }) : t('lid.open')}
        </p>
      )}
      <Verified root={root} isAllHere={isAllHere(row)} />
      <div className="actions">
        {shareChoices(row, context).map(({ id, label, icon, run, isDanger }) => (
          <Action key={id} icon={icon} onPress={run} kind={kindOf(id, isDanger)}>
            {label}
          </Action>
        ))}
      </div>
      <Facts row={row} />
      <Others root={root} />
      {row.state === 'ready' && (
        <LimitField
          label={t('share.limit')}
          hint={t('share.limit.hint')}
          ask={async to => {
            const answer = await ui.session.client.share.limit({ root, uploadBytesPerSecond: to })
            return answer.uploadBytesPerSecond
          }}
        />
      )}
      {files.rows.length > 0 && (
        <section>
          <h3>{t('details.files')}</h3>
          <FileTree
            files={files.rows}
            isWhole
            onSave={
              save != null && row.state === 'ready' ? index => void ui.try(async () => save(root, index)) : undefined
            }
          />
        </section>
      )}
    </Drawer>
  )
}

function Facts({ row }: { row: Share }) {
  const { t, formats } = useUi()
  return (
    <dl className="facts">
      <Fact name={t('details.copies')}>{formats.count(row.copies)}</Fact>
      <Fact name={t('details.readers')}>
        {formats.count(row.readers)}
        {row.rateOut > 0 && ` · ${formats.rate(row.rateOut)}`}
      </Fact>
      <Fact name={t('details.sent')}>{formats.bytes(row.sentBytes)}</Fact>
      <Fact name={t('details.added')}>{formats.day(row.addedAt)}</Fact>
      <Fact name={t('details.origin')}>{t(`origin.${row.origin}`)}</Fact>
    </dl>
  )
}

/** Who else has it or is getting it, of those who are connected. */
function Others({ root }: { root: string }) {
  const { ui, t } = useUi()
  const [others, setOthers] = useState<ShareDetailsOf['others']>([])
  useEffect(() => {
    const life = new AbortController()
    const read = async (): Promise<void> => {
      for await (const now of await ui.session.client.share.details({ root }, { signal: life.signal }))
        setOthers(now.others)
    }
    read().catch(() => {}) // the connection ended, or the share did; its row says so
    return () => life.abort()
  }, [ui, root])
  if (others.length === 0) return null
  return (
    <section>
      <h3>{t('details.others')}</h3>
      <ul className="sources">
        {others.map(({ peerId, name, isComplete }) => (
          <li key={peerId}>
            <bdi>{name === '' ? t('device.unnamed') : name}</bdi>
            <span>{t(isComplete ? 'source.all' : 'other.getting')}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

const kindOf = (id: string, isDanger = false) =>
  isDanger ? 'danger' : id === 'copy' || id === 'again' ? 'primary' : 'plain'

function Verified({ root, isAllHere }: { root: string; isAllHere: boolean }) {
  const { t, formats } = useUi()
  const state = useStore(verifying).get(root)
  switch (state?.type) {
    case undefined:
      return null
    case 'progress':
      return (
        <div>
          <p className="hint">{t('verify.now', { bytes: formats.bytes(state.bytes) })}</p>
          <Bar part={state.total == null || state.total === 0 ? null : state.bytes / state.total} tone="active" />
        </div>
      )
    case 'verified':
      return state.bad.length === 0 ? (
        <p className="verified" role="status">
          <ShieldCheck size={18} aria-hidden /> {t(isAllHere ? 'verify.good' : 'verify.good.here')}
        </p>
      ) : (
        <div role="status">
          <p className="warning">{t('verify.bad', { count: state.bad.length })}</p>
          <ul className="bad">
            {state.bad.slice(0, 20).map(path => (
              <li key={path}>
                <bdi>{path}</bdi>
              </li>
            ))}
          </ul>
        </div>
      )
    case 'failed':
      return <Problem code={state.code} />
    default:
      return state satisfies never
  }
}
