// Starts the fixture app for the conformance spec, under Playwright or on its own, and finds what it leaves behind.

import { _electron, type ElectronApplication, type Page } from '@playwright/test'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { findElectron } from './find-electron.ts'

export const { executable, isReal } = findElectron()
const APP = path.join(import.meta.dirname, 'fixture-app')

/** What fixture-app/main.js keeps in the main process. */
export interface Fixture {
  seen: [name: string, ...details: unknown[]][]
  closed: string[]
  preventClose: boolean
  preventQuit: boolean
  askWorker(): Promise<Record<string, string>>
  openWindow(options?: object): Promise<unknown>
}
declare global {
  var fixture: Fixture
}

export interface Folder extends Disposable {
  readonly dir: string
  readonly log: () => string[]
  /** What is in the folder for temporary files, of the stand-in's own. */
  readonly unpacked: () => string[]
  readonly env: Record<string, string>
}

/** A folder for an instance's data and the log of its end. */
export function openFolder(): Folder {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'fixture-'))
  const file = path.join(dir, 'log')
  // The environment has no undefined values; its type says it might.
  const temp = path.join(dir, 'temp')
  mkdirSync(temp)
  const ours = { FIXTURE_DATA: path.join(dir, 'data'), FIXTURE_LOG: file, TMPDIR: temp }
  const env = { ...(process.env as Record<string, string>), ...ours }
  return {
    dir,
    env,
    unpacked: () => readdirSync(temp).filter(name => name.startsWith('electron-stand-in-')),
    log: () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  }
}

export interface Opened {
  readonly app: ElectronApplication
  readonly page: Page
}

/** `colorScheme: null`, as Playwright would override what the app chooses. */
export async function openApp(folder: Folder, env: Record<string, string> = {}): Promise<Opened> {
  const app = await _electron.launch({
    executablePath: executable,
    args: [APP],
    env: { ...folder.env, ...env },
    colorScheme: null
  })
  const page = await app.firstWindow()
  await page.waitForFunction('globalThis.isReady')
  return { app, page }
}

/** Without Playwright: the command line a user would type. */
export function startApp(folder: Folder, env: Record<string, string> = {}, program = [executable, APP]): ChildProcess {
  const [command = '', ...args] = program
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return spawn(command, [...sandbox, ...args], { env: { ...folder.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
}

export const exitOf = (child: ChildProcess): Promise<number | string | null> =>
  new Promise(resolve => child.once('exit', (code, signal) => resolve(signal ?? code)))

/** The processes whose command line or environment names a folder: all that an instance started. */
export function processesOn(dir: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(id => {
      try {
        return ['cmdline', 'environ'].some(file => readFileSync(`/proc/${id}/${file}`, 'utf8').includes(dir))
      } catch {
        return false // ended meanwhile
      }
    })
}
