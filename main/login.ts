// Starting with the session: by the system's own list where Electron knows it, on Linux by a desktop entry (XDG Desktop Application Autostart
// Specification). Only the installed program: a checkout would be started from wherever it lay that day.
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export interface LoginItems {
  /** Null: not possible here. The system's own settings may have changed it. */
  isOn(): boolean | null
  set(should: boolean): void
  /** Whether the system started it with the session and could not say so by an argument. */
  readonly wasStarted: boolean
}

/** The members of Electron's app that are used. */
export interface LoginApp {
  readonly isPackaged: boolean
  getLoginItemSettings(options?: { args: string[] }): {
    openAtLogin: boolean
    wasOpenedAtLogin: boolean // macOS
    status: string // macOS
    executableWillLaunchAtLogin: boolean // Windows
  }
  setLoginItemSettings(settings: { openAtLogin: boolean; args?: string[] }): void
}

/** What Windows knows the program by, among login items and notifications: the `appId` of electron-builder.yml. */
export const APP_ID = 'io.github.shoal-app.shoal'

const ARGS = ['--hidden']

export function loginItems(
  app: LoginApp,
  env: NodeJS.ProcessEnv,
  exe: string,
  platform = process.platform
): LoginItems {
  if (!app.isPackaged) return { isOn: () => null, set: () => {}, wasStarted: false }
  if (platform === 'darwin')
    return {
      // until the user agrees in the system's settings, it would not be started
      isOn: () => {
        const { openAtLogin, status } = app.getLoginItemSettings()
        return openAtLogin && status !== 'requires-approval'
      },
      set: openAtLogin => app.setLoginItemSettings({ openAtLogin }), // takes no arguments there
      wasStarted: app.getLoginItemSettings().wasOpenedAtLogin
    }
  if (platform === 'win32')
    return {
      isOn: () => {
        const { openAtLogin, executableWillLaunchAtLogin } = app.getLoginItemSettings({ args: ARGS })
        return openAtLogin && executableWillLaunchAtLogin // not when it was switched off in the Task Manager
      },
      set: openAtLogin => app.setLoginItemSettings({ openAtLogin, args: ARGS }),
      wasStarted: false
    }
  const config = env.XDG_CONFIG_HOME // must be absolute, else ignored (XDG Base Directory Specification)
  const top = config && path.isAbsolute(config) ? config : path.join(os.homedir(), '.config')
  const file = path.join(top, 'autostart', 'shoal.desktop')
  return {
    isOn: () => statSync(file, { throwIfNoEntry: false }) != null,
    wasStarted: false,
    set(should) {
      if (!should) return rmSync(file, { force: true })
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, entryFor(env.APPIMAGE || exe)) // an AppImage runs from a mount that is gone after it
    }
  }
}

/** Desktop Entry Specification, "The Exec key": quoted, and the characters that mean something inside quotes escaped, twice for the value itself. */
export function entryFor(exe: string): string {
  const quoted = exe
    .replace(/["`$\\]/g, char => `\\${char}`)
    .replaceAll('\\', '\\\\')
    .replaceAll('%', '%%')
  return `[Desktop Entry]\nType=Application\nName=Shoal\nExec="${quoted}" ${ARGS.join(' ')}\nTerminal=false\n`
}
