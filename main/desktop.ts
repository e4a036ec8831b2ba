// The desktop program while it runs: one window, one engine, what the system shows of them, and quitting in the reverse order.
import { app, type BrowserWindow, clipboard, ipcMain, nativeTheme, powerMonitor, shell } from 'electron'
import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { WindowAsk, WindowState } from '../app/contract/window-contract.ts'
import type { EngineOptions } from '../app/engine/options.ts'
import { openHost } from '../app/host/host.ts'
import { systemClock } from '../core/clock.ts'
import { type Log, openLog } from '../app/service/log.ts'
import { ValueFeed } from '../app/service/snapshot-feed.ts'
import { CodedError } from '../core/errors.ts'
import { PendingIntents, linkFrom, parseIntent } from './pending-intents.ts'
import { bindPage } from './bind-page.ts'
import { type BusyParts, watchTransfers } from './transfer-watcher.ts'
import { whoWouldWait } from './quit-warning.ts'
import { askToQuit, chooseIn, offerRepair, tellNoEngine } from './dialogs.ts'
import { EngineHost } from './engine-host.ts'
import { type LoginItems, loginItems } from './login.ts'
import { setMenu } from './menu.ts'
import { notifyEnded } from './notifications.ts'
import { guardContents, PAGE_URL, servePage } from './page-scheme.ts'
import { Quitting } from './quit.ts'
import type { Start } from './start-args.ts'
import { keepAwake, registerAtSystem } from './os-integration.ts'
import { openTray, type TrayIcon } from './tray.ts'
import { looksForUpdates, openUpdater } from './electron-updater-adapter.ts'
import { Updates } from './update-service.ts'
import { beside, bringToFront, openWindow } from './window.ts'
import { openMemory, type WindowMemory } from './window-memory.ts'
import { createWindowService } from './window-service.ts'
import { type Translate, translationFor } from './i18n.ts'

const INSTALL_MS = 60_000
const LEAVE_MS = 2_000 // a page that does not answer keeps nobody

