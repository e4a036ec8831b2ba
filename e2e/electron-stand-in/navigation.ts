// What a page loads: every request passes here. Ours are answered by `protocol.handle`; a main document that the page
// itself asked for may be called off by `will-navigate`; `webRequest` may cancel anything.

import type { CdpSession, Protocol } from './cdp.ts'
import { handlerOf, headerToInner, toInner, toOuter } from './protocol.ts'

type Paused = Protocol.Events['Fetch.requestPaused']

export interface NavigationHandlers {
  isMainFrame(frameId: string): boolean
  /** Whether the page may go there. */
  mayNavigate(url: string): boolean
  mayRedirect(url: string): boolean
  mayRequest(details: object): Promise<boolean>
  onFailed(error: string, url: string): void
}

const ERRORS: Record<string, number> = {
  ERR_FAILED: -2,
  ERR_ABORTED: -3,
  ERR_FILE_NOT_FOUND: -6,
  ERR_BLOCKED_BY_CLIENT: -20,
  ERR_NAME_NOT_RESOLVED: -105
}
export const errorNumber = (name: string): number => ERRORS[name] ?? -2
const NAMES_ADDRESSES = new Set(['content-security-policy', 'content-security-policy-report-only', 'location'])
const withoutHash = (url: string): string => url.replace(/#.*/s, '')

export class Navigation {
  readonly #session: CdpSession
  readonly #handlers: NavigationHandlers
  readonly #askedByPage = new Set<string>()
  #loads = 0

  constructor(session: CdpSession, handlers: NavigationHandlers) {
    this.#session = session
    this.#handlers = handlers
    session.on('Page.frameRequestedNavigation', ({ frameId, url }) => {
      if (handlers.isMainFrame(frameId)) this.#askedByPage.add(withoutHash(url))
    })
    session.on('Fetch.requestPaused', paused => void this.#decide(paused))
  }

  async enable(): Promise<void> {
    await this.#session.send('Fetch.enable', { patterns: [{ urlPattern: '*' }] })
  }

  async #decide(paused: Paused): Promise<void> {
    const { requestId, request } = paused
    const url = toOuter(request.url)
    try {
      if (await this.#isAllowed(paused, url)) await this.#answer(paused, url)
      else await this.#session.send('Fetch.failRequest', { requestId, errorReason: 'Aborted' })
    } catch (error) {
      this.#handlers.onFailed(String(error), url)
      await this.#session.send('Fetch.failRequest', { requestId, errorReason: 'Failed' }).catch(() => {}) // page closed
    }
  }

  async #isAllowed({ frameId, request, resourceType, redirectedRequestId }: Paused, url: string): Promise<boolean> {
    const isMainDocument = resourceType === 'Document' && this.#handlers.isMainFrame(frameId)
    if (isMainDocument && redirectedRequestId != null) return this.#handlers.mayRedirect(url)
    // Chromium reports what a page asks for before it requests it. What the main process or a driver loads is not asked.
    const isAskedByPage = isMainDocument && this.#askedByPage.delete(withoutHash(request.url))
    if (isAskedByPage && !this.#handlers.mayNavigate(url)) return false
    return this.#handlers.mayRequest({ url, method: request.method, resourceType: electronType(resourceType) })
  }

  async #answer({ requestId, request }: Paused, url: string): Promise<void> {
    const handler = handlerOf(new URL(url).protocol.slice(0, -1))
    if (handler == null) {
      await this.#session.send('Fetch.continueRequest', { requestId })
      return
    }
    const entries = request.postDataEntries ?? []
    const body = request.hasPostData
      ? Buffer.concat(entries.map(({ bytes }) => Buffer.from(bytes ?? '', 'base64')))
      : null
    const response = await handler(new Request(url, { method: request.method, headers: request.headers, body }))
    const headers = [...response.headers].map(([name, value]) => ({
      name,
      value: NAMES_ADDRESSES.has(name) ? headerToInner(value) : value
    }))
    await this.#session.send('Fetch.fulfillRequest', {
      requestId,
      responseCode: response.status,
      responseHeaders: headers,
      body: Buffer.from(await response.arrayBuffer()).toString('base64')
    })
  }

  /** Settles when the document is there; rejects with Electron's error. One that was called off fails without a word of why, unless another took its place. */
  async load(url: string): Promise<void> {
    const turn = ++this.#loads
    const { errorText } = await this.#session.send('Page.navigate', { url: toInner(url) })
    if (errorText == null || errorText === '') return
    const code = errorText.replace('net::', '')
    if (code === 'ERR_ABORTED') throw loadError(turn === this.#loads ? 'ERR_FAILED' : code, url)
    this.#handlers.onFailed(code, url)
    throw loadError(code, url)
  }
}

/** What `loadURL` rejects with. */
export function loadError(code: string, url: string): Error {
  const errno = errorNumber(code)
  return Object.assign(new Error(`${code} (${errno}) loading '${url}'`), { code, errno, url })
}

function electronType(type: Protocol.Events['Fetch.requestPaused']['resourceType']): string {
  const names: Partial<Record<typeof type, string>> = {
    Document: 'mainFrame',
    Stylesheet: 'stylesheet',
    Script: 'script',
    Image: 'image',
    Font: 'font',
    XHR: 'xhr',
    Fetch: 'xhr',
    Ping: 'ping',
    CSPViolationReport: 'cspReport',
    Media: 'media'
  }
  return names[type] ?? 'other'
}
