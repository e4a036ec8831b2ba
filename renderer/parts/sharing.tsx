// The ways in for files: a large area to drop on, a dialog of the browser, the folders of the computer Shoal runs on.
import { FolderOpen, Upload } from 'lucide-react'
import { useRef } from 'react'
import { takePicked } from '../take.ts'
import { useUi } from '../ui.ts'
import { Action } from './controls.tsx'

export function ShareActions({ isPrimary = false }: { isPrimary?: boolean }) {
  const { ui, say } = useUi()
  const picker = useRef<HTMLInputElement>(null)
  return (
    <>
      <Action
        icon={FolderOpen}
        kind={isPrimary ? 'primary' : 'plain'}
        onPress={() => ui.sheet.set({ type: 'folders' })}
      >
        {say('share.choose')}
      </Action>
      <Action icon={Upload} onPress={() => picker.current?.click()}>
        {say('share.upload')}
      </Action>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label={say('share.upload')}
        onChange={event => {
          takePicked(ui, event.currentTarget.files)
          event.currentTarget.value = ''
        }}
      />
    </>
  )
}
