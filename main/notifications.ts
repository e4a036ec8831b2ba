// A word of the system's when a transfer has ended.
import { app, Notification } from 'electron'
import type { Transfer } from '../app/contract/shapes.ts'
import type { Translate } from './i18n.ts'

const MAX_SHOWN = 32

/** Held until they are over: one that nobody holds is collected, and its click leads nowhere. The oldest make room. */
const shown = new Set<Notification>()

/** `open`: it was clicked. */
export function notifyEnded(row: Transfer, t: Translate, open: () => void): void {
  if (!Notification.isSupported()) return
  const body = t(row.state === 'done' ? 'notify.done' : 'notify.failed')
  const notification = new Notification({ title: row.name || app.name, body })
  const forget = (): void => void shown.delete(notification)
  notification.on('click', () => {
    forget()
    open()
  })
  notification.on('close', forget)
  notification.on('failed', forget)
  for (const oldest of shown) {
    if (shown.size < MAX_SHOWN) break
    shown.delete(oldest)
  }
  shown.add(notification)
  notification.show()
}
