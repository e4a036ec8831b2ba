// The icon that stays while the window is away: what is going on, the way back, the way out.
import { Menu, nativeImage, Tray } from 'electron'
import { beside } from './window.ts'
import type { Translate } from './i18n.ts'

// on a Mac a template image, which takes the menu bar's colour
const IMAGES: Partial<Record<NodeJS.Platform, string>> = { darwin: 'trayTemplate.png', win32: 'tray.ico' }

export interface TrayParts {
  readonly show: () => void
  readonly quit: () => void
}

export interface TrayIcon {
  /** In the words of `say`. */
  tell(t: Translate, isBusy: boolean): void
}

/** Undefined where the system has no place for one; then a closed window ends the program. */
export function openTray({ show, quit }: TrayParts): TrayIcon | undefined {
  const isMac = process.platform === 'darwin'
  const image = nativeImage.createFromPath(beside(`resources/${IMAGES[process.platform] ?? 'tray.png'}`))
  let tray: Tray
  try {
    tray = new Tray(image)
  } catch {
    return undefined
  }
  tray.on('click', () => {
    if (!isMac) show() // there the menu opens
  })
  return {
    tell(t, isBusy) {
      const status = t(isBusy ? 'tray.moving' : 'tray.idle')
      tray.setToolTip(status)
      tray.setContextMenu(
        Menu.buildFromTemplate([
          { label: status, enabled: false },
          { type: 'separator' },
          { label: t('tray.open'), click: show },
          { label: t('tray.quit'), click: quit }
        ])
      )
    }
  }
}
