// A transfer that ends while something else is looked at: said in passing, with the way to it.
import { useEffect, useRef } from 'react'
import type { Transfer } from '../../app/contract/shapes.ts'
import { useStore } from '../store.ts'
import { type Context, useUi } from '../ui.ts'
import { isRunning, nameOf, showTransfer } from './transfer-row.tsx'

export function useTellWhenOver(): void {
  const context = useUi()
  const { rows } = useStore(context.ui.model.transfers)
  const running = useRef<ReadonlySet<string>>(new Set())
  useEffect(() => {
    for (const id of running.current) {
      const row = rows.get(id)
      if (row?.state === 'done' || row?.state === 'failed') tell(row, context)
    }
    running.current = new Set([...rows.values()].filter(isRunning).map(row => row.id))
  }, [rows, context])
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
