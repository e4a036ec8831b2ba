// The application's menu: what the page can do, with its shortcuts, and what every program has.
import { Menu, type MenuItemConstructorOptions } from 'electron'
import { type Place, PLACES } from '../app/contract/places.ts'
import type { WindowAsk } from '../app/contract/window-contract.ts'
import type { Translate } from './i18n.ts'

type Item = MenuItemConstructorOptions
const SEPARATOR: Item = { type: 'separator' }

export interface MenuParts {
  readonly t: Translate
  readonly ask: (ask: WindowAsk) => void
  readonly showLogs: () => void
  readonly isPackaged: boolean
}

export function setMenu(parts: MenuParts, platform = process.platform): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuFor(parts, platform)))
}

export function menuFor({ t, ask, showLogs, isPackaged }: MenuParts, platform: NodeJS.Platform): Item[] {
  const isMac = platform === 'darwin'
  const place = (name: Place, accelerator: string): Item => ({
    id: name,
    label: name === 'settings' ? t('menu.settings') : t(`place.${name}`),
    accelerator,
    click: () => ask({ type: 'place', place: name })
  })
  const settings = place('settings', 'CmdOrCtrl+,')
  // the page listens for Alt and a digit, in a browser too
  const places = PLACES.flatMap((name, at) =>
    name === 'settings' ? [] : { ...place(name, `Alt+${at + 1}`), registerAccelerator: false }
  )
  const file: Item = {
    label: t('menu.file'),
    submenu: [
      { id: 'files', label: t('menu.share.files'), accelerator: 'CmdOrCtrl+O', click: () => ask({ type: 'pick', what: 'files' }) },
      { id: 'folder', label: t('menu.share.folder'), accelerator: 'CmdOrCtrl+Shift+O', click: () => ask({ type: 'pick', what: 'folder' }) },
      SEPARATOR,
      { role: 'close' },
      ...(isMac ? [] : [settings, SEPARATOR, { role: 'quit', accelerator: 'Ctrl+Q' } satisfies Item])
    ]
  } // prettier-ignore
  const view: Item = {
    label: t('menu.view'),
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
    label: t('menu.help'),
    submenu: [
      { id: 'logs', label: t('menu.logs'), click: showLogs },
      ...(isMac ? [] : [{ role: 'about' } satisfies Item])
    ]
  }
  return [
    ...(isMac ? [programMenu(settings)] : []),
    file,
    { role: 'editMenu', label: t('menu.edit') },
    view,
    { role: 'windowMenu', label: t('menu.window') },
    help
  ]
}

/** A Mac's first menu, which bears the program's name. */
const programMenu = (settings: Item): Item => ({
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
})
