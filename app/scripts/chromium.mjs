// A Chromium for the tests of the page: the one named by CHROMIUM, one on the PATH, or Playwright's own. Runs on Node 20.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { installDebian } from './debian.mjs'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
const MISSING =
  'The tests of the page need Chromium: please install it (Debian: apt-get install chromium) or name it in CHROMIUM, and run the same command again.'

/** The path of one that is there, else undefined. */
export function findChromium(env = process.env) {
  const isThere = file => fs.existsSync(file)
  if (env.CHROMIUM) return isThere(env.CHROMIUM) ? env.CHROMIUM : undefined
  const onPath = (env.PATH ?? '').split(path.delimiter).flatMap(folder => NAMES.map(name => path.join(folder, name)))
  return onPath.find(isThere) ?? inPlaywrightsCache(env).find(isThere)
}

/** What Playwright downloads, newest first. */
function inPlaywrightsCache(env) {
  const caches = {
    linux: path.join(os.homedir(), '.cache/ms-playwright'),
    darwin: path.join(os.homedir(), 'Library/Caches/ms-playwright'),
    win32: path.join(env.LOCALAPPDATA ?? '', 'ms-playwright')
  }
  const top = env.PLAYWRIGHT_BROWSERS_PATH ?? caches[process.platform] ?? ''
  if (!fs.existsSync(top)) return []
  const inside = [
    'chrome-linux/chrome',
    'chrome-linux64/chrome',
    'chrome-mac/Chromium.app/Contents/MacOS/Chromium',
    'chrome-win/chrome.exe',
    'chrome-win64/chrome.exe'
  ]
  const builds = fs.readdirSync(top).filter(name => /^chromium-\d+$/.test(name))
  builds.sort((a, b) => Number(b.slice(9)) - Number(a.slice(9)))
  return builds.flatMap(build => inside.map(file => path.join(top, build, file)))
}

/** The same, after getting one where that is possible: Debian's package as root, else Playwright's download. Throws one sentence. */
export function ensureChromium() {
  const found = findChromium()
  if (found != null) return started(found)
  if (process.env.CHROMIUM) throw new Error(`CHROMIUM names ${process.env.CHROMIUM}, and nothing is there.`)
  process.stderr.write('Getting Chromium for the tests of the page (once; some minutes) ...\n')
  for (const attempt of [() => installDebian('chromium'), fromPlaywright]) {
    attempt()
    const got = findChromium()
    if (got != null) return started(got)
  }
  throw new Error(MISSING)
}

/** The same path, when it is more than a file: not one that lacks libraries of the system, nor a script that tells how to install it. */
function started(file) {
  if (process.platform !== 'linux') return file
  const { status, stderr, error } = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 30_000 })
  if (status === 0) return file
  const [why = ''] = String(error?.message ?? stderr).split('\n')
  throw new Error(`The Chromium for the tests of the page, ${file}, cannot be started (${why}). ${MISSING}`)
}

function fromPlaywright() {
  const cli = path.resolve(import.meta.dirname, '../../node_modules/playwright-core/cli.js')
  spawnSync(process.execPath, [cli, 'install', 'chromium'], { stdio: ['ignore', 'ignore', 'inherit'] })
}
