// One quiet line about a newer version, in the desktop's window only: it is there, it comes, it can be installed.
import { Download, RotateCw } from 'lucide-react'
import type { Desktop } from '../platform.ts'
import { useStore } from '../use-store.ts'
import { useUi } from '../ui.ts'
import { Action } from './controls.tsx'

export function UpdateLine({ desktop }: { desktop: Desktop }) {
  const { ui, t } = useUi()
  const update = useStore(desktop.state)?.update
  if (update == null) return null
  const { version, state } = update
  return (
    <div className="update-line" role="status">
      <span>{t(`update.${state}`, { version })}</span>
      {state === 'available' && (
        <Action icon={Download} onPress={() => void ui.try(async () => desktop.client.fetchUpdate({}))}>
          {t('update.fetch')}
        </Action>
      )}
      {state === 'ready' && (
        <Action icon={RotateCw} onPress={() => void ui.try(async () => desktop.client.installUpdate({}))}>
          {t('update.install')}
        </Action>
      )}
    </div>
  )
}
