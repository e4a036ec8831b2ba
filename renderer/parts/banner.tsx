// What is wrong with everything at once: the page has lost Shoal, Shoal itself ended, or has no room for its own notes. Over every screen, until it is over.
import { useState } from 'react'
import { isOwnDiskFull } from '../model.ts'
import { Store } from '../store.ts'
import { useStore } from '../use-store.ts'
import { useUi } from '../ui.ts'
import { Action } from './controls.tsx'
import { useLasting } from './use-lasting.ts'

/** Shoal is away for a moment when it begins to reach further: that is no news. */
const MOMENT_MS = 1_500
/** In a browser there is no window to ask. */
const NO_WINDOW = new Store(null)

export function Banner() {
  const { ui, t } = useUi()
  const link = useStore(ui.session.state)
  const { desktop } = ui.platform
  const status = useStore(ui.model.status)
  const window = useStore(desktop?.state ?? NO_WINDOW)
  const [isStarting, setStarting] = useState(false)
  const isLost = useLasting(link === 'lost', MOMENT_MS)
  if (desktop != null && window?.isEngineRunning === false) {
    const start = async (): Promise<void> => {
      setStarting(true)
      await ui.try(async () => desktop.client.restart({}))
      setStarting(false)
    }
    return (
      <div className="lost" role="alert">
        <p>
          <strong>{t('stopped.what')}</strong> {t('stopped.safe')}
        </p>
        <Action kind="primary" onPress={() => void start()} isDisabled={isStarting}>
          {t(isStarting ? 'stopped.starting' : 'stopped.start')}
        </Action>
      </div>
    )
  }
  if (isLost) return <Notice what={t('lost.what')} next={t(desktop == null ? 'lost.next' : 'lost.wait')} />
  if (isOwnDiskFull(status)) return <Notice what={t('own-disk.full')} next={t('own-disk.next')} />
  return null
}

function Notice({ what, next }: { what: string; next: string }) {
  return (
    <div className="lost" role="status">
      <p>
        <strong>{what}</strong> {next}
      </p>
    </div>
  )
}
