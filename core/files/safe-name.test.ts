import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CodedError } from '../errors.ts'
import { MAX_NAME_BYTES, type NameKind, type Platform } from './safe-name.ts'
import { cleanName, NAME_RULES, nextFreeName, numberedName, placeName, rulesOfSystem, twinKey } from './safe-name.ts'

/** Any UTF-16 code unit: pairs, and halves of pairs, come about by themselves. */
const codeUnits = fc.nat(0xffff).map(code => String.fromCharCode(code))

const platforms = fc.constantFrom<Platform>('linux', 'macos', 'windows')
const kinds = fc.constantFrom<NameKind>('file', 'folder')
const pieces = fc.constantFrom(
  '.lnk', 'desktop.ini', '.{00021401-0000-0000-C000-000000000046}',
  'con', 'NUL', 'LPT1', 'com¹', '.', '..', ' ', '.txt', '.tar.gz', '/', '\\', '\0', '\n', '\u202e', '\u2066', ':', '?', '|', 'é', 'e\u0301',
  'A', 'a', '_', ' (2)', '~1', '\ud83d\udc1f', '\ud800', 'x'.repeat(236), 'ж'.repeat(119), '\ufeff'
) // prettier-ignore
const names = fc
  .array(fc.oneof(pieces, fc.string({ unit: codeUnits, maxLength: 3 })), { maxLength: 6 })
  .map(parts => parts.join(''))

