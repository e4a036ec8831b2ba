// What must be in a packed application, and nothing else.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { extractFile } from '@electron/asar'
import { LEAST_TEXT_CHARS, LIBSODIUM, packageFolder, packageName, PACKED, readNotices } from '../notices.mjs'
import { filesIn } from './read-back.mjs'
import { at, below, filesBelow, read } from './repository.mjs'

const NAMES = { linux: 'linux', win: 'win32', mac: 'darwin' } // as Node calls them
const MOST_BYTES = 12_000_000
const BUNDLES = ['main.js', 'preload.cjs', 'engine-worker.js', 'hash-worker.js', 'leaf-worker.js', 'bulk-worker.js']

/** Exactly what belongs in, each file the one that was built, everything under a hash but the one library that the system loads. */
export function checkFiles({ system, arch }, { archive, resources }) {
  const prebuild = `node_modules/sodium-native/prebuilds/${NAMES[system]}-${arch}/sodium-native.node`
  const found = filesIn(archive)
  assert.deepEqual(new Set(found.map(file => file.path)), new Set([...expectedFiles(system), prebuild]))
  for (const file of found) {
    assert.equal(file.isUnpacked, file.path === prebuild, `${file.path} is on the wrong side of the archive`)
    assert.ok(file.isHashed, `${file.path} has no hash`)
  }
  const unpacked = `${archive}.unpacked`
  assert.deepEqual(filesBelow(unpacked), [prebuild])
  assert.deepEqual(fs.readFileSync(path.join(unpacked, prebuild)), fs.readFileSync(at(prebuild)))

  for (const file of found.filter(({ path: name }) => name.startsWith('out/'))) {
    assert.ok(
      extractFile(archive, path.normalize(file.path)).equals(fs.readFileSync(at(file.path))),
      `${file.path} is another one`
    )
  }
  const about = JSON.parse(extractFile(archive, 'package.json').toString())
  const { name, version, main } = JSON.parse(read('package.json'))
  assert.deepEqual({ name: about.name, version: about.version, main: about.main }, { name, version, main })
  for (const key of ['scripts', 'devDependencies']) assert.equal(about[key], undefined, `package.json still has ${key}`)
  const bytes = fs.statSync(archive).size
  assert.ok(bytes < MOST_BYTES, `the archive has ${bytes} bytes`)
  const inResources = ['app.asar', 'app.asar.unpacked', 'app-update.yml', 'icon.icns']
  const others = fs
    .readdirSync(resources)
    .filter(entry => !inResources.includes(entry) && !/\.lproj$|^LICENSE\.|^electron\.icns$/.test(entry))
  assert.deepEqual(others.sort(), ['LICENSE', 'THIRD-PARTY-NOTICES.txt', ...(system === 'mac' ? [] : ['bin'])])
  assert.equal(fs.readFileSync(path.join(resources, 'LICENSE'), 'utf8'), read('LICENSE'))
  checkNotices(fs.readFileSync(path.join(resources, 'THIRD-PARTY-NOTICES.txt'), 'utf8'))
  if (system !== 'mac') checkLauncher(path.join(resources, 'bin'), system === 'win' ? 'shoal.cmd' : 'shoal')
}

/** Whatever is in a bundle, as its source map tells, or packed as it is has its notice with a text, and nothing else has one. */
export function checkNotices(text) {
  const maps = [...BUNDLES.map(name => `out/${name}.map`), ...below('out/ui').filter(name => name.endsWith('.map'))]
  assert.ok(maps.length > BUNDLES.length, 'the page has no source map')
  const sources = maps.flatMap(map => JSON.parse(read(map)).sources.map(source => at(path.dirname(map), source)))
  const bundled = new Set(sources.map(packageFolder).filter(folder => folder != null))
  const names = [...bundled, ...PACKED.map(name => at('node_modules', name))].map(packageName)
  const told = readNotices(text)
  assert.deepEqual(new Set(told.keys()), new Set([...names, LIBSODIUM]))
  for (const [name, licence] of told) assert.ok(licence.length >= LEAST_TEXT_CHARS, `${name} has no licence text`)
}

/** The command line: there alone, as it is here, and for Linux as something that can be run. */
function checkLauncher(folder, name) {
  assert.deepEqual(fs.readdirSync(folder), [name])
  const file = path.join(folder, name)
  assert.deepEqual(fs.readFileSync(file), fs.readFileSync(at('main/resources/bin', name)))
  if (name === 'shoal' && process.platform !== 'win32') assert.equal(fs.statSync(file).mode & 0o777, 0o755)
}

/** What the window needs, from what the bundler wrote and from the packages that sodium-native loads. */
function expectedFiles(system) {
  const icons = {
    linux: ['icon.png', 'tray.png', 'tray@2x.png'],
    win: ['tray.ico', 'tray.png', 'tray@2x.png'],
    mac: ['trayTemplate.png', 'trayTemplate@2x.png']
  }[system]
  const licences = fs.readdirSync(at('out')).filter(name => name.endsWith('.LEGAL.txt') && !name.startsWith('cli.'))
  const page = below('out/ui').filter(name => !name.endsWith('.map'))
  const code = PACKED.flatMap(name => below(`node_modules/${name}`)).filter(name =>
    /(\.js|\/package\.json|\/LICENSE)$/.test(name)
  )
  const out = [...BUNDLES, ...licences, ...icons.map(name => `resources/${name}`)].map(name => `out/${name}`)
  return ['package.json', ...out, ...page, ...code.filter(name => !name.includes('/extensions/'))]
}
