// app.getPath and setPath, with Electron's defaults for Linux and the nearest thing elsewhere.

import os from 'node:os'
import path from 'node:path'

/** What package.json says of the app, before and after it is read. */
export const about = { name: 'Electron', version: '0.0.0', folder: process.cwd() }
const chosen = new Map<string, string>()

const DEFAULTS: Record<string, () => string> = {
  home: () => os.homedir(),
  appData: () => process.env.XDG_CONFIG_HOME ?? path.join(os.homedir(), '.config'),
  userData: () => path.join(getPath('appData'), about.name),
  sessionData: () => getPath('userData'),
  logs: () => path.join(getPath('userData'), 'logs'),
  temp: () => os.tmpdir(),
  exe: () => process.execPath,
  desktop: () => path.join(os.homedir(), 'Desktop'),
  documents: () => path.join(os.homedir(), 'Documents'),
  downloads: () => path.join(os.homedir(), 'Downloads')
}

export function getPath(name: string): string {
  const path = chosen.get(name) ?? DEFAULTS[name]?.()
  if (path == null) throw new Error(`Failed to get '${name}' path`)
  return path
}

export function setPath(name: string, value: string): void {
  if (!path.isAbsolute(value)) throw new Error('Path must be absolute')
  if (!(name in DEFAULTS)) throw new Error(`Failed to set path`)
  chosen.set(name, value)
}
