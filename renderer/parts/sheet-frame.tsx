// The one sheet: a dialog over everything, closed by Escape, by its button, or by a click beside it.
import { X } from 'lucide-react'
import { type ReactNode, useRef } from 'react'
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components'
import { useUi } from '../ui.ts'
import { IconAction } from './controls.tsx'
import { ScrollContext } from './virtual-list.tsx'

export function SheetFrame({
  title,
  children,
  footer,
  onClose,
  isWide = false,
  isBusy = false
}: {
  title: string
  children: ReactNode
  footer?: ReactNode
  onClose: () => void
  isWide?: boolean
  /** Closed by its buttons only. */
  isBusy?: boolean
}) {
  const { t } = useUi()
  const body = useRef<HTMLDivElement>(null)
  return (
    <ModalOverlay
      className="overlay"
      isOpen
      isDismissable={!isBusy}
      isKeyboardDismissDisabled={isBusy}
      onOpenChange={isOpen => !isOpen && onClose()}
    >
      <Modal className={isWide ? 'sheet wide' : 'sheet'}>
        <Dialog className="sheet-dialog">
          <header className="sheet-head">
            <Heading slot="title">
              <bdi>{title}</bdi>
            </Heading>
            <IconAction icon={X} label={t('close')} onPress={onClose} />
          </header>
          {/* a part that scrolls must be reached by the keyboard */}
          <div className="sheet-body" ref={body} tabIndex={-1}>
            <ScrollContext.Provider value={body}>{children}</ScrollContext.Provider>
          </div>
          {footer != null && <footer className="sheet-foot">{footer}</footer>}
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}
