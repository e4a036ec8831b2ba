// Brings a fresh clone to where it can run: installs what is missing, builds what is stale. Runs on Node 20 and needs no
// package. Several may start at once: one works, the others wait. Nothing of it goes to stdout.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export const root = path.resolve(import.meta.dirname, '../..')
const modules = path.join(root, 'node_modules')
const out = path.join(root, 'out')
const WANTED_NODE = 24 // `using`, type stripping, node:sqlite
const LOCK_WAIT_MS = 15 * 60_000

/** The Node every script of the project runs on: this one when new enough, else the one the packages brought. */
export function modernNode() {
  if (Number(process.versions.node.split('.')[0]) >= WANTED_NODE) return process.execPath
  const brought = path.join(modules, '.bin/node')
  if (fs.existsSync(brought)) return brought
  throw new Error(
    `Shoal needs Node ${WANTED_NODE} or newer and this is ${process.version}. Please install it from nodejs.org and run the same command again.`
  )
}

const lockHash = () =>
  createHash('sha256')
    .update(fs.readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex')
const readOr = (file, otherwise) => {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return otherwise
  }
}
const installedStamp = path.join(modules, '.shoal-installed')
const isInstalled = () => readOr(installedStamp, '') === lockHash()

/** Installs the packages of the lock file; a half-finished install has no stamp and is done again. */
export async function ensureInstalled() {
  if (isInstalled()) return
  await alone('install', () => {
    if (isInstalled()) return
    process.stderr.write('Installing what Shoal needs (once; about a minute) ...\n')
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
    const done = spawnSync(npm, args, {
      cwd: root,
      shell: process.platform === 'win32',
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
      env: cleanEnv()
    })
    if (done.status !== 0) throw new Error(`The packages could not be installed:\n${done.stdout}${done.stderr}`)
    fs.writeFileSync(installedStamp, lockHash())
  })
}

/** Builds the bundles in out/ unless they are newer than every source. */
export async function ensureBuilt() {
  const stamp = path.join(out, '.built')
  const isBuilt = () => readOr(stamp, '') === sourcesHash()
  if (isBuilt()) return
  await alone('build', () => {
    if (isBuilt()) return
    const before = sourcesHash()
    const done = spawnSync(modernNode(), [path.join(root, 'app/scripts/build.mjs')], { cwd: root, encoding: 'utf8' })
    if (done.status !== 0) throw new Error(`The build failed:\n${done.stdout}${done.stderr}`)
    fs.writeFileSync(stamp, before)
  })
}

/** Changes when any file that goes into a bundle does: names, sizes and times, not contents, because it runs at every start. */
function sourcesHash() {
  const hash = createHash('sha256').update(lockHash())
  for (const folder of ['app', 'core', 'main', 'renderer']) {
    const top = path.join(root, folder)
    if (!fs.existsSync(top)) continue
    for (const name of fs.readdirSync(top, { recursive: true, encoding: 'utf8' }).sort(byName)) {
      if (/(\.test\.ts|\.md)$/.test(name)) continue
      const stat = fs.statSync(path.join(top, name))
      if (stat.isFile()) hash.update(`${folder}/${name} ${stat.size} ${stat.mtimeMs}\n`)
    }
  }
  return hash.digest('hex')
}

const byName = (a, b) => (a < b ? -1 : 1)

/** Runs one piece of set-up while no other process of this checkout does. A lock left by a dead process is taken over. */
async function alone(what, work) {
  const lock = path.join(root, `.${what}.lock`)
  const deadline = Date.now() + LOCK_WAIT_MS
  for (;;) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const holder = Number(readOr(lock, ''))
    if (holder > 0 && !isAlive(holder)) breakLock(lock, holder)
    else if (Date.now() > deadline)
      throw new Error(`Another Shoal is still busy (${what}). Remove ${lock} if it is not.`)
    else await delay(100)
  }
  try {
    work()
  } finally {
    fs.rmSync(lock, { force: true })
  }
}

/** Two waiters may see the same dead holder: the lock is moved away under a name of one's own, and put back if it had changed hands. */
function breakLock(lock, holder) {
  const mine = `${lock}.${process.pid}`
  try {
    fs.renameSync(lock, mine)
  } catch {
    return
  }
  if (Number(readOr(mine, '')) !== holder) fs.linkSync(mine, lock)
  fs.rmSync(mine, { force: true })
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** npm's own variables would make a nested npm believe it runs the outer script. */
function cleanEnv() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(lifecycle|package|command)/.test(name))
  )
}
