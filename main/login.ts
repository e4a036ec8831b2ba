// Starting with the session: by the system's own list where Electron knows it, on Linux by a desktop entry (XDG Desktop Application Autostart
// Specification). Only the installed program: a checkout would be started from wherever it lay that day.
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export interface LoginItems {
  /** Null: not possible here. */
  isOn(): boolean | null
  set(should: boolean): void
}

/** The members of Electron's app that are used. */
export interface LoginApp {
  readonly isPackaged: boolean
  getLoginItemSettings(options: { args: string[] }): { openAtLogin: boolean }
  setLoginItemSettings(settings: { openAtLogin: boolean; args: string[] }): void
}

const ARGS = ['--hidden']

export function loginItems(
  app: LoginApp,
  env: NodeJS.ProcessEnv,
  exe: string,
  platform = process.platform
): LoginItems {
  if (!app.isPackaged) return { isOn: () => null, set: () => {} }
  if (platform !== 'linux')
    return {
      isOn: () => app.getLoginItemSettings({ args: ARGS }).openAtLogin,
      set: openAtLogin => app.setLoginItemSettings({ openAtLogin, args: ARGS })
    }
  const config = env.XDG_CONFIG_HOME // must be absolute, else ignored (XDG Base Directory Specification)
  const top = config && path.isAbsolute(config) ? config : path.join(os.homedir(), '.config')
  const file = path.join(top, 'autostart', 'shoal.desktop')
  return {
    isOn: () => statSync(file, { throwIfNoEntry: false }) != null,
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
