// What of others is in our bundles and packages, with the texts under which it may be: THIRD-PARTY-NOTICES.txt. Built from what the bundlers say went in, and
// read back by `npm run pack:check`, which asks the bundles' source maps instead.
import fs from 'node:fs'
import path from 'node:path'

const HEAVY = '='.repeat(80)
const LIGHT = '-'.repeat(80)
const TEXT = /^(licen[sc]e|copying|notice)/i
/** A shorter one is no licence: it says where one is. The shortest there is, 0BSD, has 640. */
export const LEAST_TEXT_CHARS = 600
const HEAD = `Shoal (licence: LICENSE) contains the work of others. Each of them, with its version, and the text it is under:`

/** Packed as they are: what sodium-native loads when Node runs it. */
export const PACKED = [
  'sodium-native',
  'require-addon',
  'bare-addon-resolve',
  'bare-module-resolve',
  'bare-semver',
  'which-runtime'
]
/** Linked into sodium-native's library, so no bundler knows of it. Its version is not told there. */
export const LIBSODIUM = 'libsodium (in sodium-native)'

/** The folder of the package that a file belongs to; undefined for one of ours or the bundler's own. */
export function packageFolder(file) {
  return /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/.exec(file.split(path.sep).join('/'))?.[0]
}

/** Name and version, as in a notice. */
export function packageName(folder) {
  const { name, version } = about(folder)
  return `${name} ${version}`
}

/**
 * Throws when a package has no licence text and names no licence whose text is known.
 * @param {string} root of the repository
 * @param {Iterable<string>} files of all bundles, from the root or absolute
 */
export function notices(root, files) {
  const folders = new Set(PACKED.map(name => path.join(root, 'node_modules', name)))
  for (const file of files) {
    const folder = packageFolder(path.resolve(root, file))
    if (folder != null) folders.add(folder)
  }
  const own = read(path.join(import.meta.dirname, 'licences/libsodium.txt'))
  const byText = new Map([[own, new Set([LIBSODIUM])]])
  for (const folder of folders) {
    const text = licenceText(folder)
    byText.set(text, (byText.get(text) ?? new Set()).add(packageName(folder)))
  }
  const parts = [...byText].map(([text, names]) => `${[...names].sort(byName).join('\n')}\n${LIGHT}\n${text}`)
  return `${[HEAD, ...parts.sort(byName)].join(`\n${HEAVY}\n`)}\n`
}

/** What a text of notices says: a licence text for every name. */
export function readNotices(text) {
  const found = new Map()
  for (const part of text.split(`\n${HEAVY}\n`).slice(1)) {
    const at = part.indexOf(`\n${LIGHT}\n`)
    for (const name of part.slice(0, at).split('\n')) found.set(name, part.slice(at + LIGHT.length + 2))
  }
  return found
}

/** Its own texts; where they are none or only point elsewhere, those of the licences it names: of alternatives MIT, and everything of what holds together. */
function licenceText(folder) {
  const files = fs.readdirSync(folder).filter(name => TEXT.test(name) && fs.statSync(path.join(folder, name)).isFile())
  const own = files.sort(byName).map(name => read(path.join(folder, name)))
  if (own.join('').length >= LEAST_TEXT_CHARS) return own.join('\n\n')
  const { name, license = '', author, repository } = about(folder)
  const named = license.replace(/[()]/g, '')
  const texts = (named.endsWith(' OR MIT') ? ['MIT'] : named.split(' AND ')).map(id => {
    const file = path.join(import.meta.dirname, 'licences', `${id}.txt`)
    if (!/^[\w.-]+$/.test(id) || !fs.existsSync(file))
      throw new Error(`The text of ${name}'s licence (${license}) is not known`)
    return read(file)
  })
  const from = [author?.name ?? author, repository?.url ?? repository].filter(Boolean).join(', ')
  return [...own, `The package brings no licence text. It names ${license}; it comes from ${from}.`, ...texts].join(
    '\n\n'
  )
}

function about(folder) {
  return JSON.parse(read(path.join(folder, 'package.json')))
}

function read(file) {
  return fs
    .readFileSync(file, 'utf8')
    .replaceAll('\r\n', '\n')
    .replace(/^\s*\n|\s+$/g, '')
}

function byName(a, b) {
  return a < b ? -1 : 1
}
