// The desktop program begins. The order matters: what Chromium must know before it is ready, whose data directory this is, whether a window of it is open
// already. Nothing here is awaited: Electron is ready only once this file has been evaluated.
import { app } from 'electron'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { findCommand } from '../app/cli/args.ts'
import { EXIT_CODES } from '../app/cli/exit-codes.ts'
import { runProgram } from '../app/cli/program.ts'
import { toWire } from '../app/contract/wire-error.ts'
import { claimDataDir } from '../core/store/data-dir.ts'
import type { Intent } from './pending-intents.ts'
import { Desktop } from './desktop.ts'
import { tellFailed } from './dialogs.ts'
import { registerPageScheme } from './page-scheme.ts'
import { parseStart, type Start } from './start-args.ts'
import { translationFor } from './i18n.ts'

const VERSION = process.env.SHOAL_VERSION ?? '0.0.0'

const args = process.argv.slice(app.isPackaged ? 1 : applicationAt() + 1)
app.setName('Shoal')
// every window asks for the sandbox by itself (main/window.ts); this is for whatever else shows a page. It would take back what root needs
if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox()
registerPageScheme()
// where Chromium was told that there is no screen, whatever is asked is asked of the command line
const isHeadless = app.commandLine.getSwitchValue('ozone-platform') === 'headless'
const command = findCommand(args) ?? (isHeadless ? args.slice(args.indexOf('--') + 1) : undefined)
if (command == null) {
  const start = begin()
  if (start != null) void new Desktop(start, VERSION).run()
} else void runCommand(command)

/** `shoal share FILE` from a terminal: the installed program is the command line too, and shows no window then. */
async function runCommand(command: readonly string[]): Promise<void> {
  const profile = mkdtempSync(path.join(tmpdir(), 'shoal-')) // Chromium wants one; one that runs beside the window must not be the window's
  const clean = (): void => rmSync(profile, { recursive: true, force: true, maxRetries: 3 })
  app.setPath('userData', profile)
  app.once('quit', clean)
  process.once('exit', clean) // what was written since
  app.dock?.hide()
  await app.whenReady() // which takes the signals; they are ours from then on
  const end = (status: number): void => app.exit(status)
  end(await runProgram(command, end))
}

/** Undefined: there is nothing to do for this process, and it ends. */
function begin(): Start | undefined {
  const around = { env: process.env, cwd: process.cwd(), version: VERSION }
  try {
    const parsed = parseStart(args[0] === '--' ? args.slice(1) : args, around) // a launcher's (main/resources/bin)
    claimDataDir(parsed.dataDir)
    app.setPath('userData', path.join(parsed.dataDir, 'window'))
    const told: Intent = { opened: [...parsed.opened], cwd: around.cwd }
    if (app.requestSingleInstanceLock(told)) return parsed
    app.quit() // the first one shows what was asked of this one
  } catch (error) {
    tellFailed(error, translationFor(process.env.LANG ?? 'en'))
    app.exit(EXIT_CODES[toWire(error).code])
  }
  return undefined
}

/** From a checkout the command line names the application's folder, after switches that are Electron's. */
function applicationAt(): number {
  return process.argv.findIndex((arg, at) => at > 0 && path.resolve(arg) === path.resolve(app.getAppPath()))
}
