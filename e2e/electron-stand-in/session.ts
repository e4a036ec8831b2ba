// `session.defaultSession`: permissions and webRequest. Chromium asks nobody here, so the app's handlers are asked at every
// load and whenever they change, once for each permission listed below, and what they say is set in Chromium, which then grants or refuses by it.

import { chromium } from './chromium.ts'
import { protocol, toInner } from './protocol.ts'
import { notImplemented, record, strict, strictEmitter } from './strict.ts'

interface AskedPage {
  getURL(): string
  isDestroyed(): boolean
}
type CheckHandler = (page: AskedPage, permission: string, origin: string, details: object) => boolean
type RequestHandler = (
  page: AskedPage,
  permission: string,
  decide: (isGranted: boolean) => void,
  details: object
) => void
type BeforeRequest = (details: object, callback: (response: { readonly cancel?: boolean }) => void) => void

// Electron's name, Chromium's name
const PERMISSIONS = [
  ['clipboard-read', 'clipboard-read'],
  ['clipboard-sanitized-write', 'clipboard-write'],
  ['notifications', 'notifications'],
  ['geolocation', 'geolocation'],
  ['media', 'camera'],
  ['media', 'microphone']
] as const

class Session extends strictEmitter('session', ['will-download', 'preconnect']) {
  readonly protocol = protocol
  #check: CheckHandler | null = null
  #request: RequestHandler | null = null
  #beforeRequest: BeforeRequest | null = null
  readonly #pages = new Set<AskedPage>()
  #clipboardTurn: Promise<unknown> = Promise.resolve()

  readonly webRequest = strict('session.webRequest', {
    onBeforeRequest: (...args: readonly unknown[]) => {
      const listener = args.at(-1) as BeforeRequest | null // by its place: a filter may come first
      if (args.length > 1) throw notImplemented('session.webRequest.onBeforeRequest with a filter')
      this.#beforeRequest = listener
    }
  })

  setPermissionCheckHandler(handler: CheckHandler | null): void {
    this.#check = handler
    this.#settleAll()
  }
  setPermissionRequestHandler(handler: RequestHandler | null): void {
    this.#request = handler
    this.#settleAll()
  }
  setDevicePermissionHandler(handler: unknown): void {
    record('session.setDevicePermissionHandler', handler)
  }
  setDisplayMediaRequestHandler(handler: unknown): void {
    record('session.setDisplayMediaRequestHandler', handler)
  }
  setSpellCheckerEnabled(isEnabled: boolean): void {
    record('session.setSpellCheckerEnabled', isEnabled)
  }
  async setProxy(config: object): Promise<void> {
    record('session.setProxy', config)
  }
  isPersistent(): boolean {
    return true
  }

  #settleAll(): void {
    for (const page of this.#pages) {
      if (page.isDestroyed()) this.#pages.delete(page)
      else void this.settlePermissions(page)
    }
  }
  /** Not Electron's: called when a page has its document. */
  async settlePermissions(page: AskedPage): Promise<void> {
    this.#pages.add(page)
    const url = page.getURL()
    const origin = new URL(toInner(url)).origin
    if (!/^https?:/.test(origin)) return
    await Promise.all(
      PERMISSIONS.map(async ([permission, name]) => {
        const isGranted = await this.#isGranted(page, permission, url)
        const setting = isGranted ? 'granted' : 'denied'
        await chromium().send('Browser.setPermission', { permission: { name }, setting, origin })
      })
    )
  }
  /** Not Electron's: for the main process, which asks no permission of itself. One at a time. */
  async withClipboard(page: AskedPage, use: () => Promise<unknown>): Promise<unknown> {
    const turn = this.#clipboardTurn.then(async () => {
      const { origin } = new URL(toInner(page.getURL()))
      const grant = async (name: string): Promise<unknown> =>
        chromium().send('Browser.setPermission', { permission: { name }, setting: 'granted', origin })
      await Promise.all([grant('clipboard-read'), grant('clipboard-write')])
      try {
        return await use()
      } finally {
        await this.settlePermissions(page)
      }
    })
    this.#clipboardTurn = turn.catch(() => {}) // the caller hears of it
    return turn
  }
  async #isGranted(page: AskedPage, permission: string, requestingUrl: string): Promise<boolean> {
    const details = { isMainFrame: true, requestingUrl }
    const isAllowed = this.#check?.(page, permission, new URL(requestingUrl).href, details) ?? true
    const request = this.#request
    if (!isAllowed || request == null) return isAllowed
    return new Promise(resolve => request(page, permission, resolve, details))
  }

  /** Not Electron's: whether webRequest lets a request pass. */
  async mayRequest(details: object): Promise<boolean> {
    const listener = this.#beforeRequest
    if (listener == null) return true
    return new Promise(resolve => listener(details, ({ cancel }) => resolve(cancel !== true)))
  }
}
export type { Session }

export const session = strict('session', { defaultSession: new Session() })
