// An instance in the desktop window: Electron where its binary is, else the stand-in, on the built main process.

import { execFile } from 'node:child_process'
import { lstatSync, readlinkSync, rmSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { _electron } from 'playwright-core'
import { findElectron } from './electron-stand-in/find-electron.ts'
import { livingInGroup } from './procfs.ts'
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
      // as a session that ends: nobody is asked who would be cut off
      if (process.platform !== 'win32') child.kill('SIGTERM')
      else await app.evaluate(() => void process.emit('SIGTERM')) // a signal would end it there and then
      const code = await over
      await untilGone(child.pid)
      if (code !== 0) throw new Error(`The window did not end in good order: ${code ?? child.signalCode ?? 'no code'}`)
    },
    kill: async () => {
      signalGroup(child.pid, 'SIGKILL') // its browser too, which would go on writing into its profile
      await over
      await untilGone(child.pid)
      removeSocketFolder(path.join(start.dataDir, 'window'))
    }
  }
}

/** A Chromium that was killed leaves the folder of its socket among the system's temporary ones; its profile says where. */
function removeSocketFolder(userData: string): void {
  for (const profile of [userData, path.join(userData, 'stand-in-chromium')]) {
    const link = path.join(profile, 'SingletonSocket')
    if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() !== true) continue
    const folder = path.dirname(readlinkSync(link))
    if (/^(org\.chromium|scoped_dir)/.test(path.basename(folder))) rmSync(folder, { recursive: true, force: true })
  }
}

/** Playwright starts the program as the leader of a process group. False when nothing is left of it. Windows has none: there the program ends its own. */
function signalGroup(leader: number | undefined, signal: NodeJS.Signals | 0): boolean {
  if (leader == null) return false
  try {
    return process.kill(process.platform === 'win32' ? leader : -leader, signal)
  } catch {
    return false
  }
}

async function untilGone(leader: number | undefined): Promise<void> {
  // whoever collects what the window leaves behind may take its time: Linux says what is alive
  const isLeft = (): boolean =>
    signalGroup(leader, 0) && (process.platform !== 'linux' || livingInGroup(leader ?? 0).length > 0)
  for (const start = performance.now(); isLeft(); await delay(20)) {
    if (performance.now() - start > 10_000) throw new Error('Something of the window is left running')
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
