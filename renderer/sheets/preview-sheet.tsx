// What a link holds, before anything is downloaded: name, size, files; which of them, and where to.
import { Download } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { NetworkMode, Preview } from '../../app/contract/shapes.ts'
import type { Failure } from '../client.ts'
import { Action } from '../parts/controls.tsx'
import { Tick } from '../parts/fields.tsx'
import { FileTree } from '../parts/file-tree.tsx'
import { chosenPlace, PlaceField, usePlaces } from '../parts/place-field.tsx'
import { SheetFrame } from '../parts/sheet-frame.tsx'
import { Loading, Problem } from '../parts/states.tsx'
import { useFiles } from '../parts/use-files.ts'
import { useLasting } from '../parts/use-lasting.ts'
import type { Code } from '../sentences.ts'
import { useFeed, useStore } from '../use-store.ts'
import { useUi } from '../ui.ts'

const PATIENCE_MS = 8_000 // what is near answers in one, what the wider network knows in a few

export function PreviewSheet({ link, onClose }: { link: string; onClose: () => void }) {
  const { ui, t, formats } = useUi()
  const { preview, failure } = usePreview(link)
  const { places, refresh } = usePlaces()
  const [folder, setFolder] = useState<number | null>()
  const [left, setLeft] = useState<ReadonlySet<number>>(new Set())
  const [startFailed, setStartFailed] = useState<Code | null>(null)
  const isReady = preview?.ready === true
  const files = useFiles(isReady ? preview.root : null, preview?.name ?? '')
  const place = places == null ? undefined : chosenPlace(places, folder)
  const to = place?.id ?? null
  const isWhole = isReady && files.isWhole // "Everything", and a folder, mean also what would come later
  const chosen = files.rows.filter(file => !left.has(file.index))
  const bytes = left.size === 0 ? (preview?.bytes ?? 0) : chosen.reduce((sum, file) => sum + file.bytes, 0)
  const isDefault = to == null || to === places?.storage?.downloads.folder
  const hereBytes = isDefault ? (preview?.hereBytes ?? 0) : 0
  const missing = place?.roomBytes == null ? 0 : Math.max(0, bytes - hereBytes - place.roomBytes)
  const isLate = useLasting(preview != null && !isReady && failure == null, PATIENCE_MS)
  const mayGet = preview != null && (left.size === 0 || chosen.length > 0) && missing === 0
  const get = async (): Promise<void> => {
    const { client } = ui.session
    try {
      const grant = to == null ? null : (await client.grant.inside({ folder: to, path: [], use: 'write' })).grant
      const selection = left.size === 0 ? null : chosen.map(file => file.index)
      const { id } = await client.transfer.start({ link, folder: grant, selection, addrs: [], giveUpAfterMs: null })
      ui.toasts.keep(id) // it was to go from the list, and is got again
      onClose()
      ui.go('transfers')
      ui.drawer.set({ type: 'transfer', id })
    } catch (error) {
      setStartFailed(ui.failureOf(error).code)
    }
  }
  const pasteOther = (): void => {
    onClose()
    ui.go('home')
  }
  const footer = (
    <>
      {isLate ? (
        <Action onPress={pasteOther}>{t('paste.other')}</Action>
      ) : (
        <Action onPress={onClose}>{t('close')}</Action>
      )}
      <Action kind="primary" icon={Download} onPress={() => void get()} isDisabled={!mayGet} autoFocus>
        {t(preview?.held === true ? 'get.again' : isLate ? 'get.later' : 'get')}
      </Action>
    </>
  )
  if (failure != null && preview == null) return <NoPreview failure={failure} onClose={onClose} />
  return (
    <SheetFrame
      title={preview == null || preview.name === preview.root ? t('preview') : preview.name}
      onClose={onClose}
      footer={footer}
      isWide
    >
      {preview == null ? (
        <Loading label={t('preview.looking')} />
      ) : (
        <>
          <p className="summary">
            {[
              preview.bytes != null && formats.bytes(preview.bytes),
              preview.files != null && t('files', { count: preview.files, n: formats.count(preview.files) }),
              preview.held && t('preview.held')
            ]
              .filter(Boolean)
              .join(' · ')}
          </p>
          {places != null && place != null && (
            <PlaceField label={t('save.to')} places={places} value={place} onChange={setFolder} onPicked={refresh} />
          )}
          {missing > 0 && <p className="warning">{t('too-big', { bytes: formats.bytes(missing) })}</p>}
          {startFailed != null && <Problem code={startFailed} />}
          {failure != null && <Problem code={failure.code} />}
          {!isWhole && failure == null && files.code == null && <Loading label={t('preview.looking')} />}
          {isLate && <Nobody />}
          {isReady && files.code != null && <Problem code={files.code} />}
          {isWhole && files.rows.length > 1 && (
            <section className="choose">
              <Tick
                isSelected={left.size === 0}
                isIndeterminate={left.size > 0 && left.size < files.rows.length}
                onChange={all => setLeft(all ? new Set() : new Set(files.rows.map(file => file.index)))}
              >
                <span>
                  {left.size === 0
                    ? t('choose.all')
                    : t('choose.some', { n: formats.count(chosen.length), bytes: formats.bytes(bytes) })}
                </span>
              </Tick>
              <FileTree files={files.rows} left={left} onChange={setLeft} />
            </section>
          )}
        </>
      )}
    </SheetFrame>
  )
}

/** Nobody has answered so far: what is being tried, and that nothing is lost by waiting. */
function Nobody() {
  const { ui, t } = useUi()
  const status = useFeed(ui.model.status)
  const settings = useFeed(ui.model.settings)
  return (
    <div className="note" role="status">
      <strong>{t('preview.nobody')}</strong>
      <p>
        {status != null && t(triedKey(status.network, settings?.network))} {t('preview.wait')}
      </p>
    </div>
  )
}

/** Who is asked. The internet may be allowed already, and asked from the next start on. */
const triedKey = (now: NetworkMode, chosen: NetworkMode | null | undefined) =>
  now === 'lan' && chosen === 'internet' ? 'preview.tried.soon' : (`preview.tried.${now}` as const)

/** The way out of a link that is none: another one. */
function NoPreview({ failure, onClose }: { failure: Failure; onClose: () => void }) {
  const { ui, t } = useUi()
  const again = (): void => {
    onClose()
    ui.go('home')
  }
  const footer = (
    <Action kind="primary" onPress={again} autoFocus>
      {t('paste.other')}
    </Action>
  )
  return (
    <SheetFrame title={t('preview.none')} onClose={onClose} footer={footer}>
      <Problem code={failure.code} />
    </SheetFrame>
  )
}

function usePreview(link: string): { preview: Preview | null; failure: Failure | null } {
  const { ui } = useUi()
  const [preview, setPreview] = useState<Preview | null>(null)
  const [failure, setFailure] = useState<Failure | null>(null)
  const isOpen = useStore(ui.session.state) === 'open'
  useEffect(() => {
    if (!isOpen) return
    setFailure(null)
    const life = new AbortController()
    const read = async (): Promise<void> => {
      const rows = await ui.session.client.transfer.preview({ link }, { signal: life.signal })
      for await (const row of rows) setPreview(row)
    }
    read().catch((error: unknown) => {
      if (!life.signal.aborted) setFailure(ui.failureOf(error))
    })
    return () => life.abort()
  }, [ui, link, isOpen])
  return { preview, failure }
}
