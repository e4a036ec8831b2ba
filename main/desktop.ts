// The desktop program while it runs: one window, one engine, what the system shows of them, and quitting in the reverse order.
import { app, type BrowserWindow, clipboard, ipcMain, nativeTheme, shell } from 'electron'
import path from 'node:path'
import type { WindowAsk, WindowState } from '../app/contract/window-contract.ts'
import type { EngineOptions } from '../app/engine/options.ts'
import { openHost } from '../app/host/host.ts'
import { type Log, openLog } from '../app/service/log.ts'
import { ValueFeed } from '../app/service/snapshot-feed.ts'
import { Asks, linkFrom } from './asks.ts'
import { bindPage } from './bind-page.ts'
import { watchTransfers } from './busy.ts'
import { whoWouldWait } from './cut-off.ts'
import { askToQuit, chooseIn, tellNoEngine } from './dialogs.ts'
import { EngineHost } from './engine-host.ts'
import { type LoginItems, loginItems } from './login.ts'
import { setMenu } from './menu.ts'
import { guardContents, PAGE_URL, servePage } from './page-scheme.ts'
import type { Start } from './start-args.ts'
import { openTray, type TrayIcon } from './tray.ts'
import { beside, bringToFront, openWindow } from './window.ts'
import { openMemory, type WindowMemory } from './window-memory.ts'
import { createWindowService } from './window-service.ts'
import { type Say, wordsFor } from './words.ts'

const QUIT_DEADLINE_MS = 10_000 // the engine has 8 s of its own

/** What the second start of the program tells the first. */
interface Told {
  readonly opened: readonly string[]
  readonly cwd: string
}

export class Desktop {
  readonly #start: Start
  readonly #version: string
  readonly #log: Log
  readonly #memory: WindowMemory
  readonly #asks = new Asks()
  readonly #engine: EngineHost
  readonly #quitting = new AbortController()
  readonly #state = new ValueFeed<WindowState>({ openAtLogin: null, staysOpen: null, isEngineRunning: true })
  #window: BrowserWindow | undefined
  #tray: TrayIcon | undefined
  #login: LoginItems | undefined
  #say: Say = wordsFor('en')
  #isBusy = false
  #isQuitAgreed = false

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
    nativeTheme.themeSource = this.#memory.value.theme
    if (app.isPackaged) app.setAsDefaultProtocolClient('shoal')
    servePage(new URL('./ui/', import.meta.url))
    guardContents()
    this.#login = loginItems(app, process.env, app.getPath('exe'))
    this.#tray = openTray({ show: () => this.#show(), quit: () => app.quit() })
    const canStay = this.#tray != null && process.platform !== 'darwin' // a Mac's programs stay without a window anyway
    const staysOpen = canStay ? this.#memory.value.staysOpen : null
    this.#state.set({ ...this.#state.value, openAtLogin: this.#login.isOn(), staysOpen })
    this.#bind()
    this.#dress()
    for (const opened of this.#start.opened) void this.#open(opened, process.cwd())
    void this.#startEngine() // beside the window: the page waits for it, and is painted meanwhile
    await this.#openWindow(this.#start.isHidden)
  }

  /** What may come at any time, some of it before Electron is ready. */
  #listen(): void {
    app.on('second-instance', (_event, _argv, _cwd, data) => {
      const { opened, cwd } = data as Told // main/index.ts of the same program
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
      if (this.#quitting.signal.aborted) return
      event.preventDefault()
      void this.#quit()
    })
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        this.#isQuitAgreed = true // nobody is there to answer
        app.quit()
      })
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
      openAtLogin: should => this.#login?.set(should),
      stayOpen: staysOpen => this.#memory.change({ staysOpen }),
      restart: async () => this.#engine.start(this.#quitting.signal)
    })
    const contents = () => this.#window?.webContents
    bindPage({ ipc: ipcMain, contents, origin: PAGE_URL, engine: this.#engine, service, log: this.#log })
  }

  /** Everything that has words on it. */
  #dress(): void {
    this.#say = wordsFor(this.#memory.value.language ?? app.getLocale())
    const showLogs = (): void => void shell.openPath(path.join(this.#start.dataDir, 'logs'))
    setMenu({ say: this.#say, ask: ask => this.#ask(ask), showLogs, isPackaged: app.isPackaged })
    this.#tray?.tell(this.#say, this.#isBusy)
  }

  async #openWindow(isHidden: boolean): Promise<void> {
    const window = openWindow({
      memory: this.#memory,
      icon: beside('resources/icon.png'),
      preload: beside('preload.cjs'),
      isHidden,
      mayHide: () => !this.#quitting.signal.aborted && this.#state.value.staysOpen === true
    })
    this.#window = window
    window.on('closed', () => (this.#window = undefined))
    await window.loadURL(PAGE_URL).catch((thrown: unknown) => this.#log.error('window.load.failed', thrown))
  }

  async #startEngine(): Promise<void> {
    for (;;) {
      try {
        return await this.#engine.start(this.#quitting.signal)
      } catch (thrown) {
        if (this.#quitting.signal.aborted) return
        if (await tellNoEngine(thrown, this.#start.dataDir, this.#say)) continue
        this.#isQuitAgreed = true
        return app.quit()
      }
    }
  }

  #engineOptions(): EngineOptions {
    const { dataDir, network, listen, peers, bootstrap, limits, folders } = this.#start
    const options = { dataDir, network, listen, peers, bootstrap, limits, version: this.#version, offline: false }
    return { ...options, folders: folders.length > 0 ? folders : [app.getPath('downloads')] }
  }

  #onEngine(isEngineRunning: boolean): void {
    this.#state.set({ ...this.#state.value, isEngineRunning })
    if (!isEngineRunning) return
    const watched = {
      client: this.#engine.client,
      window: () => this.#window,
      say: () => this.#say,
      onBusy: (isBusy: boolean) => {
        if (isBusy !== this.#isBusy) this.#tray?.tell(this.#say, (this.#isBusy = isBusy))
      },
      open: (id: string) => this.#ask({ type: 'transfer', id })
    }
    void watchTransfers(watched, this.#quitting.signal)
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

  async #quit(): Promise<void> {
    if (!this.#isQuitAgreed && !(await this.#mayQuit())) return
    this.#quitting.abort(new DOMException('Quitting', 'AbortError'))
    const late = new Promise(resolve => setTimeout(resolve, QUIT_DEADLINE_MS))
    await Promise.race([this.#engine[Symbol.asyncDispose](), late])
    app.exit()
  }

  async #mayQuit(): Promise<boolean> {
    try {
      const { client } = this.#engine
      const sentence = whoWouldWait(await client.share.list({}), await client.peer.list({}), this.#say)
      return sentence == null || (await askToQuit(this.#window, sentence, this.#say))
    } catch {
      return true // there is no engine, so nobody is served
    }
  }
}
