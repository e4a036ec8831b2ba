// Fields of forms.
import { Check, ChevronDown } from 'lucide-react'
import { type ReactNode, useId } from 'react'
import { Checkbox, Input, Label, Switch, Text, TextField } from 'react-aria-components'

export function Toggle({
  children,
  isSelected,
  onChange
}: {
  children: ReactNode
  isSelected: boolean
  onChange: (on: boolean) => void
}) {
  return (
    <Switch className="toggle" isSelected={isSelected} onChange={onChange}>
      <span className="toggle-label">{children}</span>
      <span className="toggle-track" aria-hidden="true">
        <span className="toggle-thumb" />
      </span>
    </Switch>
  )
}

const markRowMain = (input: HTMLInputElement | null): void => input?.setAttribute('data-row-main', '')

export function Tick({
  label,
  children,
  isSelected,
  isIndeterminate = false,
  isRowMain = false,
  onChange
}: {
  label?: string
  children?: ReactNode
  isSelected: boolean
  isIndeterminate?: boolean
  /** What the arrow keys of a list go to. */
  isRowMain?: boolean
  onChange: (on: boolean) => void
}) {
  return (
    <Checkbox
      className="tick"
      {...(label != null && { 'aria-label': label })}
      isSelected={isSelected}
      isIndeterminate={isIndeterminate}
      onChange={onChange}
      {...(isRowMain && { inputRef: markRowMain })}
    >
      <span className="tick-box" aria-hidden="true">
        {isIndeterminate ? <span className="tick-dash" /> : isSelected && <Check size={14} strokeWidth={3} />}
      </span>
      {children}
    </Checkbox>
  )
}

/** The system's own list: it opens at once, and phones and screen readers know it. */
export function Choose<Id extends string>({
  label,
  value,
  options,
  onChange,
  hint,
  isDisabled = false
}: {
  label: string
  value: Id
  options: readonly { readonly id: Id; readonly name: string }[]
  onChange: (id: Id) => void
  hint?: string
  isDisabled?: boolean
}) {
  const id = useId()
  return (
    <div className="field">
      <label className="label" htmlFor={id}>
        {label}
      </label>
      <span className="select">
        <select
          id={id}
          value={value}
          disabled={isDisabled}
          onChange={({ target }) => {
            const found = options.find(option => option.id === target.value)
            if (found != null) onChange(found.id)
          }}
          {...(hint != null && { 'aria-describedby': `${id}-hint` })}
        >
          {options.map(option => (
            <option key={option.id} value={option.id}>
              {option.name}
            </option>
          ))}
        </select>
        <ChevronDown size={16} aria-hidden />
      </span>
      {hint != null && (
        <span className="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  )
}

export function TextBox({
  label,
  value,
  onChange,
  onBlur,
  hint,
  placeholder,
  maxLength,
  isLabelHidden = false,
  isFocused = false,
  onPasted,
  inputMode
}: {
  label: string
  value: string
  onChange: (text: string) => void
  onBlur?: () => void
  hint?: string
  placeholder?: string
  maxLength?: number
  isLabelHidden?: boolean
  /** From the start. */
  isFocused?: boolean
  /** Answers whether it took the text; what it took does not come into the field. */
  onPasted?: (text: string) => boolean
  inputMode?: 'decimal'
}) {
  return (
    <TextField
      className="field"
      value={value}
      onChange={onChange}
      {...(onBlur && { onBlur })}
      {...(maxLength != null && { maxLength })}
      autoFocus={isFocused}
      {...(isLabelHidden && { 'aria-label': label })}
    >
      {!isLabelHidden && <Label className="label">{label}</Label>}
      <Input
        className="input"
        {...(placeholder != null && { placeholder })}
        {...(inputMode && { inputMode })}
        onPaste={event => {
          if (onPasted?.(event.clipboardData.getData('text/plain')) === true) event.preventDefault()
        }}
        onKeyDown={event => {
          if (event.key === 'Enter' && onBlur != null) event.currentTarget.blur()
        }}
      />
      {hint != null && (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
    </TextField>
  )
}