export class Desktop {
  readonly #start: Start
  readonly #version: string
  readonly #log: Log
  readonly #memory: WindowMemory
  readonly #asks = new PendingIntents()
  readonly #engine: EngineHost
  readonly #left = Promise.withResolvers<void>()
  readonly #quitting = new Quitting({
    mayQuit: async () => this.#mayQuit(),
    stay: () => {
      this.#isInstalling = false
      if (this.#window == null) this.#show()
    },
    steps: [async () => this.#leavePage(), async () => this.#engine[Symbol.asyncDispose]()],
    exit: () => void this.#end()
  })
  readonly #state = new ValueFeed<WindowState>({
    openAtLogin: null,
    staysOpen: null,
    isEngineRunning: true,
    update: null
  })
  #window: BrowserWindow | undefined
  #tray: TrayIcon | undefined
  #login: LoginItems | undefined
  #t: Translate = translationFor('en')
  #updates: Updates | undefined
  #isInstalling = false
  #mayEnd = false
  #isBusy = false

  /** `userData` is set and this process is the only one on it. */
  constructor(start: Start, version: string) {
    this.#start = start
    this.#version = version
    this.#log = openLog(start.dataDir)
    this.#memory = openMemory(app.getPath('userData'))
    this.#engine = new EngineHost(
      async signal => openHost({ engine: this.#engineOptions() }, signal),
      isRunning => this.#onEngine(isRunning)
    )
  }

  /** Until Electron ends the process. Never rejects. */
  async run(): Promise<void> {
    this.#listen()
    await app.whenReady()
    this.#listenToEnds()
    nativeTheme.themeSource = this.#memory.value.theme
    registerAtSystem()
    servePage(new URL('./ui/', import.meta.url))
    guardContents()
    this.#login = loginItems(app, process.env, app.getPath('exe'))
    this.#tray = openTray({ show: () => this.#show(), quit: () => app.quit() })
    const canStay = this.#tray != null && process.platform !== 'darwin' // a Mac's programs stay without a window anyway
    // on Linux nobody says whether an icon is shown: without one a window that hides would be gone, so it hides where that was chosen
    const staysOpen = canStay ? (this.#memory.value.staysOpen ?? process.platform !== 'linux') : null
    this.#state.set({ ...this.#state.value, openAtLogin: this.#login.isOn(), staysOpen })
    this.#bind()
    this.#dress()
    if (looksForUpdates()) this.#updates = this.#openUpdates()
    for (const opened of this.#start.opened) void this.#open(opened, process.cwd())
    void this.#startEngine() // beside the window: the page waits for it, and is painted meanwhile
    await this.#openWindow(this.#start.isHidden || this.#login.wasStarted)
  }

  /** What may come at any time, some of it before Electron is ready. */
  #listen(): void {
    process.on('uncaughtException', error => this.#log.error('main.fault', error))
    process.on('unhandledRejection', error => this.#log.error('main.fault', error))
    app.on('second-instance', (_event, _argv, _cwd, data) => {
      const { opened, cwd } = parseIntent(data)
      this.#show()
      for (const one of opened) void this.#open(one, cwd)
    })
    app.on('open-url', (event, url) => {
      event.preventDefault()
      void this.#open(url, '/')
    })
    app.on('open-file', (event, file) => {
      event.preventDefault()
      void this.#open(file, '/')
    })
    app.on('activate', () => {
      if (this.#window == null && app.isReady()) void this.#openWindow(false)
      else this.#show()
    })
    app.on('window-all-closed', () => {
      if (process.platform !== 'darwin') app.quit()
    })
    app.on('before-quit', event => {
      if (this.#mayEnd) return // an installation, after everything else has ended
      event.preventDefault() // it ends by `exit`, which does not ask
      void this.#quitting.begin()
    })
  }

  /** Where nobody is there to answer. Only once Electron is ready, which sets signal handlers of its own after this program's first file. */
  #listenToEnds(): void {
    const end = (): void => void this.#quitting.insist()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end)
    // Linux and macOS wait a little for whoever asks them to, by an argument that Electron's types leave out; Windows asks the window
    const onShutdown = (event?: { preventDefault(): void }): void => {
      event?.preventDefault()
      end()
    }
    powerMonitor.on('shutdown', onShutdown)
  }

  #bind(): void {
    const service = createWindowService({
      state: this.#state,
      asks: this.#asks,
      client: () => this.#engine.client,
      choose: async what => chooseIn(this.#window, what),
      reveal: file => shell.showItemInFolder(file),
      copy: text => clipboard.writeText(text),
      look: look => {
        this.#memory.change(look)
        nativeTheme.themeSource = look.theme
        this.#dress()
      },
      openAtLogin: should => {
        this.#login?.set(should)
        return this.#login?.isOn() === true
      },
      stayOpen: staysOpen => this.#memory.change({ staysOpen }),
      restart: async () => this.#restartEngine(),
      fetchUpdate: async () => {
        if (this.#updates == null) throw new CodedError('not-found', 'This Shoal looks for no updates.')
        await this.#updates.fetch()
      },
      installUpdate: () => {
        if (this.#updates?.isReady !== true) throw new CodedError('not-found', 'There is nothing to install.')
        this.#isInstalling = true
        void this.#quitting.begin()
      },
      left: () => this.#left.resolve()
    })
    const contents = () => this.#window?.webContents
    bindPage({ ipc: ipcMain, contents, origin: PAGE_URL, engine: this.#engine, service, log: this.#log })
  }

  /** Everything that has words on it. */
  #dress(): void {
    this.#t = translationFor(this.#memory.value.language ?? app.getLocale())
    const showLogs = (): void => void shell.openPath(path.join(this.#start.dataDir, 'logs'))
    setMenu({ t: this.#t, ask: ask => this.#ask(ask), showLogs, isPackaged: app.isPackaged })
    this.#tray?.tell(this.#t, this.#isBusy)
  }

  async #openWindow(isHidden: boolean): Promise<void> {
    const window = openWindow({
      memory: this.#memory,
      icon: beside('resources/icon.png'),
      preload: beside('preload.cjs'),
      isHidden,
      closing: () => this.#closing(),
      onGone: exitCode => this.#log.error('page.gone', new CodedError('internal', 'Its process has died'), { exitCode })
    })
    this.#window = window
    window.on('query-session-end', () => void this.#quitting.insist())
    window.on('closed', () => (this.#window = undefined))
    await window.loadURL(PAGE_URL).catch((error: unknown) => this.#log.error('window.load.failed', error))
  }

  #closing(): 'hide' | 'quit' | 'close' {
    if (this.#quitting.signal.aborted || process.platform === 'darwin') return 'close'
    return this.#state.value.staysOpen === true ? 'hide' : 'quit'
  }

  async #startEngine(): Promise<void> {
    for (;;) {
      try {
        return await this.#engine.start(this.#quitting.signal)
      } catch (error) {
        if (this.#quitting.signal.aborted) return
        if (await tellNoEngine(error, this.#start.dataDir, this.#t)) continue
        return this.#quitting.insist()
      }
    }
  }

  /** Asked by the page, which shows what it fails with. */
  async #restartEngine(): Promise<void> {
    const { signal } = this.#quitting
    try {
      await this.#engine.start(signal)
    } catch (error) {
      if (!(await offerRepair(error, this.#start.dataDir, this.#t))) throw error
      await this.#engine.start(signal)
    }
  }

  #engineOptions(): EngineOptions {
    const { dataDir, network, listen, peers, bootstrap, limits, folders } = this.#start
    const options = { dataDir, network, listen, peers, bootstrap, limits, version: this.#version, offline: false }
    return { ...options, folders: folders.length > 0 ? folders : [app.getPath('downloads')] }
  }

  #onEngine(isEngineRunning: boolean): void {
    this.#state.set({ ...this.#state.value, isEngineRunning })
    if (isEngineRunning) void this.#watchEngine()
  }

  /** Again and again: an engine that opens its application anew ends every connection. */
  async #watchEngine(): Promise<void> {
    const parts: Omit<BusyParts, 'client'> = {
      onProgress: progress => this.#window?.setProgressBar(progress ?? -1),
      onBusy: isBusy => this.#onBusy(isBusy),
      onEnded: row => {
        if (this.#window?.isFocused() === true) return
        notifyEnded(row, this.#t, () => this.#ask({ type: 'transfer', id: row.id }))
      }
    }
    while (this.#state.value.isEngineRunning && !this.#quitting.signal.aborted) {
      const client = this.#clientNow()
      if (client == null) return // it has just ended by itself
      await watchTransfers({ ...parts, client }, this.#quitting.signal)
      await setImmediate()
    }
  }

  #clientNow(): BusyParts['client'] | undefined {
    try {
      return this.#engine.client
    } catch {
      return undefined
    }
  }

  #onBusy(isBusy: boolean): void {
    if (isBusy === this.#isBusy) return
    this.#isBusy = isBusy
    this.#tray?.tell(this.#t, isBusy)
    keepAwake(isBusy)
  }

  #ask(ask: WindowAsk): void {
    this.#asks.push(ask)
    this.#show()
  }

  async #open(opened: string, cwd: string): Promise<void> {
    this.#ask(await linkFrom(opened, cwd))
  }

  #show(): void {
    if (this.#window != null) bringToFront(this.#window)
    else if (app.isReady() && !this.#quitting.signal.aborted) void this.#openWindow(false)
  }

  #openUpdates(): Updates {
    return new Updates({
      open: openUpdater,
      network: async () => (await this.#engine.client.node.info({})).network,
      clock: systemClock,
      log: this.#log,
      onChange: update => this.#state.set({ ...this.#state.value, update })
    })
  }

  /** An installation ends the program itself; where it does not, it ends all the same. */
  async #end(): Promise<void> {
    if (this.#isInstalling && this.#updates != null) {
      this.#mayEnd = true
      const late = setTimeout(() => app.exit(), INSTALL_MS)
      try {
        return await this.#updates.install()
      } catch (error) {
        clearTimeout(late)
        this.#log.error('update.install.failed', error)
      }
    }
    app.exit()
  }

  /** The page does now what could still be undone, while there is an engine to do it. */
  async #leavePage(): Promise<void> {
    this.#updates?.[Symbol.dispose]()
    if (this.#window == null || this.#window.webContents.isCrashed()) return
    this.#window.hide()
    this.#asks.push({ type: 'leave' })
    const late = new Promise<void>(resolve => setTimeout(resolve, LEAVE_MS))
    await Promise.race([this.#left.promise, late])
  }

  async #mayQuit(): Promise<boolean> {
    try {
      const { client } = this.#engine
      const sentence = whoWouldWait(await client.share.list({}), await client.peer.list({}), this.#t)
      return sentence == null || (await askToQuit(this.#window, sentence, this.#t))
    } catch {
      return true // there is no engine, so nobody is served
    }
  }
}
