// An instance in the desktop window: Electron where its binary is, else the stand-in, on the built main process.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { _electron } from 'playwright-core'
import { findElectron } from './electron-stand-in/find-electron.ts'
import { listenForComplaints, type Running, type Shell, type Start } from './shell.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

export function electronShell(): Shell {
  return { copiesDropped: false, start: startElectron }
}

async function startElectron(start: Start): Promise<Running> {
  const { args, env, executablePath } = commandOf(start)
  const app = await _electron.launch({ executablePath, args, env, cwd: ROOT })
  const page = await app.firstWindow()
  const complaints = listenForComplaints(page)
  await page.emulateMedia({ colorScheme: start.view.theme ?? 'light', reducedMotion: 'reduce' })
  const child = app.process()
  const over = new Promise<number | null>(resolve => child.once('exit', resolve))
  return {
    page,
    app,
    complaints,
    // the page may not: only its own process may touch the clipboard
    readClipboard: async () => await app.evaluate(({ clipboard }) => clipboard.readText()),
    writeClipboard: async text => await app.evaluate(({ clipboard }, it) => clipboard.writeText(it), text),
    stop: async () => {
      child.kill('SIGTERM') // as a session that ends: nobody is asked who would be cut off
      const code = await over
      if (code !== 0) throw new Error(`The window did not end in good order: ${code ?? child.signalCode ?? 'no code'}`)
    },
    kill: async () => {
      child.kill('SIGKILL')
      await over
    }
  }
}

interface Command {
  readonly executablePath: string
  readonly args: string[]
  readonly env: Record<string, string>
}

function commandOf({ dataDir, folder, flags, network, view, opened }: Start): Command {
  const chromiums = [`--lang=${view.language ?? 'en-GB'}`, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])]
  const ours = ['--data', dataDir, '--network', network, '--folder', folder, ...flags]
  return {
    executablePath: findElectron().executable,
    args: [...chromiums, ROOT, ...ours, ...opened],
    env: { ...definedEnv(), SHOAL_NETWORK: network }
  }
}

/** The program once more, on the same data: what the system does when somebody opens a link while it runs. It must end by itself, in good order. */
export async function startAgain(dataDir: string, opened: readonly string[]): Promise<void> {
  const start = { dataDir, folder: dataDir, flags: [], network: 'loopback', view: {}, opened } as const
  const { executablePath, args, env } = commandOf(start)
  await promisify(execFile)(executablePath, args, { env, cwd: ROOT, timeout: 60_000, killSignal: 'SIGKILL' })
}

function definedEnv(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value == null ? [] : [[name, value]]))
  )
}
