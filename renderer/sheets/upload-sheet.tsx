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

export function UploadSheet({ dropped, onClose }: { dropped: Dropped; onClose: () => void }) {
  const { ui, t, formats } = useUi()
  const { places, refresh } = usePlaces()
  const [folder, setFolder] = useState<number | null>(null)
  const [files, setFiles] = useState<readonly DroppedFile[] | null>(null)
  const [sent, setSent] = useState<{ bytes: number; total: number } | null>(null)
  const [code, setCode] = useState<Code | null>(null)
  const [hasStarted, setStarted] = useState(false)
  const running = useRef<AbortController | null>(null)
  const place = places == null ? undefined : chosenPlace(places, folder)
  const to = place?.id ?? null
  useEffect(() => {
    dropped.files().then(setFiles, () => setCode('unreadable'))
  }, [dropped])
  useEffect(() => () => running.current?.abort(), [])
  useEffect(() => {
    ui.isSheetBusy = sent != null
    return () => {
      ui.isSheetBusy = false
    }
  }, [ui, sent])
  const total = files?.reduce((sum, { file }) => sum + file.size, 0) ?? 0
  const missing = place?.roomBytes == null ? 0 : Math.max(0, total - place.roomBytes)
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
  const footer = (
    <>
      <Action onPress={onClose}>{t(sent == null ? 'close' : 'cancel')}</Action>
      <Action
        kind="primary"
        icon={Upload}
        onPress={() => void start()}
        isDisabled={to == null || files == null || files.length === 0 || sent != null || missing > 0}
        autoFocus
      >
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
      {missing > 0 && <p className="warning">{t('too-big', { bytes: formats.bytes(missing) })}</p>}
      <p className="hint">{t('upload.hint')}</p>
      {sent != null && (
        <div>
          <Bar part={sent.total === 0 ? 1 : sent.bytes / sent.total} tone="active" />
          <p className="hint">{formats.bytesOf(sent.bytes, sent.total, t('of'))}</p>
        </div>
      )}
      {(code === 'internal' || code === 'lost') && hasStarted ? (
        <Trouble what={t('upload.stopped')} text={t('upload.stopped.next')} />
      ) : (
        code != null && <Problem code={code} />
      )}
    </SheetFrame>
  )
}
