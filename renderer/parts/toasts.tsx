// What is said in passing, at the bottom; with Undo where something was removed.
import { X } from 'lucide-react'
import { SENTENCES } from '../sentences.ts'
import { useStore } from '../store.ts'
import { useUi } from '../ui.ts'
import { Action, IconAction } from './controls.tsx'

export function Toasts() {
  const { ui, say } = useUi()
  const toasts = useStore(ui.toasts)
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map(({ id, text, code, undo, action }) => (
        <div className="toast" key={id} data-tone={code == null ? undefined : 'failed'}>
          <span>
            {code == null || text !== ''
              ? text
              : `${say(SENTENCES[code].what)} ${say(SENTENCES[code].safe)} ${say(SENTENCES[code].next)}`}
          </span>
          {action && (
            <Action
              kind="quiet"
              onPress={() => {
                action.run()
                ui.dismiss(id)
              }}
            >
              {action.label}
            </Action>
          )}
          {undo && (
            <Action
              kind="quiet"
              onPress={() => {
                undo()
                ui.dismiss(id)
              }}
            >
              {say('undo')}
            </Action>
          )}
          <IconAction icon={X} label={say('close')} onPress={() => ui.dismiss(id)} />
        </div>
      ))}
    </div>
  )
}
