// What a link holds, before anything is downloaded: name, size, files; which of them, and where to.
import { Download } from 'lucide-react'
import { useEffect, useState } from 'react'
import { MANY_FILES } from '../../app/contract/limits.ts'
import type { FileRow, NetworkMode, Preview } from '../../app/contract/shapes.ts'
import type { Client, Failure } from '../client.ts'
import { Action } from '../parts/controls.tsx'
import { Tick } from '../parts/fields.tsx'
import { FileTree } from '../parts/file-tree.tsx'
import { chosenPlace, type PlaceChoice, PlaceField, type Places, usePlaces } from '../parts/place-field.tsx'
import { SheetFrame } from '../parts/sheet-frame.tsx'
import { Loading, Problem } from '../parts/states.tsx'
import { useFiles } from '../parts/use-files.ts'
import { useLasting } from '../parts/use-lasting.ts'
import type { Code } from '../sentences.ts'
import { useFeed, useStore } from '../use-store.ts'
import { useUi } from '../ui.ts'

const PATIENCE_MS = 8_000 // what is near answers in one, what the wider network knows in a few

export function PreviewSheet({ link, onClose }: { link: string; onClose: () => void }) {
  const { ui, t } = useUi()
  const { preview, failure } = usePreview(link)
  const isReady = preview?.ready === true
  const files = useFiles(isReady ? preview.root : null, preview?.name ?? '')
  const plan = usePlan(preview, files.rows)
  const [startFailed, setStartFailed] = useState<Code | null>(null)
  const isWhole = isReady && files.isWhole // "Everything", and a folder, mean also what would come later
  const isLate = useLasting(preview != null && !isReady && failure == null, PATIENCE_MS)
  const get = async (): Promise<void> => {
    try {
      const id = await start(ui.session.client, link, plan)
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
      <Action kind="primary" icon={Download} onPress={() => void get()} isDisabled={!plan.mayGet} autoFocus>
        {t(preview?.held === true ? 'get.again' : isLate ? 'get.later' : 'get')}
      </Action>
    </>
  )
  if (failure != null && preview == null)
    return <NoPreview failure={failure} onPasteOther={pasteOther} onClose={onClose} />
  const title = preview == null || preview.name === preview.root ? t('preview') : preview.name
  return (
    <SheetFrame title={title} onClose={onClose} footer={footer} isWide>
      {preview == null ? (
        <Loading label={t('preview.looking')} />
      ) : (
        <>
          <Summary preview={preview} />
          <Asked preview={preview} />
          <Destination plan={plan} />
          {plan.many > 0 && <AskMany plan={plan} />}
          {startFailed != null && <Problem code={startFailed} />}
          {failure != null && <Problem code={failure.code} />}
          {!isWhole && failure == null && files.code == null && <Loading label={t('preview.looking')} />}
          {isLate && <Nobody />}
          {isReady && files.code != null && <Problem code={files.code} />}
          {isWhole && files.rows.length > 1 && <ChooseFiles files={files.rows} plan={plan} />}
        </>
      )}
    </SheetFrame>
  )
}

/** What would be downloaded, where to, and whether it fits there. */
interface Plan {
  readonly places: Places | null
  readonly refresh: () => Promise<void>
  /** Undefined: none is known, and the default one is taken. */
  readonly place: PlaceChoice | undefined
  readonly setFolder: (folder: number | null) => void
  /** Indexes of files that are not chosen. */
  readonly left: ReadonlySet<number>
  readonly setLeft: (left: ReadonlySet<number>) => void
  readonly chosen: readonly FileRow[]
  readonly bytes: number
  /** What lacks there. */
  readonly missingBytes: number
  /** How many files and folders are chosen, when they are so many that they are asked about; else 0. */
  readonly many: number
  readonly takesMany: boolean
  readonly setTakesMany: (takes: boolean) => void
  readonly mayGet: boolean
}

function usePlan(preview: Preview | null, files: readonly FileRow[]): Plan {
  const { places, refresh } = usePlaces()
  const [folder, setFolder] = useState<number | null>()
  const [left, setLeft] = useState<ReadonlySet<number>>(new Set())
  const [takesMany, setTakesMany] = useState(false)
  const place = places == null ? undefined : chosenPlace(places, folder)
  const to = place?.id ?? null
  const chosen = files.filter(file => !left.has(file.index))
  const bytes = left.size === 0 ? (preview?.bytes ?? 0) : chosen.reduce((sum, file) => sum + file.bytes, 0)
  const isDefault = to == null || to === places?.storage?.downloads.folder
  const hereBytes = isDefault ? (preview?.hereBytes ?? 0) : 0
  const missingBytes = place?.roomBytes == null ? 0 : Math.max(0, bytes - hereBytes - place.roomBytes)
  const count = left.size === 0 ? (preview?.entries ?? 0) : chosen.length
  const many = count > MANY_FILES ? count : 0
  const isFine = missingBytes === 0 && (many === 0 || takesMany)
  const mayGet = preview != null && (left.size === 0 || chosen.length > 0) && isFine
  const folders = { places, refresh, place, setFolder }
  return { ...folders, left, setLeft, chosen, bytes, missingBytes, many, takesMany, setTakesMany, mayGet }
}

/** The id of the transfer. */
async function start(client: Client, link: string, { place, left, chosen, many, takesMany }: Plan): Promise<string> {
  const to = place?.id ?? null
  const grant = to == null ? null : (await client.grant.inside({ folder: to, path: [], use: 'write' })).grant
  const selection = left.size === 0 ? null : chosen.map(file => file.index)
  const manyFiles = many > 0 && takesMany
  const { id } = await client.transfer.start({ link, folder: grant, selection, addrs: [], giveUpAfterMs: null, manyFiles }) // prettier-ignore
  return id
}

function Summary({ preview }: { preview: Preview }) {
  const { t, formats } = useUi()
  const parts = [
    preview.bytes != null && formats.bytes(preview.bytes),
    preview.files != null && t('files', { count: preview.files, n: formats.count(preview.files) }),
    preview.held && t('preview.held')
  ]
  return <p className="summary">{parts.filter(Boolean).join(' · ')}</p>
}

/** Whom a look at the link tells of this device. */
function Asked({ preview: { asked, askedLater } }: { preview: Preview }) {
  const { t, formats } = useUi()
  const [first, ...others] = asked
  const parts = [
    first != null && t('preview.asked', { first, count: others.length, n: formats.count(others.length) }),
    askedLater > 0 && t('preview.asked.later', { count: askedLater, n: formats.count(askedLater) })
  ]
  if (!parts.some(Boolean)) return null
  return <p className="hint">{parts.filter(Boolean).join(' ')}</p>
}

function Destination({ plan: { places, place, setFolder, refresh, missingBytes } }: { plan: Plan }) {
  const { t, formats } = useUi()
  return (
    <>
      {places != null && place != null && (
        <PlaceField label={t('save.to')} places={places} value={place} onChange={setFolder} onPicked={refresh} />
      )}
      {missingBytes > 0 && <p className="warning">{t('too-big', { bytes: formats.bytes(missingBytes) })}</p>}
    </>
  )
}

/** Of so many files that it takes long and much memory: said, and only got when it was said back. */
function AskMany({ plan: { many, takesMany, setTakesMany } }: { plan: Plan }) {
  const { t, formats } = useUi()
  return (
    <div className="note" role="status">
      <strong>{t('many', { n: formats.count(many) })}</strong>
      <p>{t('many.text')}</p>
      <Tick isSelected={takesMany} onChange={setTakesMany}>
        <span>{t('many.yes')}</span>
      </Tick>
    </div>
  )
}

function ChooseFiles({ files, plan }: { files: readonly FileRow[]; plan: Plan }) {
  const { t, formats } = useUi()
  const { left, setLeft, chosen, bytes } = plan
  return (
    <section className="choose">
      <Tick
        isSelected={left.size === 0}
        isIndeterminate={left.size > 0 && left.size < files.length}
        onChange={all => setLeft(all ? new Set() : new Set(files.map(file => file.index)))}
      >
        <span>
          {left.size === 0
            ? t('choose.all')
            : t('choose.some', { n: formats.count(chosen.length), bytes: formats.bytes(bytes) })}
        </span>
      </Tick>
      <FileTree files={files} left={left} onChange={setLeft} />
    </section>
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
function NoPreview({
  failure,
  onPasteOther,
  onClose
}: {
  failure: Failure
  onPasteOther: () => void
  onClose: () => void
}) {
  const { t } = useUi()
  const footer = (
    <Action kind="primary" onPress={onPasteOther} autoFocus>
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
