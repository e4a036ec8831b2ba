// `webContents`: one page. What it loads is in navigation.ts, what it says in page-channel.ts; here is what Electron's
// object tells and emits. The page is real Chromium's; only its door to the main process is ours.

import { randomBytes } from 'node:crypto'
import { app, sayRefused } from './app.ts'
import type { CdpSession, Protocol } from './cdp.ts'
import { IpcMain, ipcMain } from './ipc.ts'
import { errorNumber, loadError, Navigation } from './navigation.ts'
import { PageChannel, WORLD } from './page-channel.ts'
import { pageSources } from './page-sources.ts'
import type { MessagePortMain } from './ports.ts'
import { toOuter } from './protocol.ts'
import { type Session, session } from './session.ts'
import { emitCancellable, notImplemented, record, strict, strictEmitter, words } from './strict.ts'
import { closeTarget } from './targets.ts'
import { theme } from './theme.ts'
import { WebFrameMain } from './web-frame-main.ts'

const EVENTS = words(`
  did-start-loading did-stop-loading dom-ready did-finish-load did-fail-load did-navigate
  did-navigate-in-page will-navigate will-redirect will-attach-webview render-process-gone
  console-message ipc-message destroyed page-title-updated unresponsive responsive preload-error
  context-menu before-input-event will-frame-navigate will-prevent-unload
`)
const LEVELS: Record<string, string> = { log: 'info', info: 'info', warning: 'warning', error: 'error', debug: 'debug' }

export interface WebPreferences {
  readonly preload?: string
  readonly additionalArguments?: readonly string[]
  readonly [name: string]: unknown
}
interface OpenRequest {
  readonly url: string
  readonly frameName: string
  readonly features: string
  readonly disposition: string
}
type OpenHandler = (request: OpenRequest) => { readonly action: 'allow' | 'deny' }

/** What the window of a page does for it. */
export interface PageWindow {
  readonly opened: Promise<void>
  pageClosed(): void
  pageShown(): void
  pageTitled(title: string): void
}

let last = 0
const all = new Map<number, WebContents>()

export class WebContents extends strictEmitter('webContents', EVENTS) {
  readonly id = ++last
  readonly ipc = new IpcMain()
  readonly session: Session = session.defaultSession
  readonly mainFrame: WebFrameMain
  readonly window: PageWindow
  readonly #preferences: WebPreferences
  #page: { readonly cdp: CdpSession; readonly targetId: string; readonly channel: PageChannel } | undefined
  #navigation: Navigation | undefined
  #frameId = ''
  #url = ''
  #title = ''
  #zoomLevel = 0
  #isDestroyed = false
  #isCrashed = false
  #isLoading = false
  #loaded: PromiseWithResolvers<void> | undefined
  #openHandler: OpenHandler | undefined

  constructor(window: PageWindow, preferences: WebPreferences) {
    super()
    this.window = window
    this.#preferences = preferences
    this.mainFrame = new WebFrameMain(this)
    all.set(this.id, this)
  }

