// Something that was going on has failed while nobody looked: what happened, what is safe, what next.
import { Action } from '../parts/controls.tsx'
import { SheetFrame } from '../parts/sheet-frame.tsx'
import { Problem } from '../parts/states.tsx'
import { type Sheet, useUi } from '../ui.ts'

export function ProblemSheet({ sheet, onClose }: { sheet: Sheet & { type: 'problem' }; onClose: () => void }) {
  const { say } = useUi()
  const footer = (
    <Action kind="primary" onPress={onClose} autoFocus>
      {say('close')}
    </Action>
  )
  return (
    <SheetFrame title={sheet.title} onClose={onClose} footer={footer}>
      <Problem code={sheet.code} />
      {sheet.detail !== '' && <p className="detail">{sheet.detail}</p>}
    </SheetFrame>
  )
}
