// What the tests of processes and pages need of a machine beside Node 24 and the packages: looked for before the first of them runs, got where that is
// possible (Debian's package, as root), else said in a sentence. The unit floor needs nothing.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { ensureChromium } from './chromium.mjs'
import { installDebian } from './debian.mjs'

const root = path.resolve(import.meta.dirname, '../..')
const CHROMIUM = 'chromium'
/** Whoever imports one of them starts it. */
const SHOWS_PAGES = ['app/scripts/chromium.mjs', 'e2e/electron-stand-in/find-electron.ts']
/** Programs that tests call on Linux, as root, and the package of Debian each is in. */
const PACKAGES = { ip: 'iproute2', mount: 'mount', nsenter: 'util-linux', setpriv: 'util-linux', unshare: 'util-linux' }
const IMPORT = /\b(?:from|import)[ (]+'(\.[^']+)'/g

/** Names of programs that a test file calls, itself or through what it imports of e2e. */
export function needsOf(file) {
  const needs = new Set(file.endsWith('.spec.ts') ? [CHROMIUM] : [])
  const seen = new Set([file.split(path.sep).join('/')])
  for (const at of seen) {
    if (SHOWS_PAGES.includes(at)) needs.add(CHROMIUM)
    if (!at.startsWith('e2e/')) continue
    const text = fs.readFileSync(path.join(root, at), 'utf8')
    for (const name of Object.keys(PACKAGES)) if (new RegExp(`'${name}[' ]`).test(text)) needs.add(name)
    for (const [, other] of text.matchAll(IMPORT)) seen.add(path.posix.join(path.posix.dirname(at), other))
  }
  return needs
}

/** Gets what these files need. The sentences about what cannot be had, and the files that cannot run without it. */
export function prepare(files) {
  const sentences = new Set()
  const cannotRun = new Set()
  const users = new Map()
  for (const file of files) for (const name of needsOf(file)) users.set(name, [...(users.get(name) ?? []), file])
  for (const [name, its] of users) {
    if (name !== CHROMIUM && whyNoRights() != null) continue // such tests are skipped
    try {
      if (name === CHROMIUM) ensureChromium()
      else ensureProgram(name)
    } catch (error) {
      sentences.add(error.message)
      for (const file of its) cannotRun.add(file)
    }
  }
  if (whyNoRights() != null && [...users.keys()].some(name => name !== CHROMIUM))
    sentences.add(`Some tests will be skipped: ${whyNoRights()}.`)
  return { sentences: [...sentences], cannotRun }
}

let rights
/** Why no test can make mounts, network namespaces and processes of another user here; undefined where it can. */
export function whyNoRights() {
  rights ??= { why: findRights() }
  return rights.why
}

function findRights() {
  if (process.platform !== 'linux') return 'network namespaces, mounts and other users need Linux and root'
  if (process.getuid() !== 0) return 'network namespaces, mounts and other users need root'
  const { status, error } = spawnSync('unshare', ['--net', '--mount', 'true'], { stdio: 'ignore' })
  // without the program nothing is known; it is missed by its name
  return error == null && status !== 0
    ? 'no mounts and network namespaces may be made here, as in many containers'
    : undefined
}

function ensureProgram(name, env = process.env) {
  const isThere = () => (env.PATH ?? '').split(path.delimiter).some(folder => fs.existsSync(path.join(folder, name)))
  if (isThere()) return
  process.stderr.write(`Getting the program ${name} for the tests (once) ...\n`)
  installDebian(PACKAGES[name])
  if (isThere()) return
  throw new Error(
    `Some tests need the program ${name}: please install it (Debian: apt-get install ${PACKAGES[name]}), and run the same command again.`
  )
}
