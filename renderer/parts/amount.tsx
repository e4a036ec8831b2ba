// Fields whose text is the user's until they leave them.
import { useState } from 'react'
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

/** A number in its unit; empty or 0: none. What is no number is forgotten. */
export function Amount({
  value,
  unit,
  onDone,
  ...rest
}: {
  label: string
  hint?: string
  value: number
  unit: number
  onDone: (amount: number | null) => void
}) {
  return (
    <Draft
      {...rest}
      inputMode="decimal"
      value={value === 0 ? '' : String(value / unit)}
      onDone={text => {
        const n = Number(text.replace(',', '.'))
        const amount = Math.round(n * unit)
        if (Number.isFinite(n) && n >= 0 && amount <= Number.MAX_SAFE_INTEGER) onDone(amount === 0 ? null : amount)
      }}
    />
  )
}
