// `BrowserWindow`: a page of Chromium in a window of its own. Bounds are the page's size (there is no frame here); whether
// it is shown, minimised or maximised is kept and told truly, but the page does not learn of it.

import { app } from './app.ts'
import { chromium } from './chromium.ts'
import { about } from './paths.ts'
import { type Rectangle, WORK_AREA } from './screen.ts'
import { emitCancellable, notImplemented, record, strictEmitter, words } from './strict.ts'
import { createPage } from './targets.ts'
import { WebContents, type WebPreferences } from './web-contents.ts'
import { openWindows } from './windows.ts'

const EVENTS = words(`
  ready-to-show close closed show hide focus blur resize resized move moved maximize unmaximize
  minimize restore enter-full-screen leave-full-screen page-title-updated unresponsive responsive
  session-end query-session-end
`)
const OPTIONS = new Set(
  words(`
  width height x y minWidth minHeight maxWidth maxHeight center useContentSize show title icon
  backgroundColor titleBarStyle titleBarOverlay trafficLightPosition darkTheme autoHideMenuBar
  resizable movable minimizable maximizable fullscreenable webPreferences paintWhenInitiallyHidden
  acceptFirstMouse vibrancy backgroundMaterial skipTaskbar
`)
)
const PREFERENCES = new Set(
  words(`
  preload additionalArguments spellcheck devTools backgroundThrottling navigateOnDragDrop safeDialogs
  disableDialogs enableWebSQL autoplayPolicy defaultEncoding v8CacheOptions
`)
)
// The only values that are accepted. Electron would take the others; an app that asks for them is not to be tested green.
const SAFE: Record<string, boolean> = {
  sandbox: true,
  contextIsolation: true,
  webSecurity: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  webviewTag: false,
  plugins: false
}

export interface WindowOptions extends Partial<Rectangle> {
  readonly show?: boolean
  readonly title?: string
  readonly webPreferences?: WebPreferences
  readonly [name: string]: unknown
}

let last = 0
let focused = 0 // its id

export class BrowserWindow extends strictEmitter('BrowserWindow', EVENTS) {
  readonly id = ++last
  readonly webContents: WebContents
  #title: string
  #bounds: Rectangle
  #normalBounds: Rectangle
  #isVisible: boolean
  #isMinimized = false
  #isMaximized = false
  #isFullScreen = false
  #isDestroyed = false
  #wasShown = false
  #minimum: readonly [number, number]

