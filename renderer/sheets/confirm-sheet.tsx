// Asked once, naming what goes away and what stays.
import { Action } from '../parts/controls.tsx'
import { SheetFrame } from '../parts/sheet-frame.tsx'
import { type Sheet, useUi } from '../ui.ts'

export function ConfirmSheet({ sheet, onClose }: { sheet: Sheet & { type: 'confirm' }; onClose: () => void }) {
  const { t } = useUi()
  const run = (): void => {
    onClose()
    sheet.run()
  }
  const footer = (
    <>
      <Action onPress={onClose} autoFocus>
        {t('back')}
      </Action>
      <Action kind="danger" onPress={run}>
        {sheet.action}
      </Action>
    </>
  )
  return (
    <SheetFrame title={sheet.title} onClose={onClose} footer={footer}>
      <p>{sheet.text}</p>
    </SheetFrame>
  )
}
