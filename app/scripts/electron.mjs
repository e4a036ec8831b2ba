// Electron's binary, for `npm start`: where it is, or fetched the way its package does it. Nothing here imports the package itself: that alone would
// start a download. Runs on Node 20.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

const home = path.resolve(import.meta.dirname, '../../node_modules/electron')
const FETCH_MS = 3 * 60_000

/** The path of the binary, else undefined. */
export function findElectron(env = process.env) {
  const named = env.ELECTRON_OVERRIDE_DIST_PATH
  const name = process.platform === 'win32' ? 'electron.exe' : 'electron'
  if (!named) return fetchedElectron()
  const file = path.join(named, name)
  return fs.existsSync(file) ? file : undefined
}

/** The one its package fetched. */
export function fetchedElectron() {
  try {
    const file = path.join(home, 'dist', fs.readFileSync(path.join(home, 'path.txt'), 'utf8').trim())
    return fs.existsSync(file) ? file : undefined
  } catch {
    return undefined
  }
}

/** The same, after one try to fetch it by `node`. Not where nothing but this computer may be talked to. */
export function ensureElectron(node, env = process.env) {
  const found = findElectron(env)
  if (found != null || env.ELECTRON_OVERRIDE_DIST_PATH || env.SHOAL_NETWORK === 'loopback') return found
  process.stderr.write('Getting Electron, which shows the window (once) ...\n')
  spawnSync(node, [path.join(home, 'install.js')], { stdio: 'ignore', timeout: FETCH_MS })
  return findElectron(env)
}
