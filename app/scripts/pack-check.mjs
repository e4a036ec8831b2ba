// Packs the window application for three systems on fake Electron distributions and reads back what came out; then starts the Linux one.
// `npm run pack:check`. Nothing is fetched. Ends with `N passed, N failed`.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { extractAll } from '@electron/asar'
import { getConfig, validateConfiguration } from 'app-builder-lib/out/util/config/config.js'
import { DebugLogger } from 'builder-util'
import { ensureChromium } from './chromium.mjs'
import { chooseElectron } from './electron.mjs'
import { icnsSizes, icoSizes, pngSize } from './icon-files.mjs'
import { packFolders } from './pack/build.mjs'
import { checkFiles } from './pack/check-files.mjs'
import { checkDesktopEntry, checkExe, checkFuses, checkMac, checkUpdateFeed } from './pack/check-systems.mjs'
import { driveTransfer } from './pack/drive.mjs'
import { linuxScripts } from './pack/linux-scripts.mjs'
import { makeFakeElectrons } from './pack/fake-electron.mjs'
import { placesIn } from './pack/read-back.mjs'
import { at, filesBelow, read, root } from './pack/repository.mjs'

const SYSTEMS = ['linux', 'win', 'mac']
const STAND_IN = at('e2e/electron-stand-in/electron')
const NOWHERE = 'http://127.0.0.1:9/' // whatever would be fetched is refused at once
const ICON_BYTES = 100_000

Object.assign(process.env, {
  SHOAL_NETWORK: 'loopback',
  SHOAL_GITHUB_OWNER: 'somebody',
  SHOAL_GITHUB_REPO: 'shoal',
  CSC_IDENTITY_AUTO_DISCOVERY: 'false',
  ELECTRON_MIRROR: NOWHERE,
  ELECTRON_BUILDER_BINARIES_MIRROR: NOWHERE,
  npm_config_offline: 'true'
})
for (const name of Object.keys(process.env)) if (/^(WIN_)?CSC_(LINK|NAME|KEY)/.test(name)) delete process.env[name]

