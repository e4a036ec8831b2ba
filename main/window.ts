// The one window: where it was left, shown when there is something to see, hidden instead of closed while Shoal goes on without it.
import { BrowserWindow, nativeTheme, screen } from 'electron'
import { fileURLToPath } from 'node:url'
import { MIN_HEIGHT, MIN_WIDTH, placeOn, type WindowMemory } from './window-memory.ts'

const REMEMBER_MS = 500 // after the last move
const SURFACE = { light: '#f6f8f7', dark: '#121816' } // renderer/styles/tokens.css: what is seen before the page is

export interface WindowOptions {
  readonly memory: WindowMemory
  readonly icon: string
  readonly preload: string
  readonly isHidden: boolean
  /** Asked at each close: true hides it. */
  readonly mayHide: () => boolean
}

/** Empty yet; shown as soon as it has a page to show. */
export function openWindow(options: WindowOptions): BrowserWindow {
  const { memory } = options
  const screens = screen.getAllDisplays().map(display => display.workArea)
  const bounds = placeOn(screens, memory.value.bounds)
  const window = new BrowserWindow({
    title: 'Shoal',
    show: false,
    width: 1200,
    height: 800,
    ...bounds,
    minWidth: MIN_WIDTH,
    minHeight: MIN_HEIGHT,
    autoHideMenuBar: true,
    backgroundColor: SURFACE[nativeTheme.shouldUseDarkColors ? 'dark' : 'light'],
    ...(process.platform === 'linux' && { icon: options.icon }),
    webPreferences: { preload: options.preload, sandbox: true, contextIsolation: true, nodeIntegration: false }
  })
  if (memory.value.isMaximized) window.maximize()
  if (!options.isHidden) window.once('ready-to-show', () => window.show())
  rememberPlace(window, memory)
  window.on('close', event => {
    if (!options.mayHide()) return
    event.preventDefault()
    window.hide()
  })
  return window
}

function rememberPlace(window: BrowserWindow, memory: WindowMemory): void {
  let timer: NodeJS.Timeout | undefined
  const keep = (): void => {
    if (window.isDestroyed()) return
    memory.change({ bounds: window.getNormalBounds(), isMaximized: window.isMaximized() })
  }
  const soon = (): void => {
    clearTimeout(timer)
    timer = setTimeout(keep, REMEMBER_MS)
  }
  window.on('resize', soon)
  window.on('move', soon)
  window.on('close', keep)
  window.on('closed', () => clearTimeout(timer))
}

export function bringToFront(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore()
  window.show()
  window.focus()
}

/** A file beside the bundle. */
export const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
