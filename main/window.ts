// The one window: where it was left, shown when there is something to see, hidden instead of closed while Shoal goes on without it.
import { app, BrowserWindow, nativeTheme, screen } from 'electron'
import { fileURLToPath } from 'node:url'
import { MIN_HEIGHT, MIN_WIDTH, placeOn, upTo, type WindowMemory } from './window-memory.ts'

const REMEMBER_MS = 500 // after the last move
const MAX_RELOADS = 3
const RELOADS_MS = 60_000
const SURFACE = { light: '#f6f8f7', dark: '#121816' } // renderer/styles/tokens.css: what is seen before the page is

export interface WindowOptions {
  readonly memory: WindowMemory
  readonly icon: string
  readonly preload: string
  readonly isHidden: boolean
  /** Asked at each close. `quit`: it stays until that is certain. */
  readonly closing: () => 'hide' | 'quit' | 'close'
  /** The process behind the page has died. */
  readonly onGone: (exitCode: number) => void
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
    webPreferences: {
      preload: options.preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      spellcheck: false // its dictionaries come from the internet, whatever the network mode
    }
  })
  // not before: maximising shows a window that is hidden
  if (memory.value.isMaximized) window.once('show', () => window.maximize())
  if (!options.isHidden) window.once('ready-to-show', () => window.show())
  rememberPlace(window, memory)
  reviveWith(window, options.onGone)
  window.on('close', event => {
    const closing = options.closing()
    if (closing === 'close') return
    event.preventDefault()
    if (closing === 'hide') window.hide()
    else app.quit()
  })
  return window
}

/** Loads the page again when its process has died, and not for ever when that is what it dies of. */
function reviveWith(window: BrowserWindow, onGone: (exitCode: number) => void): void {
  const mayReload = upTo(MAX_RELOADS, RELOADS_MS)
  window.webContents.on('render-process-gone', (_event, { exitCode }) => {
    onGone(exitCode)
    if (mayReload(performance.now()))
      setImmediate(() => {
        if (!window.isDestroyed()) window.webContents.reload()
      })
  })
}

function rememberPlace(window: BrowserWindow, memory: WindowMemory): void {
  let timer: NodeJS.Timeout | undefined
  let wasShown = false // before, it is not where it will be
  window.once('show', () => (wasShown = true))
  const keep = (): void => {
    if (window.isDestroyed() || !wasShown) return
    memory.change({ bounds: window.getNormalBounds(), isMaximized: window.isMaximized() })
  }
  const soon = (): void => {
    clearTimeout(timer)
    timer = setTimeout(keep, REMEMBER_MS)
  }
  window.on('resize', soon)
  window.on('move', soon)
  window.on('close', keep)
  window.on('hide', keep) // how it goes when Shoal ends
  window.on('closed', () => clearTimeout(timer))
}

export function bringToFront(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore()
  if (window.webContents.isCrashed()) window.webContents.reload()
  window.show()
  window.focus()
}

/** A file beside the bundle. */
export const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
