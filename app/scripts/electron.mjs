// Electron's binary, for `npm start` and the tests: where it is, or fetched the way its package does it. Nothing here imports the package itself: that alone would
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

/**
 * What the desktop's tests run on: the path of the real one, or undefined for its stand-in. `wanted` (SHOAL_ELECTRON): `real` never means the stand-in and
 * `stand-in` never the real one; without it the real one where it is. Throws one sentence.
 */
export function chooseElectron(wanted = process.env.SHOAL_ELECTRON, fetched = fetchedElectron()) {
  if (wanted === 'stand-in') return undefined
  if (wanted != null && wanted !== '' && wanted !== 'real')
    throw new Error(`SHOAL_ELECTRON is real or stand-in, not ${JSON.stringify(wanted)}.`)
  if (wanted === 'real' && fetched == null)
    throw new Error('SHOAL_ELECTRON asks for the real Electron, and its binary is not in node_modules.')
  return fetched
}

/** Fetches the binary by `node` unless it is there. Throws one sentence. */
export function fetchElectron(node, env = process.env) {
  const found = fetchedElectron()
  if (found != null) return found
  const failed = why => new Error(`Electron's binary is not here and cannot be fetched: ${why}.`)
  if (env.SHOAL_NETWORK === 'loopback') throw failed('SHOAL_NETWORK=loopback allows nothing but this computer')
  const { stderr, error } = spawnSync(node, [path.join(home, 'install.js')], { timeout: FETCH_MS, encoding: 'utf8' })
  const got = fetchedElectron()
  if (got != null) return got
  throw failed(
    error?.code === 'ETIMEDOUT' ? 'it takes too long' : (stderr ?? '').split('\n', 1)[0] || 'no reason was given'
  )
}

/** The same as findElectron, after one try to fetch it by `node`. Not where nothing but this computer may be talked to. */
export function ensureElectron(node, env = process.env) {
  const found = findElectron(env)
  if (found != null || env.ELECTRON_OVERRIDE_DIST_PATH || env.SHOAL_NETWORK === 'loopback') return found
  process.stderr.write('Getting Electron, which shows the window (once) ...\n')
  spawnSync(node, [path.join(home, 'install.js')], { stdio: 'ignore', timeout: FETCH_MS })
  return findElectron(env)
}
