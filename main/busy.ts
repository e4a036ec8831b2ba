// What the system notices of transfers, for as long as one engine runs: progress on the taskbar, no sleep in the middle, a word when one has ended.
import { app, type BrowserWindow, Notification, powerSaveBlocker } from 'electron'
import type { Client } from '../app/engine/client.ts'
import type { Transfer } from '../app/contract/shapes.ts'
import { movesOf } from './moves.ts'
import type { Say } from './words.ts'

export interface BusyParts {
  readonly client: Client
  readonly window: () => BrowserWindow | undefined
  readonly say: () => Say
  /** Something moves, or nothing does any more. */
  readonly onBusy: (isBusy: boolean) => void
  /** A word about it was clicked. */
  readonly open: (id: string) => void
}

/** Ends with `signal` or with the engine. Never rejects. */
export async function watchTransfers(parts: BusyParts, signal: AbortSignal): Promise<void> {
  let before = new Map<string, Transfer['state']>()
  let blocker: number | undefined
  const rest = (): void => {
    if (blocker != null) powerSaveBlocker.stop(blocker)
    blocker = undefined
  }
  try {
    let sending = false
    const rates = readRates(parts.client, rate => (sending = rate > 0), signal)
    for await (const rows of transfersOf(parts.client, signal)) {
      const { progress, isBusy, ended } = movesOf(rows, before)
      before = new Map(rows.map(row => [row.id, row.state]))
      const isMoving = isBusy || sending
      if (isMoving) blocker ??= powerSaveBlocker.start('prevent-app-suspension')
      else rest()
      const window = parts.window()
      window?.setProgressBar(progress ?? -1)
      parts.onBusy(isMoving)
      if (window?.isFocused() !== true) ended.forEach(row => notify(row, parts))
    }
    await rates
  } catch {
    // the engine has ended; whoever starts the next one watches it again
  } finally {
    rest()
    parts.onBusy(false)
  }
}

/** Every row, after each change of any. */
async function* transfersOf(client: Client, signal: AbortSignal): AsyncGenerator<Transfer[]> {
  const rows = new Map<string, Transfer>()
  for await (const update of await client.transfer.feed({}, { signal })) {
    if (update.whole) rows.clear()
    for (const row of update.rows) rows.set(row.id, row)
    for (const id of update.removed) rows.delete(id)
    yield [...rows.values()]
  }
}

async function readRates(client: Client, onRate: (out: number) => void, signal: AbortSignal): Promise<void> {
  try {
    for await (const status of await client.node.status({}, { signal })) onRate(status.rateOut)
  } catch {
    // as above
  }
}

function notify(row: Transfer, { say, open }: BusyParts): void {
  if (!Notification.isSupported()) return
  const body = say()(row.state === 'done' ? 'notify.done' : 'notify.failed')
  const notification = new Notification({ title: row.name || app.name, body })
  notification.on('click', () => open(row.id))
  notification.show()
}
