// The `electron` module of the main process: what is here, by name; anything else throws.

import { app } from './app.ts'
import { BrowserWindow } from './browser-window.ts'
import { dialog, Notification, shell, Tray } from './desktop.ts'
import { ipcMain } from './ipc.ts'
import { Menu, MenuItem } from './menu.ts'
import { MessageChannelMain } from './ports.ts'
import { protocol } from './protocol.ts'
import { screen } from './screen.ts'
import { session } from './session.ts'
import { strict } from './strict.ts'
import { clipboard, nativeImage, net, powerMonitor, powerSaveBlocker } from './system.ts'
import { nativeTheme } from './theme.ts'
import { webContents } from './web-contents.ts'

const members = {
  app,
  BrowserWindow,
  dialog,
  Notification,
  shell,
  Tray,
  clipboard,
  ipcMain,
  Menu,
  MenuItem,
  MessageChannelMain,
  nativeImage,
  nativeTheme,
  net,
  powerMonitor,
  powerSaveBlocker,
  protocol,
  screen,
  session,
  webContents
}
/** For `import { app } from 'electron'`; names that are not here are errors of the import itself. */
export const names = Object.keys(members)
export const electron = strict('main', { ...members, default: members })
electron.default = electron
