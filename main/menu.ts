// The application's menu: what the page can do, with its shortcuts, and what every program has.
import { Menu, type MenuItemConstructorOptions } from 'electron'
import type { WindowAsk } from '../app/contract/window-contract.ts'
import type { Say } from './words.ts'

type Item = MenuItemConstructorOptions
const SEPARATOR: Item = { type: 'separator' }
const PLACES = ['home', 'transfers', 'library', 'peers'] as const

export interface MenuParts {
  readonly say: Say
  readonly ask: (ask: WindowAsk) => void
  readonly showLogs: () => void
  readonly isPackaged: boolean
}

export function setMenu(parts: MenuParts, platform = process.platform): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuFor(parts, platform)))
}

export function menuFor({ say, ask, showLogs, isPackaged }: MenuParts, platform: NodeJS.Platform): Item[] {
  const isMac = platform === 'darwin'
  const settings: Item = {
    id: 'settings',
    label: say('menu.settings'),
    accelerator: 'CmdOrCtrl+,',
    click: () => ask({ type: 'place', place: 'settings' })
  }
  const places = PLACES.map((place, at): Item => ({
    id: place,
    label: say(`menu.${place}`),
    accelerator: `Alt+${at + 1}`,
    registerAccelerator: false, // the page listens for it, in a browser too
    click: () => ask({ type: 'place', place })
  }))
  const program: Item = {
    role: 'appMenu',
    submenu: [
      { role: 'about' },
      SEPARATOR,
      settings,
      SEPARATOR,
      { role: 'services' },
      SEPARATOR,
      { role: 'hide' },
      { role: 'hideOthers' },
      { role: 'unhide' },
      SEPARATOR,
      { role: 'quit' }
    ]
  }
  const file: Item = {
    label: say('menu.file'),
    submenu: [
      { id: 'files', label: say('menu.share.files'), accelerator: 'CmdOrCtrl+O', click: () => ask({ type: 'pick', what: 'files' }) },
      { id: 'folder', label: say('menu.share.folder'), accelerator: 'CmdOrCtrl+Shift+O', click: () => ask({ type: 'pick', what: 'folder' }) },
      SEPARATOR,
      { role: 'close' },
      ...(isMac ? [] : [settings, SEPARATOR, { role: 'quit', accelerator: 'Ctrl+Q' } satisfies Item])
    ]
  } // prettier-ignore
  const view: Item = {
    label: say('menu.view'),
    submenu: [
      ...places,
      SEPARATOR,
      { role: 'resetZoom' },
      { role: 'zoomIn' },
      { role: 'zoomOut' },
      { role: 'togglefullscreen' },
      ...(isPackaged ? [] : ([SEPARATOR, { role: 'reload' }, { role: 'toggleDevTools' }] satisfies Item[]))
    ]
  }
  const help: Item = {
    role: 'help',
    label: say('menu.help'),
    submenu: [
      { id: 'logs', label: say('menu.logs'), click: showLogs },
      ...(isMac ? [] : [{ role: 'about' } satisfies Item])
    ]
  }
  return [
    ...(isMac ? [program] : []),
    file,
    { role: 'editMenu', label: say('menu.edit') },
    view,
    { role: 'windowMenu', label: say('menu.window') },
    help
  ]
}
