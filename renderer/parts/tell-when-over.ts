// A transfer that ends while something else is looked at: said in passing, with the way to it.
import { useEffect } from 'react'
import type { Transfer } from '../../app/contract/shapes.ts'
import { type Context, useUi } from '../ui.ts'
import { isRunning, nameOf, showTransfer } from './transfer-row.tsx'

export function useTellWhenOver(): void {
  const context = useUi()
  useEffect(() => {
    const { transfers } = context.ui.model
    const runningNow = (): string[] => [...transfers.get().rows.values()].filter(isRunning).map(row => row.id)
    let running = runningNow()
    return transfers.subscribe(() => {
      for (const id of running) {
        const row = transfers.get().rows.get(id)
        if (row?.state === 'done' || row?.state === 'failed') tell(row, context)
      }
      running = runningNow()
    })
  }, [context])
}

/** Its open drawer says it already. */
function tell(row: Transfer, { ui, say }: Context): void {
  const { id } = row
  const drawer = ui.drawer.get()
  const isSeen = drawer?.type === 'transfer' && drawer.id === id
  const name = nameOf(row)
  const look = (): void => {
    ui.go('transfers')
    ui.drawer.set({ type: 'transfer', id })
  }
  if (row.state === 'failed') {
    if (isSeen) return
    const code = row.error?.code ?? 'internal'
    ui.say(`${say('transfer.over.failed', { name })} ${say(`error.${code}.what`)}`, {
      code,
      action: { label: say('details.show'), run: look }
    })
  } else if (ui.platform.desktop != null) {
    ui.say(say('transfer.over.done', { name }), {
      action: { label: say('show.folder'), run: () => void showTransfer(ui, id) }
    })
  } else if (!isSeen) {
    ui.say(say('transfer.over.done', { name }), { action: { label: say('details.show'), run: look } })
  }
}
