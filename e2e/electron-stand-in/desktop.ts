// What the system would show: dialogs, the shell, the tray, notifications. Nobody sees them and nobody answers: they are
// recorded, and tests put their own answers in place of these functions, as they do with Electron's.

import { record, recordAs, strict, strictEmitter } from './strict.ts'
import type { Menu } from './menu.ts'

/** Everything is dismissed. */
export const dialog = strict('dialog', {
  showOpenDialog: recordAs('dialog.showOpenDialog', async () => ({ canceled: true, filePaths: [] })),
  showSaveDialog: recordAs('dialog.showSaveDialog', async () => ({ canceled: true, filePath: '' })),
  showMessageBox: recordAs('dialog.showMessageBox', async (...args: unknown[]) => {
    const { cancelId = 0 } = (args.at(-1) ?? {}) as { readonly cancelId?: number } // the options come last
    return { response: cancelId, checkboxChecked: false }
  }),
  showErrorBox: recordAs('dialog.showErrorBox', (title: string, content: string) =>
    console.error(`${title}: ${content}`)
  )
})

/** Nothing is opened. */
export const shell = strict('shell', {
  openExternal: recordAs('shell.openExternal', async () => {}),
  openPath: recordAs('shell.openPath', async () => ''),
  showItemInFolder: recordAs('shell.showItemInFolder', () => {}),
  beep: recordAs('shell.beep', () => {})
})

export class Tray extends strictEmitter('Tray', ['click', 'right-click', 'double-click', 'drop-files']) {
  #isDestroyed = false
  constructor(image: unknown) {
    super()
    record('Tray', this, image)
  }
  setToolTip(text: string): void {
    record('Tray.setToolTip', text)
  }
  setContextMenu(menu: Menu | null): void {
    record('Tray.setContextMenu', menu)
  }
  setImage(image: unknown): void {
    record('Tray.setImage', image)
  }
  setPressedImage(image: unknown): void {
    record('Tray.setPressedImage', image)
  }
  setTitle(title: string): void {
    record('Tray.setTitle', title)
  }
  popUpContextMenu(menu?: Menu): void {
    record('Tray.popUpContextMenu', menu)
  }
  setIgnoreDoubleClickEvents(isIgnored: boolean): void {
    record('Tray.setIgnoreDoubleClickEvents', isIgnored)
  }
  destroy(): void {
    this.#isDestroyed = true
  }
  isDestroyed(): boolean {
    return this.#isDestroyed
  }
}

interface NotificationOptions {
  readonly title?: string
  readonly body?: string
}
export class Notification extends strictEmitter('Notification', [
  'show',
  'click',
  'close',
  'failed',
  'action',
  'reply'
]) {
  title: string
  body: string
  static isSupported(): boolean {
    return true
  }
  constructor(options: NotificationOptions = {}) {
    super()
    this.title = options.title ?? ''
    this.body = options.body ?? ''
  }
  show(): void {
    record('Notification.show', this)
    queueMicrotask(() => this.emit('show', {}))
  }
  close(): void {
    record('Notification.close', this)
    queueMicrotask(() => this.emit('close', {}))
  }
}
