// Fields whose text is the user's until they leave them.
import { useState } from 'react'
import { useUi } from '../ui.ts'
import { TextBox } from './fields.tsx'

export function Draft({
  value,
  onDone,
  ...rest
}: {
  label: string
  hint?: string
  maxLength?: number
  inputMode?: 'decimal'
  value: string
  onDone: (text: string) => void
}) {
  const [draft, setDraft] = useState<string | null>(null)
  return (
    <TextBox
      {...rest}
      value={draft ?? value}
      onChange={setDraft}
      onBlur={() => {
        if (draft != null && draft !== value) onDone(draft)
        setDraft(null)
      }}
    />
  )
}

/** A number in its unit; empty or 0: none. What is no number is forgotten; what is out of bounds becomes the bound. */
export function DraftField({
  value,
  unit,
  bounds = [0, Number.MAX_SAFE_INTEGER],
  onDone,
  ...rest
}: {
  label: string
  hint?: string
  value: number
  unit: number
  bounds?: readonly [least: number, most: number]
  onDone: (amount: number | null) => void
}) {
  const { formats } = useUi()
  const [least, most] = bounds
  return (
    <Draft
      {...rest}
      inputMode="decimal"
      value={value === 0 ? '' : formats.typed(value / unit)}
      onDone={text => {
        const n = Number(text.replace(',', '.'))
        if (!Number.isFinite(n) || n < 0) return
        const amount = Math.min(most, Math.max(n === 0 ? 0 : least, Math.round(n * unit)))
        onDone(amount === 0 ? null : amount)
      }}
    />
  )
}
