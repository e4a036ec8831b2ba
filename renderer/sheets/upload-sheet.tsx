// Files dropped on a page in a browser: copied to a folder of the computer Shoal runs on, then shared from there.
import { Upload } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { Action } from '../parts/controls.tsx'
import { chosenPlace, PlaceField, usePlaces } from '../parts/place-field.tsx'
import { Bar } from '../parts/row.tsx'
import { SheetFrame } from '../parts/sheet-frame.tsx'
import { Loading, Problem, Trouble } from '../parts/states.tsx'
import type { Dropped, DroppedFile } from '../platform.ts'
import type { Code } from '../sentences.ts'
import { useUi } from '../ui.ts'

interface Sent {
  readonly bytes: number
  readonly total: number
}

export function UploadSheet({ dropped, onClose }: { dropped: Dropped; onClose: () => void }) {
  const { t, formats } = useUi()
  const { places, refresh } = usePlaces()
  const [folder, setFolder] = useState<number | null>(null)
  const { files, isUnreadable } = useDroppedFiles(dropped)
  const place = places == null ? undefined : chosenPlace(places, folder)
  const { sent, code: failed, hasStarted, start } = useUpload(dropped, place?.id ?? null, onClose)
  const code = failed ?? (isUnreadable ? 'unreadable' : null)
  const total = files?.reduce((sum, { file }) => sum + file.size, 0) ?? 0
  const missingBytes = place?.roomBytes == null ? 0 : Math.max(0, total - place.roomBytes)
  const mayStart = place?.id != null && files != null && files.length > 0 && sent == null && missingBytes === 0
  const footer = (
    <>
      <Action onPress={onClose}>{t(sent == null ? 'close' : 'cancel')}</Action>
      <Action kind="primary" icon={Upload} onPress={() => void start()} isDisabled={!mayStart} autoFocus>
        {t(code != null && hasStarted ? 'again' : 'upload.go')}
      </Action>
    </>
  )
  const [first = ''] = dropped.names
  const title = dropped.names.length > 1 ? t('upload.title', { count: dropped.names.length }) : first
  return (
    <SheetFrame title={title} onClose={onClose} footer={footer} isBusy={sent != null}>
      {files == null && code == null && <Loading />}
      {files != null && (
        <p className="summary">
          {formats.bytes(total)} · {t('files', { count: files.length, n: formats.count(files.length) })}
        </p>
      )}
      {places != null && place != null && (
        <PlaceField
          label={t('save.to')}
          places={places}
          value={place}
          onChange={setFolder}
          onPicked={refresh}
          isDisabled={sent != null}
        />
      )}
      {places != null && place == null && <Trouble what={t('folder.none')} text={t('folder.none.upload')} />}
      {missingBytes > 0 && <p className="warning">{t('too-big', { bytes: formats.bytes(missingBytes) })}</p>}
      <p className="hint">{t('upload.hint')}</p>
      {sent != null && <Progress sent={sent} />}
      {code != null && <Failed code={code} hasStarted={hasStarted} />}
    </SheetFrame>
  )
}

function useDroppedFiles(dropped: Dropped): { files: readonly DroppedFile[] | null; isUnreadable: boolean } {
  const [files, setFiles] = useState<readonly DroppedFile[] | null>(null)
  const [isUnreadable, setUnreadable] = useState(false)
  useEffect(() => {
    dropped.files().then(setFiles, () => setUnreadable(true))
  }, [dropped])
  return { files, isUnreadable }
}

/** Nothing may take the place of the sheet while it sends, and closing it stops that. @param to the id of a folder */
function useUpload(dropped: Dropped, to: number | null, onClose: () => void) {
  const { ui } = useUi()
  const [sent, setSent] = useState<Sent | null>(null)
  const [code, setCode] = useState<Code | null>(null)
  const [hasStarted, setStarted] = useState(false)
  const running = useRef<AbortController | null>(null)
  useEffect(() => () => running.current?.abort(), [])
  useEffect(() => {
    ui.isSheetBusy = sent != null
    return () => {
      ui.isSheetBusy = false
    }
  }, [ui, sent])
  const start = async (): Promise<void> => {
    if (to == null) return
    running.current = new AbortController()
    setCode(null)
    setStarted(true)
    try {
      const grants = await ui.platform.grantsFor(dropped, { folder: to, path: [] }, setSent, running.current.signal)
      await ui.share(grants)
      onClose()
      ui.go('library')
    } catch (error) {
      setSent(null)
      if (!running.current.signal.aborted) setCode(ui.failureOf(error).code)
    }
  }
  return { sent, code, hasStarted, start }
}

function Progress({ sent }: { sent: Sent }) {
  const { t, formats } = useUi()
  return (
    <div>
      <Bar part={sent.total === 0 ? 1 : sent.bytes / sent.total} tone="active" />
      <p className="hint">{formats.bytesOf(sent.bytes, sent.total, t('of'))}</p>
    </div>
  )
}

function Failed({ code, hasStarted }: { code: Code; hasStarted: boolean }) {
  const { t } = useUi()
  const isStopped = hasStarted && (code === 'internal' || code === 'lost')
  return isStopped ? <Trouble what={t('upload.stopped')} text={t('upload.stopped.next')} /> : <Problem code={code} />
}
