// What is said in passing, at the bottom; with Undo where something was removed.
import { X } from 'lucide-react'
import type { Toast } from '../toast-queue.ts'
import { isOwnDiskFull } from '../model.ts'
import { sentenceOf } from '../sentences.ts'
import { useChosen, useStore } from '../use-store.ts'
import { useUi } from '../ui.ts'
import { Action, IconAction } from './controls.tsx'

/** More than these are there when several removals can be undone: they come up as the others go. */
const SHOWN = 3

export function Toasts() {
  const { ui } = useUi()
  const { toasts } = ui
  const shown = useStore(toasts.toasts)
  return (
    // React Aria leaves a top layer reachable while a sheet is open: what a sheet could not do is said here too
    <div
      className="toasts"
      role="status"
      aria-live="polite"
      data-react-aria-top-layer="true"
      onPointerEnter={() => toasts.hold(true)}
      onPointerLeave={() => toasts.hold(false)}
      onFocus={() => toasts.hold(true)}
      onBlur={() => toasts.hold(false)}
    >
      {shown.slice(-SHOWN).map(toast => (
        <ToastCard key={toast.id} toast={toast} />
      ))}
    </div>
  )
}

function ToastCard({ toast: { id, text, code, undo, action } }: { toast: Toast }) {
  const { ui, t } = useUi()
  const isFull = useChosen(ui.model.status, isOwnDiskFull)
  const sentence = code == null ? undefined : sentenceOf(code, 'anything', isFull)
  return (
    <div className="toast" data-tone={code == null ? undefined : 'failed'}>
      <span>
        {sentence == null || text !== '' ? text : `${t(sentence.what)} ${t(sentence.safe)} ${t(sentence.next)}`}
      </span>
      {action && (
        <Action
          kind="quiet"
          onPress={() => {
            void ui.toasts.close(id)
            action.run()
          }}
        >
          {action.label}
        </Action>
      )}
      {undo && (
        <Action kind="quiet" onPress={undo}>
          {t('undo')}
        </Action>
      )}
      <IconAction icon={X} label={t('close')} onPress={() => void ui.toasts.close(id)} />
    </div>
  )
}
