// `app`: readiness, names and paths, single instance, and the order in which everything ends.

import path from 'node:path'
import { closeChromium, startChromium } from './chromium.ts'
import { about, getPath, setPath } from './paths.ts'
import { hasLock, releaseLock, requestLock, type SecondInstance, untilTold } from './single-instance.ts'
import { emitCancellable, record, strict, strictEmitter, words } from './strict.ts'
import { followTargets } from './targets.ts'
import { openWindows } from './windows.ts'

const EVENTS = words(`
  ready will-finish-launching window-all-closed before-quit will-quit quit activate second-instance
  open-url open-file browser-window-created browser-window-focus browser-window-blur
  web-contents-created child-process-gone render-process-gone certificate-error login
  select-client-certificate session-created accessibility-support-changed
`)

class CommandLine {
  readonly switches = new Map<string, string>()
  appendSwitch(name: string, value = ''): void {
    const key = name.toLowerCase()
    const before = this.switches.get(key)
    const isList = before != null && /^(en|dis)able-features$/.test(key)
    this.switches.set(key, isList ? `${before},${value}` : value)
  }
  hasSwitch(name: string): boolean {
    return this.switches.has(name)
  }
  getSwitchValue(name: string): string {
    return this.switches.get(name) ?? ''
  }
  removeSwitch(name: string): void {
    this.switches.delete(name)
  }
}

/** Said by each process that Chromium does not start for root. */
export const sayRefused = (): void =>
  console.error('FATAL: Running as root without --no-sandbox is not supported. See https://crbug.com/638180.')

export class App extends strictEmitter('app', EVENTS) {
  readonly commandLine = strict('app.commandLine', new CommandLine())
  readonly dock = undefined
  isPackaged = false
  badgeCount = 0
  #isReady = false
  #isQuitting = false
  #isExiting = false
  #login = { openAtLogin: false }
  readonly #protocols = new Set<string>()
  readonly #ready = Promise.withResolvers<void>()
  readonly #early: SecondInstance[] = []

  get name(): string {
    return about.name
  }
  set name(name: string) {
    about.name = name
  }
  getName(): string {
    return about.name
  }
  setName(name: string): void {
    about.name = name
  }
  getVersion(): string {
    return about.version
  }
  getAppPath(): string {
    return about.folder
  }
  getPath(name: string): string {
    return getPath(name)
  }
  setPath(name: string, value: string): void {
    setPath(name, value)
  }
  getLocale(): string {
    return this.#isReady ? 'en-US' : ''
  }
  getSystemLocale(): string {
    return 'en-US'
  }
  getPreferredSystemLanguages(): string[] {
    return ['en-US']
  }

  isReady(): boolean {
    return this.#isReady
  }
  whenReady(): Promise<void> {
    return this.#ready.promise
  }
  /** Takes `--no-sandbox` back, as Electron does; every page is sandboxed here anyway. */
  enableSandbox(): void {
    if (this.#isReady) throw new Error('app.enableSandbox() can only be called before app is ready')
    this.commandLine.removeSwitch('no-sandbox')
    this.commandLine.appendSwitch('enable-sandbox')
  }
  /** Not Electron's: whether Chromium refuses to start what shows a page. It does so for root with its sandbox. */
  get refusesRoot(): boolean {
    return process.platform === 'linux' && process.getuid?.() === 0 && !this.commandLine.hasSwitch('no-sandbox')
  }

  requestSingleInstanceLock(data?: Record<string, unknown>): boolean {
    return requestLock(getPath('userData'), data, second => {
      if (this.#isReady) this.#tellOfSecond(second)
      else this.#early.push(second)
    })
  }
  hasSingleInstanceLock(): boolean {
    return hasLock()
  }
  releaseSingleInstanceLock(): void {
    releaseLock()
  }
  #tellOfSecond({ argv, cwd, data }: SecondInstance): void {
    this.emit('second-instance', {}, argv, cwd, data)
  }

  setAsDefaultProtocolClient(scheme: string, ...more: unknown[]): boolean {
    record('app.setAsDefaultProtocolClient', scheme, ...more)
    this.#protocols.add(scheme)
    return true
  }
  isDefaultProtocolClient(scheme: string): boolean {
    return this.#protocols.has(scheme)
  }
  removeAsDefaultProtocolClient(scheme: string): boolean {
    return this.#protocols.delete(scheme)
  }
  setLoginItemSettings(settings: { readonly openAtLogin?: boolean }): void {
    record('app.setLoginItemSettings', settings)
    this.#login = { openAtLogin: settings.openAtLogin ?? false }
  }
  getLoginItemSettings(): { openAtLogin: boolean } {
    return { ...this.#login }
  }
  setBadgeCount(count = 0): boolean {
    this.badgeCount = count
    return true
  }
  getBadgeCount(): number {
    return this.badgeCount
  }
  setAppUserModelId(id: string): void {
    record('app.setAppUserModelId', id)
  }
  setDesktopName(name: string): void {
    record('app.setDesktopName', name)
  }
  setAboutPanelOptions(options: object): void {
    record('app.setAboutPanelOptions', options)
  }
  showAboutPanel(): void {
    record('app.showAboutPanel')
  }
  addRecentDocument(file: string): void {
    record('app.addRecentDocument', file)
  }
  disableHardwareAcceleration(): void {
    record('app.disableHardwareAcceleration')
  }
  focus(options?: object): void {
    record('app.focus', options)
  }
  relaunch(options?: object): void {
    record('app.relaunch', options)
  }

  /** before-quit, then every window's close, then will-quit, quit; any of the first three may call it off. */
  quit(): void {
    if (this.#isQuitting || this.#isExiting) return
    if (emitCancellable(this, 'before-quit', {})) return
    this.#isQuitting = true
    for (const window of Array.from(openWindows)) {
      window.close()
      if (window.isDestroyed()) continue
      this.#isQuitting = false
      return
    }
    this.#finish()
  }
  #finish(): void {
    if (emitCancellable(this, 'will-quit', {})) this.#isQuitting = false
    else this.#end(0)
  }
  /** Asks nobody. Before it is ready at once, and `quit` is not emitted. */
  exit(code = 0): void {
    if (this.#isReady) this.#end(code)
    else process.exit(code)
  }
  #end(code: number): void {
    if (this.#isExiting) return
    this.#isExiting = true
    for (const window of Array.from(openWindows)) window.destroy()
    this.emit('quit', {}, code)
    void Promise.all([untilTold(), closeChromium()]).finally(() => process.exit(code))
  }
  /** Called by the last window that goes. */
  lastWindowGone(): void {
    if (this.#isQuitting || this.#isExiting) return
    if (this.listenerCount('window-all-closed') > 0) this.emit('window-all-closed')
    else this.quit()
  }

  /** Chromium, then `ready`. Not Electron's: boot.ts calls it when the main module is loaded. */
  async start(): Promise<void> {
    if (this.#isExiting) return
    const profile = getPath('sessionData')
    const { version } = await startChromium({
      profile: path.resolve(profile),
      switches: this.commandLine.switches,
      onGone: code => {
        console.error(`stand-in: Chromium ended (${code})`)
        process.exit(1)
      }
    })
    Object.assign(process.versions, { chrome: version })
    if (this.refusesRoot) sayRefused() // of the GPU's process and others that no window is needed for
    await followTargets()
    this.#isReady = true
    this.emit('ready', {}, {})
    this.#ready.resolve()
    for (const second of this.#early.splice(0)) this.#tellOfSecond(second)
  }
}

export const app = new App()
app.setMaxListeners(0)