  /** Not Electron's: takes over a page that waits before its first script. */
  async attach(targetId: string, cdp: CdpSession): Promise<void> {
    const isMainFrame = (frameId: string): boolean => frameId === this.#frameId
    const channel = new PageChannel(cdp, {
      isMainFrame,
      invoke: (name, args) => this.#invoke(name, args),
      titled: title => this.#setTitle(title),
      leftPortsOpen: () => this.forcefullyCrashRenderer(), // README.md
      receive: (name, args, ports) => this.#receive(name, args, ports)
    })
    const navigation = new Navigation(cdp, {
      isMainFrame,
      mayNavigate: url =>
        !emitCancellable(this, 'will-navigate', { url, isMainFrame: true, frame: this.mainFrame }, url),
      mayRedirect: url =>
        !emitCancellable(this, 'will-redirect', { url, isMainFrame: true, frame: this.mainFrame }, url),
      mayRequest: details => this.session.mayRequest({ ...details, webContentsId: this.id, webContents: this }),
      onFailed: (error, url) => this.emit('did-fail-load', {}, errorNumber(error), error, url, true)
    })
    this.#page = { cdp, targetId, channel }
    this.#navigation = navigation
    this.#follow(cdp)
    const facts = {
      platform: process.platform,
      arch: process.arch,
      versions: { ...process.versions },
      env: { ...process.env },
      argv: [...(this.#preferences.additionalArguments ?? [])]
    }
    const sources = pageSources(randomBytes(8).toString('hex'), facts, this.#preferences.preload)
    const { frameTree } = await cdp.send('Page.getFrameTree')
    this.#frameId = frameTree.frame.id
    await Promise.all([
      cdp.send('Page.enable'),
      cdp.send('Runtime.enable'),
      cdp.send('Debugger.enable'),
      cdp.send('DOM.enable'),
      cdp.send('Inspector.enable'),
      navigation.enable(),
      cdp.send('Emulation.setFocusEmulationEnabled', { enabled: true }),
      theme.apply(cdp),
      cdp.send('Runtime.addBinding', { name: 'standInPost', executionContextName: WORLD }),
      cdp.send('Page.addScriptToEvaluateOnNewDocument', { source: sources.page }),
      cdp.send('Page.addScriptToEvaluateOnNewDocument', { source: sources.preload, worldName: WORLD })
    ])
    await cdp.send('Runtime.runIfWaitingForDebugger')
  }

  #follow(cdp: CdpSession): void {
    cdp.on('Page.frameNavigated', ({ frame }) => {
      if (frame.parentId != null) return
      this.#isCrashed = false
      this.#url = toOuter(frame.url + (frame.urlFragment ?? ''))
      this.emit('did-navigate', {}, this.#url, 200, 'OK')
      void this.session.settlePermissions(this)
    })
    cdp.on('Page.navigatedWithinDocument', ({ frameId, url }) => {
      if (frameId !== this.#frameId) return
      this.#url = toOuter(url)
      this.emit('did-navigate-in-page', {}, this.#url, true)
    })
    cdp.on('Page.frameStartedLoading', ({ frameId }) => this.#setLoading(frameId, true))
    cdp.on('Page.frameStoppedLoading', ({ frameId }) => this.#setLoading(frameId, false))
    cdp.on('Page.domContentEventFired', () => this.emit('dom-ready', {}))
    cdp.on('Page.loadEventFired', () => {
      this.emit('did-finish-load', {})
      this.#loaded?.resolve()
      this.window.pageShown()
    })
    cdp.on('Page.windowOpen', opened => this.#askToOpen(opened))
    cdp.on('Runtime.consoleAPICalled', ({ type, args }) => {
      const message = args.map(arg => String(arg.value ?? arg.description ?? arg.type)).join(' ')
      this.emit('console-message', { level: LEVELS[type] ?? 'info', message, frame: this.mainFrame })
    })
    cdp.on('Inspector.targetCrashed', () => this.#tellGone('crashed'))
    cdp.on('Debugger.paused', ({ callFrames }) => void this.#tellPathOfFile(cdp, callFrames[0]))
  }
  #tellGone(reason: string): void {
    this.#isCrashed = true
    const details = { reason, exitCode: 1 }
    this.emit('render-process-gone', {}, details)
    app.emit('render-process-gone', {}, this, details)
  }
  /** Whether there is no process for the page to live in, and there will be none. */
  #isStillborn(): boolean {
    if (!app.refusesRoot) return false
    sayRefused()
    setImmediate(() => this.#tellGone('launch-failed'))
    return true
  }
  #setLoading(frameId: string, isLoading: boolean): void {
    if (frameId !== this.#frameId) return
    this.#isLoading = isLoading
    this.emit(isLoading ? 'did-start-loading' : 'did-stop-loading')
  }
  /** The handler is asked; the new page itself was stopped and closed by targets.ts. */
  #askToOpen({ url, windowName, windowFeatures }: Protocol.Events['Page.windowOpen']): void {
    const request = {
      url: toOuter(url),
      frameName: windowName,
      features: windowFeatures.join(','),
      disposition: 'foreground-tab'
    }
    const { action } = this.#openHandler?.(request) ?? { action: 'allow' }
    if (action === 'allow') throw notImplemented('webContents: windows opened by a page (setWindowOpenHandler: allow)')
  }
  /** webUtils.getPathForFile: see preload-world.ts. Any other stop goes on at once. */
  async #tellPathOfFile(cdp: CdpSession, frame: Protocol.Events['Debugger.paused']['callFrames'][0] | undefined) {
    try {
      if (frame?.functionName !== 'standInPathOfFile') return
      const { callFrameId } = frame
      const { result } = await cdp.send('Debugger.evaluateOnCallFrame', { callFrameId, expression: 'file' })
      const { path } = await cdp.send('DOM.getFileInfo', { objectId: result.objectId ?? '' })
      const expression = `answer = ${JSON.stringify(path)}`
      await cdp.send('Debugger.evaluateOnCallFrame', { callFrameId, expression })
    } finally {
      await cdp.send('Debugger.resume').catch(() => {}) // the page may be gone
    }
  }

  #event(): {
    sender: WebContents
    senderFrame: object
    processId: number
    frameId: number
    ports: readonly MessagePortMain[]
  } {
    return { sender: this, senderFrame: this.mainFrame, processId: this.id, frameId: 1, ports: [] }
  }
  async #invoke(channel: string, args: readonly unknown[]): Promise<unknown> {
    const handler = this.ipc.findHandler(channel) ?? ipcMain.findHandler(channel)
    if (handler == null) throw new Error(`No handler registered for '${channel}'`)
    return await handler(this.#event(), ...args)
  }
  #receive(channel: string, args: readonly unknown[], ports: readonly MessagePortMain[]): void {
    const event = { ...this.#event(), ports, reply: (name: string, ...more: unknown[]) => this.send(name, ...more) }
    this.emit('ipc-message', event, channel, ...args)
    this.ipc.emit(channel, event, ...args)
    ipcMain.emit(channel, event, ...args)
  }
  send(channel: string, ...args: unknown[]): void {
    this.#checkAlive()
    this.#page?.channel.send(channel, args)
  }
  postMessage(channel: string, message: unknown, transfer: readonly MessagePortMain[] = []): void {
    this.#checkAlive()
    this.#page?.channel.postMessage(channel, message, transfer)
  }

  async loadURL(url: string): Promise<void> {
    await this.window.opened
    if (this.#isStillborn()) throw loadError('ERR_FAILED', url)
    const loaded = Promise.withResolvers<void>()
    loaded.promise.catch(() => {}) // heard below, or the navigation itself has failed first
    this.#loaded = loaded
    await this.#navigation?.load(url)
    await loaded.promise
  }
  reload(): void {
    if (this.#isStillborn()) return
    void this.#page?.cdp.send('Page.reload')
  }
  reloadIgnoringCache(): void {
    if (this.#isStillborn()) return
    void this.#page?.cdp.send('Page.reload', { ignoreCache: true })
  }
  stop(): void {
    void this.#page?.cdp.send('Page.stopLoading')
  }
  async executeJavaScript(code: string, userGesture = false): Promise<unknown> {
    await this.window.opened
    const params = { expression: code, awaitPromise: true, returnByValue: true, userGesture }
    const answer = await this.#page?.cdp.send('Runtime.evaluate', params)
    const thrown = answer?.exceptionDetails
    if (thrown != null) throw new Error(thrown.exception?.description ?? thrown.text)
    return answer?.result.value
  }
  /** Not Electron's: runs in the preload's world, which may use the clipboard for that long. */
  async onClipboard(call: string): Promise<unknown> {
    await this.window.opened
    const { cdp, channel } = this.#page ?? {}
    if (cdp == null || channel?.context == null) throw notImplemented('clipboard without a page')
    return this.session.withClipboard(this, async () => {
      const expression = `navigator.clipboard.${call}`
      const params = { expression, awaitPromise: true, returnByValue: true, userGesture: true }
      const answer = await cdp.send('Runtime.evaluate', { ...params, uniqueContextId: channel.context ?? '' })
      if (answer.exceptionDetails != null) throw new Error(`stand-in: clipboard: ${answer.exceptionDetails.text}`)
      return answer.result.value as unknown
    })
  }
  forcefullyCrashRenderer(): void {
    this.#page?.cdp.send('Page.crash').catch(() => {}) // there is nobody left to answer
  }

  getURL(): string {
    return this.#url
  }
  getTitle(): string {
    return this.#title
  }
  isLoading(): boolean {
    return this.#isLoading
  }
  isDestroyed(): boolean {
    return this.#isDestroyed
  }
  isCrashed(): boolean {
    return this.#isCrashed
  }
  getType(): string {
    return 'window'
  }
  getLastWebPreferences(): object {
    return { ...this.#preferences, sandbox: true, contextIsolation: true, nodeIntegration: false, webSecurity: true }
  }
  setWindowOpenHandler(handler: OpenHandler): void {
    this.#openHandler = handler
  }
  setZoomLevel(level: number): void {
    record('webContents.setZoomLevel', level)
    this.#zoomLevel = level
  }
  getZoomLevel(): number {
    return this.#zoomLevel
  }
  setZoomFactor(factor: number): void {
    this.setZoomLevel(Math.log(factor) / Math.log(1.2))
  }
  getZoomFactor(): number {
    return 1.2 ** this.#zoomLevel
  }
  focus(): void {
    void this.#page?.cdp.send('Page.bringToFront')
  }
  openDevTools(options?: object): void {
    record('webContents.openDevTools', options)
  }
  closeDevTools(): void {
    record('webContents.closeDevTools')
  }
  toggleDevTools(): void {
    record('webContents.toggleDevTools')
  }
  isDevToolsOpened(): boolean {
    return false
  }
  setBackgroundThrottling(isAllowed: boolean): void {
    record('webContents.setBackgroundThrottling', isAllowed)
  }
  setIgnoreMenuShortcuts(isIgnored: boolean): void {
    record('webContents.setIgnoreMenuShortcuts', isIgnored)
  }
  /** As if the page had closed itself: the window's `close` is not asked. */
  close(): void {
    this.window.pageClosed()
  }

  /** Not Electron's: the session of a page that is there, for what its window does to it. */
  get cdp(): CdpSession | undefined {
    return this.#page?.cdp
  }
  get targetId(): string | undefined {
    return this.#page?.targetId
  }
  #setTitle(title: string): void {
    if (title === this.#title || this.#isDestroyed) return
    this.#title = title
    this.emit('page-title-updated', {}, title, true)
    this.window.pageTitled(title)
  }
  /** Its window is gone. */
  destroy(): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    all.delete(this.id)
    this.#page?.channel.reset()
    if (this.#page != null) closeTarget(this.#page.targetId)
    this.#loaded?.reject(loadError('ERR_FAILED', this.#url))
    this.emit('destroyed')
  }
  #checkAlive(): void {
    if (this.#isDestroyed) throw new Error('Object has been destroyed')
  }
}

export const webContents = strict('webContents', {
  fromId: (id: number) => all.get(id),
  getAllWebContents: () => [...all.values()],
  getFocusedWebContents: () => [...all.values()].at(-1) ?? null,
  fromDevToolsTargetId: (targetId: string) => [...all.values()].find(page => page.targetId === targetId)
})
