// `npm run dev`: the page from its sources, replaced in the browser as they change, before a host that runs from its sources and is started again when those
// change. On this computer only. Options are those of `shoal serve`; `--port` is the page's.
import path from 'node:path'
import { createServer } from 'vite'
import { HEADERS, newToken } from '../host/guard.ts'
import { createGateway } from './dev/gateway.mjs'
import { openRestartingHost } from './dev/restarting-host.mjs'
import { root } from './setup.mjs'

const PORT = 4173
const SETTLE_MS = 150 // an editor, and even more a change of branch, writes several files
const DEV_DIR = path.join(root, 'out/dev')

const { port, others } = takePort(process.argv.slice(2))
const token = newToken()
const nonce = newToken()
/** @type {import('./dev/gateway.mjs').Target | undefined} */
let target
const gateway = createGateway(token, () => target)

const host = openRestartingHost(
  ['--json', ...dataArgs(others), 'serve', '--no-open', '--port', '0', ...others],
  url => {
    target =
      url == null ? undefined : { port: Number(new URL(url).port), token: new URL(url).hash.replace('#token=', '') }
  }
)
const vite = await createServer({
  configFile: path.join(root, 'renderer/vite.config.ts'),
  cacheDir: path.join(DEV_DIR, 'vite'),
  server: { host: '127.0.0.1', port, cors: false, headers: headersWith(nonce) },
  html: { cspNonce: nonce },
  plugins: [{ name: 'shoal-host', configureServer: join }]
})

/** @param {import('vite').ViteDevServer} server */
function join(server) {
  server.middlewares.use((request, response, next) => {
    if (request.url.startsWith('/api/')) gateway.answer(request, response)
    else next()
  })
  server.httpServer.on('upgrade', (request, socket, head) => {
    if (request.url === '/rpc') gateway.upgrade(request, socket, head)
  })
}

let timer
vite.watcher.add(['core', 'app'].map(folder => path.join(root, folder)))
vite.watcher.on('all', (_event, file) => {
  if (!isEngineSource(path.relative(root, file).split(path.sep).join('/'))) return
  clearTimeout(timer)
  timer = setTimeout(() => {
    process.stderr.write('A source has changed: the host is started again.\n')
    host.restart()
  }, SETTLE_MS)
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stop())
await vite.listen()
host.restart()
const url = `http://127.0.0.1:${vite.httpServer.address().port}/#token=${token}`
process.stdout.write(`${others.includes('--json') ? JSON.stringify({ event: 'ui', url }) : url}\n`)

/** As the host sends them, so that what the page's policy forbids is seen here too; but the development server's own scripts and styles stand in the page. */
function headersWith(own) {
  const policy = HEADERS['content-security-policy'].replace(/(script|style)-src 'self'/g, `$& 'nonce-${own}'`)
  return { ...HEADERS, 'content-security-policy': policy }
}

/** Of its own, so that it runs beside the Shoal one uses. */
function dataArgs(args) {
  const isSaid = process.env.SHOAL_DATA || args.some(arg => arg.startsWith('--data'))
  return isSaid ? [] : ['--data', path.join(DEV_DIR, 'data')]
}

function takePort(args) {
  const at = args.indexOf('--port')
  if (at < 0) return { port: PORT, others: args }
  return { port: Number(args[at + 1]), others: args.toSpliced(at, 2) }
}

/** What the host and its threads run. */
function isEngineSource(file) {
  return /^(core|app)\/.*\.ts$/.test(file) && !/^app\/scripts\/|\.test\.ts$/.test(file)
}

async function stop() {
  clearTimeout(timer)
  await Promise.all([host.stop(), vite.close()])
  process.exit(0)
}