/** What no system may be asked to write, and what this one cannot. */
function assertWritable(name: string, platform: Platform, isFile = true): void {
  assert.ok(name !== '' && name !== '.' && name !== '..' && name.isWellFormed(), JSON.stringify(name))
  assert.doesNotMatch(name, /[/\\\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u)
  assert.ok(Buffer.byteLength(name) <= MAX_NAME_BYTES)
  if (platform !== 'windows') return
  assert.doesNotMatch(name, /[:*?"<>|]|[. ]$/)
  if (isFile) assert.doesNotMatch(name, /\.(lnk|\{[-0-9A-F]{36}\})$|^desktop\.ini$/i)
  assert.doesNotMatch(name.replace(/ *(\..*)?$/s, ''), /^(con|prn|aux|nul|com\d|lpt\d)$/i)
}

test('a name is refused or placed where the platform can hold it, once and for all', () => {
  fc.assert(
    fc.property(names, kinds, platforms, (name, kind, platform) => {
      let placed: string
      try {
        placed = placeName(name, kind, NAME_RULES[platform])
      } catch (error) {
        assert.ok(error instanceof CodedError && error.code === 'unsafe-name', String(error))
        return
      }
      assert.doesNotMatch(name, /[/\\\0]/)
      assertWritable(placed, platform, kind === 'file')
      assert.equal(placeName(placed, kind, NAME_RULES[platform]), placed)
    }),
    { numRuns: 1000 }
  )
})

test('a hint is never refused', () => {
  fc.assert(
    fc.property(names, platforms, (hint, platform) => {
      const name = cleanName(hint, 'fallback', NAME_RULES[platform])
      assertWritable(name, platform)
      assert.equal(cleanName(name, 'other', NAME_RULES[platform]), name)
    }),
    { numRuns: 500 }
  )
  assert.equal(cleanName(`${'x'.repeat(239)} y`, '', NAME_RULES.linux), 'x'.repeat(239))
  const cleaned = [
    '',
    '..',
    '/',
    'a/..',
    '../../etc/passwd',
    'C:\\x\\y.txt',
    'dir/',
    ' a b ',
    '\t',
    'a\0b',
    '.hidden'
  ].map(hint => cleanName(hint, 'fallback', NAME_RULES.linux))
  const expected = [
    'fallback',
    'fallback',
    'fallback',
    'fallback',
    'passwd',
    'y.txt',
    'dir',
    'a b',
    'fallback',
    'a_b',
    '_.hidden'
  ]
  assert.deepEqual(cleaned, expected)
})

test('what every system holds stays as it is', () => {
  for (const name of [
    'a',
    '.hidden',
    'ünï cödé',
    '日本語.txt',
    'a  b',
    '-rf',
    '~',
    "it's",
    '$(x)',
    'x'.repeat(240),
    'console',
    'com',
    'nul-1'
  ]) {
    for (const platform of ['linux', 'macos', 'windows'] as const)
      assert.equal(placeName(name, 'file', NAME_RULES[platform]), name)
  }
  for (const name of ['a:b', 'what?', 'con', 'NUL.txt', 'dot.', 'space ', '<>|*"', ' ']) {
    assert.equal(placeName(name, 'file', NAME_RULES.linux), name)
    assert.equal(placeName(name, 'file', NAME_RULES.macos), name)
    assert.notEqual(placeName(name, 'file', NAME_RULES.windows), name)
  }
})

test('renamed visibly', () => {
  const table: [string, NameKind, Platform, string][] = [
    ['evil\u202etxt.exe', 'file', 'linux', 'evil_txt.exe'],
    ['line\nbreak', 'file', 'linux', 'line_break'],
    ['con', 'folder', 'windows', '_con'],
    ['Aux .tar.gz', 'file', 'windows', '_Aux .tar.gz'],
    ['a:b?', 'file', 'windows', 'a_b_'],
    ['v1.', 'folder', 'windows', 'v1_'],
    ['...', 'folder', 'windows', '.._'],
    ['x'.repeat(300) + '.tar.gz', 'file', 'linux', 'x'.repeat(233) + '.tar.gz'],
    ['x'.repeat(300) + '.gz', 'folder', 'linux', 'x'.repeat(240)],
    ['ж'.repeat(200), 'file', 'linux', 'ж'.repeat(120)],
    ['🐟'.repeat(80) + 'a.md', 'file', 'linux', '🐟'.repeat(59) + '.md'],
    ['con' + ' '.repeat(300) + 'x.txt', 'file', 'windows', '_con' + ' '.repeat(232) + '.txt']
  ]
  for (const [name, kind, platform, expected] of table)
    assert.equal(placeName(name, kind, NAME_RULES[platform]), expected)
})

test('what Windows would act upon is defused there, and nowhere else', () => {
  const defused = [
    'desktop.ini',
    'Desktop.INI',
    'a.lnk',
    'b.URL',
    'c.scf',
    'd.library-ms',
    'e.search-ms',
    'f.website',
    'autorun.inf'
  ]
  for (const name of defused) {
    assert.equal(placeName(name, 'file', NAME_RULES.windows), `${name}.download`)
    assert.equal(cleanName(name, '', NAME_RULES.windows), `${name}.download`)
    for (const platform of ['linux', 'macos'] as const)
      assert.equal(placeName(name, 'file', NAME_RULES[platform]), name)
  }
  assert.equal(placeName('a.lnk', 'folder', NAME_RULES.windows), 'a.lnk', 'a folder is none')
  const hidden = 'photo.jpg.{00021401-0000-0000-C000-000000000046}'
  for (const kind of ['file', 'folder'] as const)
    assert.equal(placeName(hidden, kind, NAME_RULES.windows), `${hidden}.download`)
  for (const name of ['lnk', 'a.lnk.txt', 'desktop.ini.txt', 'my desktop.ini', 'a.ini']) {
    assert.equal(placeName(name, 'file', NAME_RULES.windows), name)
  }
  const long = placeName('x'.repeat(300) + '.lnk', 'file', NAME_RULES.windows)
  assert.match(long, /x\.download$|\.l?n?k?\.download$/)
  assert.equal(Buffer.byteLength(long), 240)
  assert.equal(placeName(long, 'file', NAME_RULES.windows), long)
  for (const odd of ['a.lnk.', 'a.lnk ', 'a.lnk::$DATA'])
    assert.doesNotMatch(placeName(odd, 'file', NAME_RULES.windows), /\.lnk$|[. ]$|:/)
  const twins = nextFreeName('a.lnk.download', 'file', it => it === 'a.lnk.download')
  assert.equal(twins, 'a.lnk (2).download')
})

test('the next free name is numbered before the extension of a file', () => {
  const free = (name: string, kind: NameKind, ...taken: string[]): string =>
    nextFreeName(name, kind, it => taken.includes(it))
  assert.equal(free('a.txt', 'file'), 'a.txt')
  assert.equal(free('a.txt', 'file', 'a.txt'), 'a (2).txt')
  assert.equal(free('a.txt', 'file', 'a.txt', 'a (2).txt', 'a (4).txt'), 'a (3).txt')
  assert.equal(free('a.tar.gz', 'file', 'a.tar.gz'), 'a (2).tar.gz')
  assert.equal(free('v1.2', 'folder', 'v1.2'), 'v1.2 (2)')
  assert.equal(free('.bashrc', 'file', '.bashrc'), '.bashrc (2)')
  assert.equal(free('no extension. here', 'file', 'no extension. here'), 'no extension. here (2)')
  assert.equal(Buffer.byteLength(numberedName('x'.repeat(240), 'folder', 1_000_000)), 240)
})

test('twins are names that some file system takes for one', () => {
  const twins: [string, string][] = [
    ['README', 'readme'], ['é', 'e\u0301'], ['É', 'e\u0301'], ['straße', 'STRASSE'], ['Σ', 'ς'], ['\u212a', 'k'], ['a\u200db', 'AB']
  ] // prettier-ignore
  for (const [a, b] of twins) {
    assert.notEqual(twinKey(a, NAME_RULES.linux), twinKey(b, NAME_RULES.linux))
    assert.equal(twinKey(a, NAME_RULES.macos), twinKey(b, NAME_RULES.macos))
    assert.equal(twinKey(a, NAME_RULES.windows), twinKey(b, NAME_RULES.windows))
  }
  assert.notEqual(twinKey('a', NAME_RULES.windows), twinKey('b', NAME_RULES.windows))
  const { windows, macos, linux } = NAME_RULES
  assert.deepEqual(['win32', 'darwin', 'freebsd'].map(rulesOfSystem), [windows, macos, linux])
})
