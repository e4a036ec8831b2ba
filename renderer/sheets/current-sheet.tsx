// The one sheet that may be open.
import { useStore } from '../use-store.ts'
import { useUi } from '../ui.ts'
import { ConfirmSheet } from './confirm-sheet.tsx'
import { FoldersSheet } from './folders-sheet.tsx'
import { LinkSheet } from './link-sheet.tsx'
import { PreviewSheet } from './preview-sheet.tsx'
import { ProblemSheet } from './problem-sheet.tsx'
import { UploadSheet } from './upload-sheet.tsx'

export function CurrentSheet() {
  const { ui } = useUi()
  const sheet = useStore(ui.sheet)
  const close = (): void => ui.sheet.set(null)
  switch (sheet?.type) {
    case undefined:
      return null
    case 'preview':
      return <PreviewSheet key={sheet.link} link={sheet.link} onClose={close} />
    case 'link':
      return <LinkSheet key={sheet.root} of={sheet} onClose={close} />
    case 'folders':
      return <FoldersSheet onClose={close} />
    case 'upload':
      return <UploadSheet key={sheet.id} dropped={sheet.dropped} onClose={close} />
    case 'confirm':
      return <ConfirmSheet sheet={sheet} onClose={close} />
    case 'problem':
      return <ProblemSheet sheet={sheet} onClose={close} />
    default:
      return sheet satisfies never
  }
}
