// The door of every npm script: `node app/scripts/run.mjs NAME ARGS`. Sets up what is missing, then runs NAME on Node 24.
import { spawn } from 'node:child_process'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureElectron } from './electron.mjs'
import { ensureBuilt, ensureInstalled, modernNode, root } from './setup.mjs'

const at = (...parts) => path.join(root, ...parts)
const COMMANDS = {
  start: { file: at('out/cli.js'), args: ['serve'], asCaller: true, isWindow: true },
  dev: { file: at('app/scripts/dev.mjs'), noBuild: true, asCaller: true },
  shoal: { file: at('out/cli.js'), asCaller: true },
  build: { file: at('app/scripts/build.mjs'), noBuild: true },
  check: { file: at('app/scripts/check.mjs'), noBuild: true },
  format: { file: at('app/scripts/format.mjs'), noBuild: true },
  test: { file: at('app/scripts/test.mjs'), args: ['all'] },
  'test:unit': { file: at('app/scripts/test.mjs'), args: ['unit'], noBuild: true },
  'test:long': { file: at('app/scripts/test.mjs'), args: ['long'] },
  simulate: { file: at('app/simulation/main.ts'), noBuild: true },
  bench: { file: at('e2e/bench/main.ts') },
  screenshots: { file: at('e2e/screenshots.ts') },
  icons: { file: at('app/scripts/icons.mjs'), noBuild: true },
  package: { file: at('app/scripts/package.mjs') },
  'pack:check': { file: at('app/scripts/pack-check.mjs') },
  'verify:electron': { file: at('app/scripts/verify-electron.mjs') },
  'pack:drive': { file: at('app/scripts/pack-drive.mjs'), asCaller: true }
}

const START_MS = 10_000 // a window that ends sooner, and not by itself, was none

const [name, ...rest] = process.argv.slice(2)
const command = COMMANDS[name]
if (command == null) fail(`No such script: ${name}. There are: ${Object.keys(COMMANDS).join(', ')}.`)
try {
  await ensureInstalled()
  if (command.noBuild !== true) await ensureBuilt()
  if (command.asCaller && process.env.INIT_CWD) process.chdir(process.env.INIT_CWD) // paths are the caller's; npm moved us
  const isShown = command.isWindow === true && (await inWindow(rest))
  const args = command.isWindow === true ? rest.filter(arg => arg !== '--browser') : rest
  if (!isShown) await run(modernNode(), command.file, [...(command.args ?? []), ...args])
} catch (error) {
  fail(error.message)
}

/** In this process where it is new enough (one process less, signals as they are), else in a child that is waited for. */
async function run(node, file, args) {
  if (node === process.execPath) {
    process.argv = [node, file, ...args]
    await import(pathToFileURL(file).href)
    return
  }
  end(await passOn(spawn(node, [file, ...args], { stdio: 'inherit' })))
}

/** `--port` and `--no-open` are about the page in a browser and nothing else. */
function wantsBrowser(args) {
  const isSaid = args.some(arg => arg === '--browser' || arg === '--no-open' || arg.startsWith('--port'))
  return isSaid || process.env.SHOAL_SHELL === 'browser'
}

/** Whether there is a window now; where there is none but might have been one, why. */
async function inWindow(args) {
  if (wantsBrowser(args)) return false
  if (!hasScreen()) return noWindow('Electron needs a screen for its window, and there is none here')
  const binary = ensureElectron(modernNode())
  if (binary == null) return noWindow('Electron, which shows the window, cannot be had here')
  const startedAt = performance.now()
  const how = await passOn(spawn(binary, [root, ...args], { stdio: 'inherit' }))
  const isAtStart = performance.now() - startedAt < START_MS
  if (how.code === undefined || (isAtStart && !isOurs(how)))
    return noWindow('Electron, which shows the window, is here and cannot be started')
  end(how)
  return true
}

/**
 * Ended in order, refused by Shoal itself (app/cli/exit-codes.ts), or by somebody's wish. What Chromium says no to, as its sandbox on some systems, ends by
 * a trap, an abort or code 1; what is missing of the system's libraries by 127.
 */
function isOurs({ code, signal }) {
  return code === 0 || (code >= 2 && code <= 8) || code === 130 || /^SIG(INT|TERM|HUP|KILL)$/.test(signal)
}

function noWindow(why) {
  process.stderr.write(`${why}: Shoal shows itself in your browser.\n`)
  return false
}

/** Whoever names a binary knows what it needs. */
function hasScreen({ DISPLAY, WAYLAND_DISPLAY, ELECTRON_OVERRIDE_DIST_PATH } = process.env) {
  return process.platform !== 'linux' || Boolean(DISPLAY || WAYLAND_DISPLAY || ELECTRON_OVERRIDE_DIST_PATH)
}

/** Signals to a child until it has ended, and how it did; undefined as its code when it could not be started. */
async function passOn(child) {
  const listeners = {
    SIGINT: () => {}, // the terminal sends it to the child as well, which decides
    SIGTERM: () => child.kill('SIGTERM'),
    SIGHUP: () => child.kill('SIGHUP')
  }
  for (const [signal, listener] of Object.entries(listeners)) process.on(signal, listener)
  const how = await new Promise(resolve => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.once('error', () => resolve({ code: undefined, signal: null }))
  })
  for (const [signal, listener] of Object.entries(listeners)) process.off(signal, listener)
  return how
}

function end({ code, signal }) {
  if (code === undefined) throw new Error('Node cannot be started.')
  process.exitCode = code ?? 128 + (signal === 'SIGKILL' ? 9 : 15)
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`)
  process.exit(1)
}
