// The few controls everything is made of, accessible by React Aria, dressed by controls.css.
import type { LucideIcon } from 'lucide-react'
import { EllipsisVertical } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button, Menu, MenuItem, MenuTrigger, Popover, Tooltip, TooltipTrigger } from 'react-aria-components'

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

export function IconAction({ icon: Icon, label, onPress }: { icon: LucideIcon; label: string; onPress: () => void }) {
  return (
    <TooltipTrigger delay={600}>
      <Button className="icon-action" aria-label={label} onPress={onPress}>
        <Icon size={18} aria-hidden />
      </Button>
      <Tooltip className="tooltip">{label}</Tooltip>
    </TooltipTrigger>
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
}

export function RowMenu({ label, choices }: { label: string; choices: readonly Choice[] }) {
  return (
    <MenuTrigger>
      <Button className="icon-action" aria-label={label}>
        <EllipsisVertical size={18} aria-hidden />
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu className="menu" onAction={key => choices.find(choice => choice.id === key)?.run()}>
          {choices.map(({ id, label: text, icon: Icon, isDanger }) => (
            <MenuItem key={id} id={id} className={isDanger ? 'menu-item danger' : 'menu-item'} textValue={text}>
              <Icon size={16} aria-hidden />
              <span>{text}</span>
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  )
}