let passed = 0
let failed = 0
let runnable // the packed program for this computer, once it is needed
async function check(what, work) {
  try {
    await work()
    passed++
    console.log(`ok     ${what}`)
  } catch (error) {
    failed++
    console.log(`FAILED ${what}\n${error.message}\n`)
  }
}

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'shoal-pack-'))
process.on('exit', () => fs.rmSync(scratch, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

await check('the configuration is one the builder knows, and it refuses a word it does not know', checkConfiguration)
await check('the icons are drawn from the mark, complete and small', checkIcons)

const electronVersion = JSON.parse(read('node_modules/electron/package.json')).version
const electrons = makeFakeElectrons(path.join(scratch, 'electrons'), electronVersion)
for (const system of SYSTEMS) {
  let packed = []
  await check(`${system}: packs for x64 and arm64`, async () => {
    packed = await packFolders({ root, system, electronDist: electrons[system], output: path.join(scratch, 'out') })
    assert.deepEqual(new Set(packed.map(({ arch }) => arch)), new Set(['x64', 'arm64']))
  })
  for (const one of packed) await checkPacked(one)
}
if (process.platform === 'linux') {
  await check('linux: the packed cryptography loads in plain Node', checkSodium)
  await check('linux: deb and rpm link the launcher', checkLinks)
  await check(
    'linux: the packed program is the command line, without a screen and leaving nothing behind',
    checkCommands
  )
  await check('linux: two of the packed programs start, move a file between them and end in order', checkDrive)
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

async function checkConfiguration() {
  const quiet = new DebugLogger(false)
  const config = await getConfig(root, null, null)
  await validateConfiguration(config, quiet)
  await assert.rejects(validateConfiguration({ ...config, wrongKey: true }, quiet), /wrongKey/)
}

function checkIcons() {
  const resources = at('main/resources')
  const [, fish] = / d="([^"]+)"/.exec(read('renderer/public/mark.svg')) ?? []
  assert.ok(
    fish != null && read('renderer/parts/logo.tsx').includes(`'${fish}'`),
    'the page draws another fish than mark.svg'
  )
  const bytes = name => fs.readFileSync(path.join(resources, name))
  assert.deepEqual(icoSizes(bytes('icon.ico')), [16, 24, 32, 48, 64, 128, 256])
  assert.deepEqual(icnsSizes(bytes('icon.icns')), [16, 32, 64, 128, 256, 512, 1024])
  assert.deepEqual(icoSizes(bytes('tray.ico')), [16, 20, 24, 32, 48])
  const pngs = { 'icon.png': 512, 'tray.png': 24, 'tray@2x.png': 48, 'trayTemplate.png': 18, 'trayTemplate@2x.png': 36 }
  for (const [name, size] of Object.entries(pngs)) assert.equal(pngSize(bytes(name)), size, name)
  for (const size of [16, 24, 32, 48, 64, 128, 256, 512])
    assert.equal(pngSize(bytes(`icons/${size}x${size}.png`)), size)
  for (const name of filesBelow(resources)) assert.ok(bytes(name).length <= ICON_BYTES, `${name} is too large`)
}

async function checkPacked(packed) {
  const { system, arch } = packed
  const places = placesIn(packed)
  const name = `${system} ${arch}`
  await check(`${name}: fuses`, () => checkFuses(places))
  await check(`${name}: exactly the files that belong in`, () => checkFiles(packed, places))
  if (system === 'linux') await check(`${name}: what the desktop is told`, () => checkDesktopEntry(packed.desktopEntry))
  if (system === 'linux') await check(`${name}: where updates are looked for`, () => checkUpdateFeed(places))
  if (system === 'win')
    await check(`${name}: hash of the archive, icon and names in the program`, () => checkExe(places))
  if (system === 'mac')
    await check(`${name}: hash of the archive, links, files and the local network`, () => checkMac(places))
}

/** For this computer. */
function linuxFolder() {
  return path.join(scratch, 'out/linux', process.arch === 'arm64' ? 'linux-arm64-unpacked' : 'linux-unpacked')
}

/** From a folder of its own: nothing of the repository's packages can help. */
function checkSodium() {
  const taken = path.join(scratch, 'taken')
  extractAll(placesIn({ system: 'linux', dir: linuxFolder() }).archive, taken)
  const script = "console.log(require('sodium-native').crypto_aead_chacha20poly1305_ietf_KEYBYTES)"
  const said = execFileSync(process.execPath, ['-e', script], { cwd: taken, encoding: 'utf8' })
  assert.equal(said.trim(), '32')
}

async function checkDrive() {
  const home = path.join(scratch, 'drive')
  fs.mkdirSync(home)
  await driveTransfer(await (runnable ??= runnableProgram()), home)
}

function checkLinks() {
  const { deb, rpm } = linuxScripts(path.join(scratch, 'scripts'))
  assert.deepEqual(deb, rpm)
  const launcher = "'/opt/${sanitizedProductName}/resources/bin/${executable}'"
  const [install, remove] = [deb.afterInstall, deb.afterRemove].map(file => fs.readFileSync(file, 'utf8'))
  assert.ok(install.includes(`ln -sf ${launcher} '/usr/bin/\${executable}'`), install)
  assert.ok(remove.includes(`update-alternatives --remove '\${executable}' ${launcher}`), remove)
}

async function checkCommands() {
  const launcher = path.join(path.dirname(await (runnable ??= runnableProgram())), 'resources/bin/shoal')
  const link = path.join(scratch, 'linked') // as /usr/bin/shoal is
  fs.symlinkSync(launcher, link)
  const temporary = path.join(scratch, 'temporary')
  fs.mkdirSync(temporary)
  const { DISPLAY: _, WAYLAND_DISPLAY: __, ...rest } = process.env
  const env = { ...rest, TMPDIR: temporary }
  const run = args => spawnSync(link, args, { env, encoding: 'utf8', timeout: 60_000 })
  const data = path.join(scratch, 'commands')
  const told = run(['--json', '--data', data, 'info'])
  assert.equal(told.status, 0, told.stderr)
  assert.equal(JSON.parse(told.stdout).event, 'info')
  assert.doesNotMatch(told.stderr, /FATAL|unrecognized flag/)
  assert.equal(run(['--data', data, 'remove', 'nonsense']).status, 2)
  const nothing = run([])
  assert.equal(nothing.status, 2, 'a window without a screen')
  assert.match(nothing.stderr, /No command given/)
  assert.deepEqual(
    fs.readdirSync(temporary).filter(name => name.startsWith('shoal-')),
    []
  )
}

/** With the real Electron where its binary is, else with the stand-in in the place of the fake. */
async function runnableProgram() {
  const real = chooseElectron()
  if (real != null) {
    const output = path.join(scratch, 'real')
    const options = { root, system: 'linux', archs: [process.arch], electronDist: path.dirname(real), output }
    const [packed] = await packFolders(options)
    return placesIn(packed).executable
  }
  ensureChromium()
  const { executable } = placesIn({ system: 'linux', dir: linuxFolder() })
  fs.rmSync(executable)
  fs.symlinkSync(STAND_IN, executable)
  return executable
}
