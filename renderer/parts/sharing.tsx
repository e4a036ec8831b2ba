// The ways in for files: the system's own dialog in the desktop's window; in a browser its dialog, and the folders of the computer Shoal runs on.
import { FilePlus, FolderOpen, FolderPlus, Upload } from 'lucide-react'
import { useRef } from 'react'
import { pickAndShare } from '../follow-desktop.ts'
import type { Desktop } from '../platform.ts'
import { receivePicked } from '../incoming.ts'
import { useUi } from '../ui.ts'
import { Action } from './controls.tsx'

export function ShareActions({ isPrimary = false }: { isPrimary?: boolean }) {
  const { desktop } = useUi().ui.platform
  return desktop == null ? (
    <FromBrowser isPrimary={isPrimary} />
  ) : (
    <FromDesktop isPrimary={isPrimary} desktop={desktop} />
  )
}

function FromDesktop({ isPrimary, desktop }: { isPrimary: boolean; desktop: Desktop }) {
  const { ui, t } = useUi()
  const pick = (what: 'files' | 'folder') => () => void ui.try(async () => pickAndShare(ui, desktop, what))
  return (
    <>
      <Action icon={FilePlus} kind={isPrimary ? 'primary' : 'plain'} onPress={pick('files')}>
        {t('share.files')}
      </Action>
      <Action icon={FolderPlus} onPress={pick('folder')}>
        {t('share.folder')}
      </Action>
    </>
  )
}

function FromBrowser({ isPrimary }: { isPrimary: boolean }) {
  const { ui, t } = useUi()
  const picker = useRef<HTMLInputElement>(null)
  return (
    <>
      <Action
        icon={FolderOpen}
        kind={isPrimary ? 'primary' : 'plain'}
        onPress={() => ui.sheet.set({ type: 'folders' })}
      >
        {t('share.choose')}
      </Action>
      <Action icon={Upload} onPress={() => picker.current?.click()}>
        {t('share.upload')}
      </Action>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label={t('share.upload')}
        onChange={event => {
          receivePicked(ui, event.currentTarget.files)
          event.currentTarget.value = ''
        }}
      />
    </>
  )
}
