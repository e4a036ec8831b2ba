// Menus that nobody sees: built, found by id, and clicked by tests. Shortcuts are kept but no key reaches them here.

import { app } from './app.ts'
import { BrowserWindow } from './browser-window.ts'
import { notImplemented, record, strictEmitter } from './strict.ts'

type Click = (item: MenuItem, window: BrowserWindow | undefined, event: object) => void
export interface MenuItemOptions {
  readonly id?: string
  readonly type?: 'normal' | 'separator' | 'submenu' | 'checkbox' | 'radio'
  readonly role?: string
  readonly label?: string
  readonly sublabel?: string
  readonly accelerator?: string
  readonly icon?: unknown
  readonly toolTip?: string
  readonly enabled?: boolean
  readonly visible?: boolean
  readonly checked?: boolean
  readonly registerAccelerator?: boolean
  readonly submenu?: Menu | readonly (MenuItemOptions | MenuItem)[]
  readonly click?: Click
}
interface PopupOptions {
  readonly window?: BrowserWindow
  readonly x?: number
  readonly y?: number
  readonly callback?: () => void
}

// What a role does here; the others throw when they are clicked.
const ROLES: Record<string, { readonly label: string; run(window: BrowserWindow | undefined): void }> = {
  quit: { label: 'Quit', run: () => app.quit() },
  close: { label: 'Close Window', run: window => window?.close() },
  minimize: { label: 'Minimize', run: window => window?.minimize() },
  reload: { label: 'Reload', run: window => window?.reload() },
  forcereload: { label: 'Force Reload', run: window => window?.webContents.reloadIgnoringCache() },
  toggledevtools: { label: 'Toggle Developer Tools', run: window => window?.webContents.toggleDevTools() },
  togglefullscreen: { label: 'Toggle Full Screen', run: window => window?.setFullScreen(!window.isFullScreen()) },
  resetzoom: { label: 'Actual Size', run: window => window?.webContents.setZoomLevel(0) },
  zoomin: { label: 'Zoom In', run: window => zoom(window, 0.5) },
  zoomout: { label: 'Zoom Out', run: window => zoom(window, -0.5) },
  about: { label: 'About', run: () => app.showAboutPanel() }
}
const LABELS: Record<string, string> = {
  undo: 'Undo',
  redo: 'Redo',
  cut: 'Cut',
  copy: 'Copy',
  paste: 'Paste',
  delete: 'Delete',
  selectall: 'Select All',
  pasteandmatchstyle: 'Paste and Match Style',
  hide: 'Hide',
  hideothers: 'Hide Others',
  unhide: 'Show All',
  filemenu: 'File',
  editmenu: 'Edit',
  viewmenu: 'View',
  windowmenu: 'Window',
  help: 'Help',
  services: 'Services',
  appmenu: 'App',
  front: 'Bring All to Front',
  zoom: 'Zoom'
}
// The menus that a role brings along.
const SUBMENUS: Record<string, readonly string[]> = {
  editmenu: ['undo', 'redo', 'cut', 'copy', 'paste', 'delete', 'selectAll'],
  windowmenu: ['minimize', 'zoom', 'close'],
  filemenu: ['quit'],
  viewmenu: ['reload', 'forceReload', 'toggleDevTools', 'resetZoom', 'zoomIn', 'zoomOut', 'togglefullscreen']
}
function zoom(window: BrowserWindow | undefined, by: number): void {
  window?.webContents.setZoomLevel(window.webContents.getZoomLevel() + by)
}

let last = 0

export class MenuItem {
  readonly commandId = ++last
  readonly id: string | undefined
  readonly type: string
  readonly role: string | undefined
  readonly accelerator: string | undefined
  readonly submenu: Menu | undefined
  label: string
  sublabel: string
  toolTip: string
  icon: unknown
  enabled: boolean
  visible: boolean
  checked: boolean
  menu: Menu | undefined
  readonly #click: Click | undefined

  constructor(options: MenuItemOptions) {
    const role = options.role?.toLowerCase()
    const submenu = options.submenu ?? SUBMENUS[role ?? '']?.map(inner => ({ role: inner }))
    this.id = options.id
    this.type = options.type ?? (submenu == null ? 'normal' : 'submenu')
    this.role = role
    this.accelerator = options.accelerator
    this.label = options.label ?? ROLES[role ?? '']?.label ?? LABELS[role ?? ''] ?? ''
    this.sublabel = options.sublabel ?? ''
    this.toolTip = options.toolTip ?? ''
    this.icon = options.icon
    this.enabled = options.enabled ?? true
    this.visible = options.visible ?? true
    this.checked = options.checked ?? false
    this.submenu = submenu == null || submenu instanceof Menu ? submenu : Menu.of(submenu)
    this.#click = options.click
  }
  /** What choosing it in the menu does. Electron's own signature: tests pass nothing. */
  click(event: object = {}, window = BrowserWindow.getFocusedWindow() ?? undefined): void {
    if (!this.enabled) return
    if (this.type === 'checkbox') this.checked = !this.checked
    if (this.type === 'radio') this.menu?.choose(this)
    if (this.role == null) return this.#click?.(this, window, event)
    const role = ROLES[this.role]
    if (role == null) throw notImplemented(`MenuItem: role ${this.role}`)
    role.run(window)
  }
}

export class Menu extends strictEmitter('Menu', ['menu-will-show', 'menu-will-close']) {
  readonly items: MenuItem[] = []
  static #application: Menu | null = null

  static of(template: readonly (MenuItemOptions | MenuItem)[] = []): Menu {
    const menu = new Menu()
    for (const item of template) menu.append(item instanceof MenuItem ? item : new MenuItem(item))
    return menu
  }
  static buildFromTemplate(template: readonly (MenuItemOptions | MenuItem)[]): Menu {
    if (!Array.isArray(template)) throw new TypeError('Invalid template for Menu: Menu template must be an array')
    return Menu.of(template)
  }
  static setApplicationMenu(menu: Menu | null): void {
    Menu.#application = menu
  }
  static getApplicationMenu(): Menu | null {
    return Menu.#application
  }
  append(item: MenuItem): void {
    this.insert(this.items.length, item)
  }
  insert(at: number, item: MenuItem): void {
    item.menu = this
    this.items.splice(at, 0, item)
  }
  choose(chosen: MenuItem): void {
    for (const item of this.items) if (item.type === 'radio') item.checked = item === chosen
  }
  getMenuItemById(id: string): MenuItem | null {
    for (const item of this.items) {
      const found = item.id === id ? item : item.submenu?.getMenuItemById(id)
      if (found != null) return found
    }
    return null
  }
  /** Shows nothing: recorded, and over at once unless a test clicks an item of it. */
  popup(options: PopupOptions = {}): void {
    record('Menu.popup', this)
    this.emit('menu-will-show', {})
    queueMicrotask(() => options.callback?.())
  }
  closePopup(): void {
    record('Menu.closePopup', this)
    this.emit('menu-will-close', {})
  }
}
