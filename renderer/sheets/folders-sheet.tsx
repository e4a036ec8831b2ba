// Choosing what to share among the folders of the computer Shoal runs on. Shared where it is: nothing is copied.
import { CornerLeftUp, FolderOpen, Share2 } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { Client } from '../client.ts'
import { Action } from '../parts/controls.tsx'
import { Tick } from '../parts/fields.tsx'
import { type HostFolder, useFolders } from '../parts/place-field.tsx'
import { KindIcon } from '../parts/row.tsx'
import { SheetFrame } from '../parts/sheet-frame.tsx'
import { Empty, Loading, Problem } from '../parts/states.tsx'
import { VirtualList } from '../parts/virtual-list.tsx'
import type { Place } from '../platform.ts'
import type { Code } from '../sentences.ts'
import { useStore } from '../use-store.ts'
import { useUi } from '../ui.ts'

type Entry = Awaited<ReturnType<Client['grant']['entries']>>[number]

type Go = (to: Place | null) => void

export function FoldersSheet({ onClose }: { onClose: () => void }) {
  const { ui, t } = useUi()
  const folders = useFolders()
  const [place, setPlace] = useState<Place | null>(null)
  const at = place ?? (folders?.length === 1 && folders[0] != null ? { folder: folders[0].id, path: [] } : null)
  const { entries, code } = useEntries(at)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [failed, setFailed] = useState<Code | null>(null)
  const go: Go = to => {
    setPlace(to)
    setFailed(null)
    setChosen(new Set())
  }
  const share = async (): Promise<void> => {
    if (at == null) return
    try {
      await ui.share(await grantsFor(ui.session.client, at, chosen))
    } catch (error) {
      setFailed(ui.failureOf(error).code)
      return
    }
    onClose()
    ui.go('library')
  }
  const footer = (
    <>
      <Action onPress={onClose}>{t('close')}</Action>
      <Action kind="primary" icon={Share2} onPress={() => void share()} isDisabled={at == null || chosen.size === 0}>
        {chosen.size > 1 ? t('share.n', { count: chosen.size }) : t('share')}
      </Action>
    </>
  )
  const title = at == null ? t('share.choose') : (at.path.at(-1) ?? folders?.find(it => it.id === at.folder)?.name)
  const isTop = at == null || (at.path.length === 0 && folders?.length === 1)
  return (
    <SheetFrame title={title ?? t('share.choose')} onClose={onClose} footer={footer} isWide>
      {!isTop && (
        <Action icon={CornerLeftUp} kind="quiet" onPress={() => go(above(at))}>
          {t('up')}
        </Action>
      )}
      {folders == null && <Loading />}
      {folders?.length === 0 && <Empty icon={FolderOpen} title={t('folder.none')} text={t('folder.none.text')} />}
      {folders != null && folders.length > 0 && at == null && <Folders folders={folders} go={go} />}
      {failed != null && <Problem code={failed} />}
      {code != null && <Problem code={code} />}
      {at != null && entries == null && code == null && <Loading />}
      {at != null && entries != null && (
        <Entries label={title ?? ''} at={at} entries={entries} chosen={chosen} onChoose={setChosen} go={go} />
      )}
    </SheetFrame>
  )
}

/** A grant for each of what is chosen there; for the folder itself when nothing is. */
async function grantsFor(client: Client, { folder, path }: Place, chosen: ReadonlySet<string>): Promise<string[]> {
  const grants: string[] = []
  const paths = chosen.size === 0 ? [path] : [...chosen].map(name => [...path, name])
  for (const inside of paths) grants.push((await client.grant.inside({ folder, path: [...inside], use: 'read' })).grant)
  return grants
}

/** Null: the list of folders. */
const above = (at: Place): Place | null => (at.path.length === 0 ? null : { ...at, path: at.path.slice(0, -1) })

function Folders({ folders, go }: { folders: readonly HostFolder[]; go: Go }) {
  return (
    <ul className="plain-list">
      {folders.map(({ id, name }) => (
        <li key={id} className="file">
          <FolderName name={name} onOpen={() => go({ folder: id, path: [] })} />
        </li>
      ))}
    </ul>
  )
}

function FolderName({ name, onOpen }: { name: string; onOpen: () => void }) {
  return (
    <button type="button" className="file-name" onClick={onOpen}>
      <KindIcon name={name} isFolder size={16} />
      <bdi>{name}</bdi>
    </button>
  )
}

/** What stands in one folder, each with a box. */
function Entries({
  label,
  at,
  entries,
  chosen,
  onChoose,
  go
}: {
  label: string
  at: Place
  entries: readonly Entry[]
  chosen: ReadonlySet<string>
  onChoose: (chosen: ReadonlySet<string>) => void
  go: Go
}) {
  const { t, formats } = useUi()
  if (entries.length === 0) return <Empty icon={FolderOpen} title={t('folder.empty')} text={t('folder.empty.text')} />
  const choose = (name: string, isChosen: boolean): void => {
    const next = new Set(chosen)
    if (isChosen) next.add(name)
    else next.delete(name)
    onChoose(next)
  }
  return (
    <VirtualList label={label} rows={entries} keyOf={entry => entry.name} rowHeight={36}>
      {({ name, kind, bytes }) => (
        <div className="file">
          <Tick
            label={t('choose', { name })}
            isRowMain
            isSelected={chosen.has(name)}
            onChange={isChosen => choose(name, isChosen)}
          />
          {kind === 'folder' ? (
            <FolderName name={name} onOpen={() => go({ ...at, path: [...at.path, name] })} />
          ) : (
            <span className="file-name">
              <KindIcon name={name} isFolder={false} size={16} />
              <bdi>{name}</bdi>
            </span>
          )}
          <span className="file-bytes">{kind === 'file' && formats.bytes(bytes)}</span>
        </div>
      )}
    </VirtualList>
  )
}

function useEntries(at: Place | null): { entries: readonly Entry[] | null; code: Code | null } {
  const { ui } = useUi()
  const [found, setFound] = useState<{ key: string; entries: readonly Entry[] | null; code: Code | null } | null>(null)
  const key = at == null ? null : JSON.stringify(at)
  const isOpen = useStore(ui.session.state) === 'open'
  useEffect(() => {
    if (key == null || !isOpen) return
    const { folder, path } = JSON.parse(key) as { folder: number; path: string[] } // as written above
    const life = new AbortController()
    ui.session.client.grant.entries({ folder, path }, { signal: life.signal }).then(
      entries => setFound({ key, entries, code: null }),
      (error: unknown) => {
        if (!life.signal.aborted) setFound({ key, entries: null, code: ui.failureOf(error).code })
      }
    )
    return () => life.abort()
  }, [ui, key, isOpen])
  return found != null && found.key === key ? found : { entries: null, code: null }
}
