// A rate for one share or one transfer, for as long as it runs. What holds is the engine's to say.
import { useEffect, useState } from 'react'
import { useUi } from '../ui.ts'
import { DraftField } from './draft-field.tsx'

const MEGA = 1_000_000

/** @param ask with null it only answers what holds; bytes per second, 0 = none */
export function LimitField({
  label,
  hint,
  ask
}: {
  label: string
  hint: string
  ask: (bytesPerSecond: number | null) => Promise<number>
}) {
  const { ui } = useUi()
  const [limit, setLimit] = useState<number | null>(null)
  useEffect(() => {
    ask(null).then(setLimit, () => {}) // it has just gone; so will this
  }, []) // once: `ask` is another function every time and asks the same
  return (
    <DraftField
      label={label}
      hint={hint}
      value={limit ?? 0}
      unit={MEGA}
      onDone={amount => void ui.try(async () => setLimit(await ask(amount ?? 0)))}
    />
  )
}
