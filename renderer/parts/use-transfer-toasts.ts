// What happens while something else is looked at: a transfer ends, a share is no longer what it was. Said in passing, with the way to it.
import { useEffect } from 'react'
import type { Share, Transfer } from '../../app/contract/shapes.ts'
import { type Context, useUi } from '../ui.ts'
import { isGoingOn, nameOf, showTransfer } from './transfer-row.tsx'

export function useTransferToasts(): void {
  const context = useUi()
  useEffect(() => {
    const { transfers } = context.ui.model
    const runningNow = (): string[] => [...transfers.get().rows.values()].filter(isGoingOn).map(row => row.id)
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

/** Once for each share, however often it is looked at: its row goes on saying so. */
export function useChangedToasts(): void {
  const context = useUi()
  useEffect(() => {
    const { shares } = context.ui.model
    let ready: ReadonlySet<string> = new Set()
    const look = (): void => {
      const { rows } = shares.get()
      const changed = [...ready].flatMap(root => rows.get(root) ?? []).filter(({ state }) => state === 'changed')
      changed.forEach(row => tellChanged(row, context))
      ready = new Set([...rows.values()].filter(({ state }) => state === 'ready').map(({ root }) => root))
    }
    look()
    return shares.subscribe(look)
  }, [context])
}

function tellChanged({ root, name }: Share, { ui, t }: Context): void {
  const drawer = ui.drawer.get()
  if (drawer?.type === 'share' && drawer.root === root) return // it says so already
  const look = (): void => {
    ui.go('library')
    ui.drawer.set({ type: 'share', root })
  }
  ui.toast(t('share.over.changed', { name }), {
    code: 'source-changed',
    action: { label: t('details.show'), run: look }
  })
}

/** Its open drawer says it already. */
function tell(row: Transfer, { ui, t }: Context): void {
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
    ui.toast(`${t('transfer.over.failed', { name })} ${t(`error.${code}.what`)}`, {
      code,
      action: { label: t('details.show'), run: look }
    })
  } else if (ui.platform.desktop != null) {
    ui.toast(t('transfer.over.done', { name }), {
      action: { label: t('show.folder'), run: () => void showTransfer(ui, id) }
    })
  } else if (!isSeen) {
    ui.toast(t('transfer.over.done', { name }), { action: { label: t('details.show'), run: look } })
  }
}
