// Something that was going on has failed while nobody looked: what happened, what is safe, what next.
import { Action } from '../parts/controls.tsx'
import { SheetFrame } from '../parts/sheet-frame.tsx'
import { Problem } from '../parts/states.tsx'
import { type Sheet, useUi } from '../ui.ts'

export function ProblemSheet({ sheet, onClose }: { sheet: Sheet & { type: 'problem' }; onClose: () => void }) {
  const { ui, t } = useUi()
  const { withoutUnreadable: job } = sheet
  const shareRest = async (): Promise<void> => {
    if (job == null) return
    onClose()
    await ui.try(async () => ui.session.client.share.withoutUnreadable({ job }))
  }
  const footer = (
    <>
      <Action kind={job == null ? 'primary' : 'plain'} onPress={onClose} autoFocus={job == null}>
        {t('close')}
      </Action>
      {job != null && (
        <Action kind="primary" onPress={() => void shareRest()} autoFocus>
          {t('share.rest')}
        </Action>
      )}
    </>
  )
  return (
    <SheetFrame title={sheet.title} onClose={onClose} footer={footer}>
      <Problem code={sheet.code} />
      {sheet.detail !== '' && <p className="detail">{sheet.detail}</p>}
    </SheetFrame>
  )
}
