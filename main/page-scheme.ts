// app://bundle: the page's files, and the only place the window ever shows. What a page may do beyond being seen is decided here too.
import { app, type Protocol, protocol, session } from 'electron'
import { HEADERS } from '../app/host/guard.ts'
import { readPage } from '../app/host/page-files.ts'

const SCHEME = 'app'
const HOST = 'bundle'
export const PAGE_URL = `${SCHEME}://${HOST}/`

/** Before the application is ready. */
export function registerPageScheme(): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true }
  protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges }])
}

/** @param folder where the built page is */
export function servePage(folder: URL, where: Protocol = protocol): void {
  const files = readPage(folder)
  where.handle(SCHEME, ({ url, method }) => {
    const { host, pathname } = new URL(url)
    const file = host === HOST && method === 'GET' ? files.get(pathname) : undefined
    if (file == null) return new Response('Not found', { status: 404, headers: HEADERS })
    return new Response(new Uint8Array(file.body), { headers: { ...HEADERS, 'content-type': file.type } })
  })
}

/** Nothing leads out of the page: no navigation, no second window, no embedded one, no download, no permission. */
export function guardContents(): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', event => event.preventDefault())
    contents.on('will-redirect', event => event.preventDefault())
    contents.on('will-attach-webview', event => event.preventDefault())
    contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  })
  session.defaultSession.on('will-download', event => event.preventDefault())
  session.defaultSession.setSpellCheckerEnabled(false) // what is typed here is names and links
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false))
  session.defaultSession.setPermissionCheckHandler(() => false)
  session.defaultSession.setDevicePermissionHandler(() => false)
}
