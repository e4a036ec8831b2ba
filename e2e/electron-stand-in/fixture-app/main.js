// A small app that uses every part of Electron that the conformance spec asks about. What happens is kept in
// globalThis.fixture, and the order in which it ends is written to FIXTURE_LOG.
import { app, BrowserWindow, ipcMain, protocol } from 'electron'
import { appendFileSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Worker } from 'node:worker_threads'

const here = import.meta.dirname
const { FIXTURE_DATA, FIXTURE_LOG } = process.env
const fixture = { seen: [], closed: [], ports: [], preventClose: false, preventQuit: false, askWorker, openWindow }
globalThis.fixture = fixture

const log = text => {
  if (FIXTURE_LOG) appendFileSync(FIXTURE_LOG, `${text}\n`)
}
const see = (name, ...details) => fixture.seen.push([name, ...details])

app.setPath('userData', FIXTURE_DATA)
if (process.env.FIXTURE_SANDBOX || !app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox()
protocol.registerSchemesAsPrivileged([
  { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } }
])

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json' }
const POLICY =
  "default-src 'none'; script-src 'self' app://bundle; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"

function serve({ url, method }) {
  const { host, pathname } = new URL(url)
  see('request', method, url)
  if (pathname === '/away') return new Response(null, { status: 302, headers: { location: 'app://bundle/index.html' } })
  const name = pathname === '/' ? 'index.html' : path.basename(pathname)
  try {
    if (host !== 'bundle') throw new Error('another host')
    const headers = { 'content-type': TYPES[path.extname(name)], 'content-security-policy': POLICY }
    return new Response(readFileSync(path.join(here, 'page', name)), { headers })
  } catch {
    return new Response('nothing here', { status: 404 })
  }
}

function askWorker() {
  const worker = new Worker(new URL('worker.js', import.meta.url))
  return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
}

async function openWindow(options = {}) {
  const window = new BrowserWindow({
    width: 640,
    height: 480,
    ...options,
    webPreferences: { preload: path.join(here, 'preload.cjs'), sandbox: true, contextIsolation: true }
  })
  for (const name of ['ready-to-show', 'show', 'hide', 'resize', 'maximize', 'unmaximize', 'minimize', 'restore'])
    window.on(name, () => see(name))
  window.on('close', event => {
    log('close')
    if (fixture.preventClose) event.preventDefault()
  })
  window.on('closed', () => log('closed'))
  await window.loadURL('app://bundle/')
  return window
}

ipcMain.handle('echo', (_event, value) => value)
ipcMain.handle('fail', () => {
  throw new RangeError('too far')
})
ipcMain.handle('who', ({ senderFrame, sender }) => ({
  url: senderFrame.url,
  origin: senderFrame.origin,
  isTop: senderFrame.parent === null,
  isMain: senderFrame === sender.mainFrame,
  isWindow: BrowserWindow.fromWebContents(sender) !== null
}))
ipcMain.on('say', (event, ...args) => event.sender.send('said', ...args))
ipcMain.on('connect', (event, name) => {
  const [port] = event.ports
  fixture.ports.push(port)
  port.on('message', ({ data }) => {
    if (data === 'close yourself') port.close()
    else port.postMessage({ name, data })
  })
  port.on('close', () => fixture.closed.push(name))
  port.start()
})

// Electron sets handlers of its own after this module was evaluated, and this one is never asked.
if (process.env.FIXTURE_EARLY) process.on('SIGTERM', () => log('too early'))

for (const name of ['before-quit', 'will-quit', 'quit']) {
  app.on(name, event => {
    log(name)
    if (name === 'before-quit' && fixture.preventQuit) event.preventDefault()
  })
}
app.on('window-all-closed', () => {
  log('window-all-closed')
  app.quit()
})
app.on('second-instance', (_event, argv, cwd, data) => see('second-instance', argv, cwd, data))
app.on('open-url', (_event, url) => see('open-url', url))
app.on('render-process-gone', (_event, contents) => {
  log('render-process-gone')
  see('render-process-gone', contents.id)
})
app.on('web-contents-created', (_event, contents) => {
  see('web-contents-created', contents.id)
  for (const name of ['will-navigate', 'will-redirect'])
    contents.on(name, event => {
      see(name, event.url)
      event.preventDefault()
    })
  contents.on('did-fail-load', (_failed, code) => see('did-fail-load', code))
  contents.on('console-message', ({ message, level }) => see('console-message', level, message))
  contents.setWindowOpenHandler(({ url }) => {
    see('window-open', url)
    return { action: 'deny' }
  })
})

if (process.env.FIXTURE_EXIT) app.exit(7)
app.on('ready', () => see('ready', fixture.isEvaluated === true))
if (process.env.FIXTURE_LOCK && !app.requestSingleInstanceLock({ told: [1, 'two'] })) app.quit()
else {
  void app.whenReady().then(async () => {
    protocol.handle('app', serve)
    await openWindow().catch(error => log(error.message))
  })
}
// A module that takes its time: being ready has to wait for it.
if (process.env.FIXTURE_SLOW) await new Promise(resolve => setTimeout(resolve, 1500))
fixture.isEvaluated = true
