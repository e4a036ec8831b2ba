// What is said in passing, at the bottom; with Undo where something was removed.
import { X } from 'lucide-react'
import type { Toast } from '../passing.ts'
import { isOwnDiskFull } from '../model.ts'
import { sentenceOf } from '../sentences.ts'
import { useChosen, useStore } from '../watch.ts'
import { useUi } from '../ui.ts'
import { Action, IconAction } from './controls.tsx'

/** More than these are there when several removals can be undone: they come up as the others go. */
const SHOWN = 3

export function Toasts() {
  const { ui } = useUi()
  const { passing } = ui
  const toasts = useStore(passing.toasts)
  return (
    // React Aria leaves a top layer reachable while a sheet is open: what a sheet could not do is said here too
    <div
      className="toasts"
      role="status"
      aria-live="polite"
      data-react-aria-top-layer="true"
      onPointerEnter={() => passing.hold(true)}
      onPointerLeave={() => passing.hold(false)}
      onFocus={() => passing.hold(true)}
      onBlur={() => passing.hold(false)}
    >
      {toasts.slice(-SHOWN).map(toast => (
        <ToastCard key={toast.id} toast={toast} />
      ))}
    </div>
  )
}

function ToastCard({ toast: { id, text, code, undo, action } }: { toast: Toast }) {
  const { ui, say } = useUi()
  const isFull = useChosen(ui.model.status, isOwnDiskFull)
  const sentence = code == null ? undefined : sentenceOf(code, 'anything', isFull)
  return (
    <div className="toast" data-tone={code == null ? undefined : 'failed'}>
      <span>
        {sentence == null || text !== '' ? text : `${say(sentence.what)} ${say(sentence.safe)} ${say(sentence.next)}`}
      </span>
      {action && (
        <Action
          kind="quiet"
          onPress={() => {
            void ui.passing.close(id)
            action.run()
          }}
        >
          {action.label}
        </Action>
      )}
      {undo && (
        <Action kind="quiet" onPress={undo}>
          {say('undo')}
        </Action>
      )}
      <IconAction icon={X} label={say('close')} onPress={() => void ui.passing.close(id)} />
    </div>
  )
}