  constructor(options: WindowOptions = {}) {
    super()
    if (!app.isReady()) throw new Error('Cannot create BrowserWindow before app is ready')
    checkOptions(options)
    const { width = 800, height = 600 } = options
    const x = options.x ?? WORK_AREA.x + Math.max(0, Math.round((WORK_AREA.width - width) / 2))
    const y = options.y ?? WORK_AREA.y + Math.max(0, Math.round((WORK_AREA.height - height) / 2))
    this.#title = options.title ?? about.name
    this.#bounds = { x, y, width, height }
    this.#normalBounds = this.#bounds
    this.#isVisible = options.show !== false
    this.#minimum = [Number(options.minWidth ?? 0), Number(options.minHeight ?? 0)]
    const opened = Promise.withResolvers<void>()
    this.webContents = new WebContents(
      {
        opened: opened.promise,
        pageClosed: () => this.destroy(),
        pageShown: () => this.#pageShown(),
        pageTitled: title => this.#pageTitled(title)
      },
      options.webPreferences ?? {}
    )
    openWindows.add(this)
    if (this.#isVisible) focused = this.id
    app.emit('browser-window-created', {}, this)
    app.emit('web-contents-created', {}, this.webContents)
    opened.promise.catch(error => {
      console.error(`stand-in: no page for a window: ${String(error)}`)
      this.destroy()
    })
    opened.resolve(this.#open())
  }
  async #open(): Promise<void> {
    const owner = { onGone: () => this.destroy() }
    const { targetId, session } = await createPage(owner, this.#bounds.width, this.#bounds.height)
    await this.webContents.attach(targetId, session)
    await this.#applyBounds()
  }
  #pageShown(): void {
    if (this.#wasShown) return
    this.#wasShown = true
    this.emit('ready-to-show', {})
  }
  #pageTitled(title: string): void {
    if (!emitCancellable(this, 'page-title-updated', {}, title, true)) this.#title = title
  }

  async loadURL(url: string): Promise<void> {
    return this.webContents.loadURL(url)
  }
  reload(): void {
    this.webContents.reload()
  }

  /** Says so each time, visible before or not. */
  show(): void {
    this.showInactive()
    this.focus()
  }
  showInactive(): void {
    this.#isVisible = true
    this.emit('show', {})
  }
  hide(): void {
    this.#setVisible(false)
  }
  #setVisible(isVisible: boolean): void {
    if (this.#isVisible === isVisible) return
    this.#isVisible = isVisible
    this.emit(isVisible ? 'show' : 'hide', {})
  }
  focus(): void {
    if (!this.#isVisible || focused === this.id) return
    BrowserWindow.getFocusedWindow()?.emit('blur', {})
    focused = this.id
    this.webContents.focus()
    this.emit('focus', {})
    app.emit('browser-window-focus', {}, this)
  }
  blur(): void {
    if (focused !== this.id) return
    focused = 0
    this.emit('blur', {})
    app.emit('browser-window-blur', {}, this)
  }
  isFocused(): boolean {
    return focused === this.id
  }
  isVisible(): boolean {
    return this.#isVisible
  }
  minimize(): void {
    if (this.#isMinimized) return
    this.#isMinimized = true
    this.emit('minimize', {})
  }
  isMinimized(): boolean {
    return this.#isMinimized
  }
  restore(): void {
    if (this.#isMinimized) {
      this.#isMinimized = false
      this.emit('restore', {})
    } else this.unmaximize()
  }
  maximize(): void {
    if (this.#isMaximized) return
    this.#isMaximized = true
    this.#setVisible(true)
    this.#place(WORK_AREA)
    this.emit('maximize', {})
  }
  unmaximize(): void {
    if (!this.#isMaximized) return
    this.#isMaximized = false
    this.#place(this.#normalBounds)
    this.emit('unmaximize', {})
  }
  isMaximized(): boolean {
    return this.#isMaximized
  }
  isNormal(): boolean {
    return !this.#isMaximized && !this.#isMinimized && !this.#isFullScreen
  }
  setFullScreen(isFullScreen: boolean): void {
    if (this.#isFullScreen === isFullScreen) return
    this.#isFullScreen = isFullScreen
    this.emit(isFullScreen ? 'enter-full-screen' : 'leave-full-screen', {})
  }
  isFullScreen(): boolean {
    return this.#isFullScreen
  }

  getBounds(): Rectangle {
    return { ...this.#bounds }
  }
  getNormalBounds(): Rectangle {
    return { ...this.#normalBounds }
  }
  setBounds(bounds: Partial<Rectangle>): void {
    const { width, height, ...place } = { ...this.#bounds, ...bounds }
    const [minWidth, minHeight] = this.#minimum
    this.#normalBounds = { ...place, width: Math.max(width, minWidth), height: Math.max(height, minHeight) }
    this.#place(this.#normalBounds)
  }
  getSize(): [number, number] {
    return [this.#bounds.width, this.#bounds.height]
  }
  setSize(width: number, height: number): void {
    this.setBounds({ width, height })
  }
  getPosition(): [number, number] {
    return [this.#bounds.x, this.#bounds.y]
  }
  setPosition(x: number, y: number): void {
    this.setBounds({ x, y })
  }
  getContentBounds(): Rectangle {
    return this.getBounds()
  }
  getMinimumSize(): [number, number] {
    return [...this.#minimum]
  }
  setMinimumSize(width: number, height: number): void {
    this.#minimum = [width, height]
  }
  center(): void {
    const { width, height } = this.#bounds
    this.setPosition(Math.round((WORK_AREA.width - width) / 2), Math.round((WORK_AREA.height - height) / 2))
  }
  #place(bounds: Rectangle): void {
    const before = this.#bounds
    this.#bounds = { ...bounds }
    void this.#applyBounds()
    if (before.width !== bounds.width || before.height !== bounds.height) this.emit('resize', {})
    if (before.x !== bounds.x || before.y !== bounds.y) this.emit('move', {})
  }
  /** The page gets exactly this size, whatever Chromium's own frame takes of its window. */
  async #applyBounds(): Promise<void> {
    const { cdp, targetId } = this.webContents
    if (cdp == null || targetId == null) return
    const { x, y, width, height } = this.#bounds
    try {
      await cdp.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 0, mobile: false })
      const { windowId } = await chromium().send('Browser.getWindowForTarget', { targetId })
      await chromium().send('Browser.setWindowBounds', { windowId, bounds: { left: x, top: y, width, height } })
    } catch (error) {
      if (!this.#isDestroyed) throw error
    }
  }

  setTitle(title: string): void {
    this.#title = title
  }
  getTitle(): string {
    return this.#title
  }
  setProgressBar(progress: number, options?: object): void {
    record('BrowserWindow.setProgressBar', progress, options)
  }
  flashFrame(isFlashing: boolean): void {
    record('BrowserWindow.flashFrame', isFlashing)
  }
  setOverlayIcon(image: unknown, description: string): void {
    record('BrowserWindow.setOverlayIcon', image, description)
  }
  setIcon(image: unknown): void {
    record('BrowserWindow.setIcon', image)
  }
  setBackgroundColor(color: string): void {
    record('BrowserWindow.setBackgroundColor', color)
  }
  setTitleBarOverlay(options: object): void {
    record('BrowserWindow.setTitleBarOverlay', options)
  }
  setMenuBarVisibility(isVisible: boolean): void {
    record('BrowserWindow.setMenuBarVisibility', isVisible)
  }
  setAutoHideMenuBar(isHidden: boolean): void {
    record('BrowserWindow.setAutoHideMenuBar', isHidden)
  }
  removeMenu(): void {
    record('BrowserWindow.removeMenu')
  }
  setSkipTaskbar(isSkipped: boolean): void {
    record('BrowserWindow.setSkipTaskbar', isSkipped)
  }

  isDestroyed(): boolean {
    return this.#isDestroyed
  }
  /** `close` may be prevented. The page's own beforeunload is not asked here. */
  close(): void {
    if (this.#isDestroyed || emitCancellable(this, 'close', {})) return
    this.destroy()
  }
  destroy(): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    openWindows.delete(this)
    if (focused === this.id) focused = 0
    this.webContents.destroy()
    this.emit('closed')
    if (openWindows.size === 0) app.lastWindowGone()
  }

  static getAllWindows(): BrowserWindow[] {
    return [...openWindows].filter(window => window instanceof BrowserWindow)
  }
  static getFocusedWindow(): BrowserWindow | null {
    return BrowserWindow.fromId(focused)
  }
  static fromWebContents(page: WebContents | undefined): BrowserWindow | null {
    return BrowserWindow.getAllWindows().find(window => window.webContents === page) ?? null
  }
  static fromId(id: number): BrowserWindow | null {
    return BrowserWindow.getAllWindows().find(window => window.id === id) ?? null
  }
}

function checkOptions(options: WindowOptions): void {
  for (const name of Object.keys(options)) if (!OPTIONS.has(name)) throw notImplemented(`BrowserWindow: option ${name}`)
  for (const [name, value] of Object.entries(options.webPreferences ?? {})) {
    if (PREFERENCES.has(name) || value === undefined) continue
    if (!(name in SAFE)) throw notImplemented(`BrowserWindow: webPreferences.${name}`)
    if (value !== SAFE[name])
      throw new Error(`stand-in: webPreferences.${name}: ${JSON.stringify(value)} is refused as unsafe`)
  }
}
