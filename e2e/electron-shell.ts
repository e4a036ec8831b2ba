// An instance in the desktop window: Electron where its binary is, else the stand-in, on the built main process.

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { _electron } from 'playwright-core'
import { listenForComplaints, type Running, type Shell, type Start } from './shell.ts'
import { execIn } from './web-shell.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const STAND_IN = fileURLToPath(new URL('./electron-stand-in/electron', import.meta.url))

/** The real one where it was downloaded, else the stand-in. Asking the package itself would download it. */
export function findElectron(): string {
  const folder = path.join(ROOT, 'node_modules/electron')
  const name = path.join(folder, 'path.txt')
  const real = existsSync(name) ? path.join(folder, 'dist', readFileSync(name, 'utf8').trim()) : STAND_IN
  return existsSync(real) ? real : STAND_IN
}

export function electronShell(): Shell {
  return { copiesDropped: false, start: startElectron }
}

async function startElectron({ dataDir, folder, flags, network, prefix, view, scratch }: Start): Promise<Running> {
  const found = findElectron()
  const executablePath = prefix.length === 0 ? found : execIn(prefix, scratch)(found)
  const isRoot = process.getuid?.() === 0
  const app = await _electron.launch({
    executablePath,
    args: [
      ...(isRoot ? ['--no-sandbox'] : []),
      ROOT,
      '--data',
      dataDir,
      '--network',
      network,
      '--folder',
      folder,
      ...flags
    ],
    env: { ...definedEnv(), SHOAL_NETWORK: network },
    cwd: ROOT,
    colorScheme: view.theme ?? 'light',
    locale: view.language ?? 'en-GB'
  })
  const page = await app.firstWindow()
  const complaints = listenForComplaints(page)
  return {
    page,
    complaints,
    stop: async () => await app.close(),
    kill: async () => {
      const child = app.process()
      const isOver = child.exitCode != null || child.signalCode != null
      const over = new Promise(resolve => child.once('exit', resolve))
      child.kill('SIGKILL')
      if (!isOver) await over
    }
  }
}

function definedEnv(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value == null ? [] : [[name, value]]))
  )
}
