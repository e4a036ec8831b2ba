// The few controls everything is made of, accessible by React Aria, dressed by controls.css.
import type { LucideIcon } from 'lucide-react'
import { type ReactNode, useRef, useState } from 'react'
import { Button, Menu, MenuItem, Popover } from 'react-aria-components'

export function Action({
  children,
  icon: Icon,
  kind = 'plain',
  onPress,
  isDisabled = false,
  autoFocus = false
}: {
  children: ReactNode
  icon?: LucideIcon
  kind?: 'plain' | 'primary' | 'danger' | 'quiet'
  onPress: () => void
  isDisabled?: boolean
  autoFocus?: boolean
}) {
  return (
    <Button className={`action ${kind}`} onPress={onPress} isDisabled={isDisabled} autoFocus={autoFocus}>
      {Icon && <Icon size={16} aria-hidden />}
      <span>{children}</span>
    </Button>
  )
}

/** A plain button: a screen of rows has a hundred of them, and all come and go while it scrolls. */
export function IconAction({ icon: Icon, label, onPress }: { icon: LucideIcon; label: string; onPress: () => void }) {
  return (
    <button type="button" className="icon-action" aria-label={label} title={label} onClick={onPress}>
      <Icon size={18} aria-hidden />
    </button>
  )
}

export interface Choice {
  readonly id: string
  readonly label: string
  readonly icon: LucideIcon
  readonly run: () => void
  readonly isDanger?: boolean
  /** Also a button in the row, seen on hover and focus. */
  readonly inRow?: boolean
  /** No button in the details: what it does is seen in the list. */
  readonly inMenuOnly?: boolean
}

const OPENS_MENU = ['Enter', ' ', 'ArrowDown']

/** The menu itself is made when it is opened, for the same reason. */
export function RowMenu({ label, choices }: { label: string; choices: readonly Choice[] }) {
  const trigger = useRef<HTMLButtonElement>(null)
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button
        type="button"
        className="icon-action dots"
        ref={trigger}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(true)}
        onKeyDown={event => {
          if (!OPENS_MENU.includes(event.key)) return
          event.preventDefault() // a click by key is taken for one of a screen reader, and the first item would not have the focus
          setOpen(true)
        }}
      />
      {isOpen && (
        <Popover
          className="popover"
          placement="bottom end"
          aria-label={label}
          triggerRef={trigger}
          isOpen
          onOpenChange={setOpen}
        >
          {/* another one when there is something else to choose from: the focus is on its first then, not on what is gone */}
          <Menu
            key={choices.map(({ id }) => id).join()}
            className="menu"
            aria-label={label}
            autoFocus="first"
            onClose={() => setOpen(false)}
            onAction={key => choices.find(choice => choice.id === key)?.run()}
          >
            {choices.map(({ id, label: text, icon: Icon, isDanger }) => (
              <MenuItem key={id} id={id} className={isDanger ? 'menu-item danger' : 'menu-item'} textValue={text}>
                <Icon size={16} aria-hidden />
                <span>{text}</span>
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      )}
    </>
  )
}
