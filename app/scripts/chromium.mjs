// A Chromium for the tests of the page: the one named by CHROMIUM, one on the PATH, or Playwright's own. Runs on Node 20.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

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
  if (found != null) return found
  if (process.env.CHROMIUM) throw new Error(`CHROMIUM names ${process.env.CHROMIUM}, and nothing is there.`)
  process.stderr.write('Getting Chromium for the tests of the page (once; some minutes) ...\n')
  for (const attempt of [fromDebian, fromPlaywright]) {
    attempt()
    const got = findChromium()
    if (got != null) return got
  }
  throw new Error(MISSING)
}

function fromDebian() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return
  const options = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  spawnSync('apt-get', ['update', '-qq'], options)
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], options)
}

function fromPlaywright() {
  const cli = path.resolve(import.meta.dirname, '../../node_modules/playwright-core/cli.js')
  spawnSync(process.execPath, [cli, 'install', 'chromium'], { stdio: ['ignore', 'ignore', 'inherit'] })
}
