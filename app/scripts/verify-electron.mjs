// `npm run verify:electron`: everything that is to be seen on a real Electron, one step after the other, and a line for each at the end. Never on the stand-in.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fetchElectron } from './electron.mjs'

const root = path.resolve(import.meta.dirname, '../..')
const at = (...parts) => path.join(root, ...parts)
const PLAYWRIGHT = at('node_modules/@playwright/test/cli.js')
const CONFIG = ['test', '-c', 'e2e/playwright.config.ts']

/** How a person runs just a step stands beside it. @type {[what: string, args: string[], command: string][]} */
const steps = [
  [
    'conformance',
    [PLAYWRIGHT, ...CONFIG, '--project=stand-in'],
    'npx playwright test -c e2e/playwright.config.ts --project=stand-in'
  ],
  [
    'specs in the window',
    [PLAYWRIGHT, ...CONFIG, '--project=electron'],
    'npx playwright test -c e2e/playwright.config.ts --project=electron'
  ],
  ['packages', [at('app/scripts/pack-check.mjs')], 'npm run pack:check'],
  ['the program, packed', [at('app/scripts/package.mjs'), '--dir'], 'npm run package -- --dir'],
  ['a transfer between two of it', [at('app/scripts/pack-drive.mjs'), packed()], `npm run pack:drive -- ${packed()}`]
]

try {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env
  fetchElectron(process.execPath)
  if (process.platform === 'linux' && !DISPLAY && !WAYLAND_DISPLAY)
    throw new Error('Electron needs a screen for its window, and there is none here (xvfb-run makes one).')
} catch (error) {
  console.log(error.message)
  process.exit(1)
}

fs.rmSync(packed(), { force: true }) // else a failed packing would drive an old one
const env = { ...process.env, SHOAL_ELECTRON: 'real', SHOAL_NETWORK: 'loopback' }
const report = steps.map(([what, args, command]) => {
  console.log(`\n== ${what}`)
  const { status, signal } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env })
  const how = status === 0 ? 'passed' : `FAILED (${signal ?? `exit ${status}`})`
  return { isPassed: status === 0, line: `${how.padEnd(18)} ${what.padEnd(30)} SHOAL_ELECTRON=real ${command}` }
})
const passed = report.filter(it => it.isPassed).length
console.log(`\n${report.map(it => it.line).join('\n')}\n${passed} passed, ${report.length - passed} failed`)
process.exit(passed === report.length ? 0 : 1)

/** Where electron-builder puts the program for this computer. */
function packed() {
  const arm = process.arch === 'arm64' ? '-arm64' : ''
  const places = {
    linux: `release/linux${arm}-unpacked/shoal`,
    darwin: `release/mac${arm}/Shoal.app/Contents/MacOS/Shoal`,
    win32: `release/win${arm}-unpacked/Shoal.exe`
  }
  return places[process.platform] ?? ''
}
