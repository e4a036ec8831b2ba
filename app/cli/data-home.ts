// Where things are when nobody says: each system's own place for an application's data, and the user's Downloads.
import os from 'node:os'
import path from 'node:path'

/** PRODUCT.md, "The command line": Linux $XDG_DATA_HOME/shoal, macOS ~/Library/Application Support/Shoal, Windows %LOCALAPPDATA%\Shoal. */
export function defaultDataDir(env: NodeJS.ProcessEnv, platform = process.platform, home = os.homedir()): string {
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'Shoal')
  if (platform === 'win32') return path.join(env.LOCALAPPDATA || path.join(home, 'AppData', 'Local'), 'Shoal')
  const xdg = env.XDG_DATA_HOME // must be absolute, else ignored (XDG Base Directory Specification)
  return path.join(xdg && path.isAbsolute(xdg) ? xdg : path.join(home, '.local', 'share'), 'shoal')
}

export const downloadsFolder = (home = os.homedir()): string => path.join(home, 'Downloads')
