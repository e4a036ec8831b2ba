// Starts like Electron: its command line, its globals, the app's package.json, the main module, then `ready`.

import { existsSync, readFileSync, statSync } from 'node:fs'
import inspector from 'node:inspector'
import Module, { createRequire, registerHooks } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { app, sayRefused } from './app.ts'
import { unpackAsar } from './asar.ts'
import { electron, names } from './electron.ts'
import { about } from './paths.ts'

const IDS = new Set(['electron', 'electron/main', 'electron/common'])
const SLOW_MS = 10_000

interface CommandLine {
  readonly target: string | undefined
  readonly required: readonly string[]
  readonly inspect: string | undefined
}

/** [-r module]... [--switch[=value]]... <app> [arguments of the app]; a packed app has no <app>. */
function readCommandLine(args: readonly string[], isPackaged: boolean): CommandLine {
  const required: string[] = []
  let target: string | undefined
  let inspect: string | undefined
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? ''
    const [name = '', ...value] = arg.replace(/^--/, '').split('=')
    if (arg === '-r' || arg === '--require') required.push(path.resolve(args[++at] ?? ''))
    else if (name === 'inspect' || name === 'inspect-brk') inspect = value.join('=') || '9229'
    else if (arg === '--') break
    else if (arg.startsWith('--')) app.commandLine.appendSwitch(name, value.join('='))
    else if (!isPackaged) target ??= arg
  }
  return { target, required, inspect }
}

function setGlobals(executable: string, args: readonly string[], isPackaged: boolean): void {
  process.argv = [executable, ...args]
  Object.defineProperties(process, {
    type: { value: 'browser', enumerable: true },
    resourcesPath: { value: path.join(path.dirname(executable), 'resources'), enumerable: true },
    ...(isPackaged ? {} : { defaultApp: { value: true, enumerable: true } })
  })
}

/** `electron` for import and for require, the debugger's require included. */
function offerElectron(): void {
  const url = 'stand-in:electron'
  Object.assign(globalThis, { [Symbol.for(url)]: electron })
  const source = `const electron = globalThis[Symbol.for('${url}')]
export default electron
export const { ${names.join(', ')} } = electron`
  registerHooks({
    resolve: (id, context, next) =>
      IDS.has(id) && !context.conditions.includes('require')
        ? { url, format: 'module', shortCircuit: true }
        : next(id, context),
    load: (loaded, context, next) =>
      loaded === url ? { format: 'module', shortCircuit: true, source } : next(loaded, context)
  })
  // `require` asks this function of Node's; it has no public name.
  const loader = Module as unknown as { _load: (id: string, ...rest: unknown[]) => unknown }
  const load = loader._load
  loader._load = (id, ...rest) => (IDS.has(id) ? electron : Reflect.apply(load, Module, [id, ...rest]))
}

/** The main module of a folder, or of the file itself; tells `app` who it is. */
function findMain(target: string): string {
  const folder = path.resolve(target)
  if (!statSync(folder).isDirectory()) {
    about.folder = path.dirname(folder)
    return folder
  }
  const facts: unknown = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  const fact = (name: string): string | undefined => {
    const value: unknown = Reflect.get(Object(facts), name)
    return typeof value === 'string' ? value : undefined
  }
  about.folder = folder
  about.name = fact('productName') ?? fact('name') ?? about.name
  about.version = fact('version') ?? about.version
  return path.join(folder, fact('main') ?? 'index.js')
}

/**
 * Chromium's way in Electron: the first signal quits in order, a second one kills. Set after the main module was evaluated, it replaces what that set;
 * a listener set later replaces it.
 */
function quitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.removeAllListeners(signal)
    const quit = (): void => {
      process.off(signal, quit)
      if (process.listenerCount(signal) === 0) app.quit()
    }
    process.on(signal, quit)
  }
}

async function start(): Promise<void> {
  const executable = process.env.STAND_IN_EXECUTABLE
  if (executable == null) throw new Error('stand-in: start it by its executable, electron')
  const args = process.argv.slice(2)
  const archive = path.join(path.dirname(executable), 'resources/app.asar')
  app.isPackaged = existsSync(archive)
  const { target, required, inspect } = readCommandLine(args, app.isPackaged)
  if (app.refusesRoot) {
    sayRefused()
    process.kill(process.pid, 'SIGTRAP')
  }
  setGlobals(executable, args, app.isPackaged)
  offerElectron()
  if (inspect != null) inspector.open(Number(inspect.split(':').at(-1)), '127.0.0.1')
  const main = findMain(app.isPackaged ? unpackAsar(archive) : (target ?? '.'))
  const require = createRequire(main)
  for (const module of required) require(module)

  const tooSlow = setTimeout(
    () => console.error(`stand-in: ${main} is still loading; 'ready' comes after it, do not await it at its top level`),
    SLOW_MS
  ).unref()
  await import(pathToFileURL(main).href)
  clearTimeout(tooSlow)
  quitOnSignals()
  await app.start()
}

start().catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
