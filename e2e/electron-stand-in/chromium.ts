// The one Chromium behind all windows: how it is started, that it reaches nothing but this machine, and how it ends.

import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { findChromium } from '../../app/scripts/chromium.mjs'
import { UNSEEN } from '../chromium-features.ts'
import { type Cdp, type CdpSession, openCdp } from './cdp.ts'

const FLAGS = [
  '--remote-debugging-pipe',
  '--no-startup-window',
  '--no-first-run',
  '--no-default-browser-check',
  '--password-store=basic',
  '--hide-crash-restore-bubble',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-extensions',
  '--disable-default-apps',
  '--disable-dev-shm-usage',
  `--disable-features=${['Translate', 'MediaRouter', 'OptimizationHints', ...UNSEEN].join(',')}`,
  // Electron's pages hear when the other end of a port closes; Chromium's only when asked to.
  '--enable-blink-features=MessagePortCloseEvent',
  // Whatever a page asks for, no name is looked up and no other machine is spoken to.
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost , EXCLUDE [::1]'
]
const CLOSE_WITHIN_MS = 3_000

let cdp: Cdp | undefined
let isClosing = false

export interface ChromiumOptions {
  readonly profile: string
  readonly switches: ReadonlyMap<string, string>
  onGone(code: number | null): void
}

/** Starts it; the switches of the command line and of `app.commandLine` come last and so win, as in Electron. */
export async function startChromium({ profile, switches, onGone }: ChromiumOptions): Promise<{ version: string }> {
  const executable = findChromium()
  if (executable == null) throw new Error('stand-in: no Chromium here: install it, or name it in CHROMIUM')
  const profileFolder = path.join(profile, 'stand-in-chromium')
  mkdirSync(profileFolder, { recursive: true })
  const hasDisplay = Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
  const isRoot = process.getuid?.() === 0
  const given = [...switches]
    .filter(([name]) => name !== 'no-sandbox') // the sandbox stays on wherever it can
    .map(([name, value]) => (value === '' ? `--${name}` : `--${name}=${value}`))
  const args = [
    ...FLAGS,
    ...(hasDisplay ? [] : ['--headless=new', '--disable-gpu']),
    ...(isRoot ? ['--no-sandbox'] : []),
    ...given
  ]
  cdp = openCdp({
    executable,
    args: [`--user-data-dir=${profileFolder}`, ...args],
    onStderr: line => {
      // Playwright waits for these lines on the stderr of what it started.
      const isAwaited = /^DevTools listening on|Unable to open X display/.test(line)
      if (isAwaited || process.env.ELECTRON_ENABLE_LOGGING) process.stderr.write(`${line}\n`)
    },
    onExit: code => {
      if (!isClosing) onGone(code)
    }
  })
  process.on('exit', () => cdp?.process.kill('SIGKILL'))
  const { product } = await cdp.browser.send('Browser.getVersion')
  return { version: product.split('/')[1] ?? '' }
}

/** The session of the browser itself. Throws before it is started. */
export function chromium(): CdpSession {
  if (cdp == null) throw new Error('stand-in: Chromium is not started yet')
  return cdp.browser
}

export function sessionOf(id: string): CdpSession {
  if (cdp == null) throw new Error('stand-in: Chromium is not started yet')
  return cdp.session(id)
}

/** Ends it in order, at the latest after three seconds by force (the exit handler above). */
export async function closeChromium(): Promise<void> {
  isClosing = true
  if (cdp == null || cdp.process.exitCode != null) return
  const ended = new Promise<void>(resolve => cdp?.process.once('exit', () => resolve()))
  const tooLong = new Promise<void>(resolve => setTimeout(resolve, CLOSE_WITHIN_MS).unref())
  cdp.browser.send('Browser.close').catch(() => {}) // it may end before it answers
  await Promise.race([ended, tooLong])
}
