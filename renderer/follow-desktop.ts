// What the desktop's window asks of its page, and what it is told of how the page looks.
import type { WindowAsk } from '../app/contract/window-contract.ts'
import type { Desktop } from './platform.ts'
import { look } from './preferences.ts'
import { receiveText } from './incoming.ts'
import type { Ui } from './ui.ts'

export function followDesktop(ui: Ui, desktop: Desktop): void {
  desktop.followAsks(ask => show(ui, desktop, ask))
  const tell = (): void => {
    const send = async (): Promise<unknown> => desktop.client.look(look.get())
    if (desktop.state.get() != null) send().catch(() => {}) // it does not answer, and is told again when it is back
  }
  look.subscribe(tell)
  desktop.state.subscribe(tell)
}

function show(ui: Ui, desktop: Desktop, ask: WindowAsk): void {
  switch (ask.type) {
    case 'link':
      return receiveText(ui, ask.link)
    case 'place':
      return ui.go(ask.place)
    case 'transfer':
      ui.go('transfers')
      return ui.drawer.set({ type: 'transfer', id: ask.id })
    case 'pick':
      return void ui.try(async () => pickAndShare(ui, desktop, ask.what))
    case 'leave':
      return void ui.try(async () => {
        await ui.toasts.flush()
        await desktop.client.left({})
      })
    default:
      throw new Error(ask satisfies never)
  }
}

/** Chosen in the system's dialog and shared at once; nothing happens when nothing was chosen. */
export async function pickAndShare(ui: Ui, desktop: Desktop, what: 'files' | 'folder'): Promise<void> {
  const { grants } = await desktop.client.pick({ what })
  if (grants.length > 0) await ui.share(grants)
}
