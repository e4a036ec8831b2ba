// What documents and comments cite exists: documents and their headings, crash rules, decisions, files. One form for each, to be looked up:
// a document by its file and heading (`NAME.md, "Heading"`), a decision by its number (`decision 0001`), a file by its path or its bare name.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

const SOURCES = '{core,app,main,renderer,e2e}/**/*.{ts,tsx,mts,mjs,css}'
const TEXTS = [
  '*.{md,yml}',
  '{core,app,main,renderer,e2e}/**/*.{md,yml}',
  '.github/{*,*/*}.{md,yml}',
  '.ci/run',
  '{core,app,main,renderer,e2e}/**/*.{html,svg}'
]
const OWN = 'e2e/citations.test.ts' // holds citations that are bent on purpose

const find = (pattern: string | string[]): string[] =>
  globSync(pattern, { exclude: file => file === 'e2e/results' || file.endsWith('node_modules') })
    .map(file => file.split(path.sep).join('/'))
    .filter(file => file !== OWN)
const sources = find(SOURCES)
const texts = find(TEXTS)
const bareNames = new Set([...sources, OWN].map(file => path.posix.basename(file)))
const decisions = new Set(find('app/docs/decisions/*.md').map(file => path.posix.basename(file).slice(0, 4)))

interface Document {
  /** Without the number in front. */
  readonly headings: ReadonlySet<string>
  /** As GitHub makes them. */
  readonly anchors: ReadonlySet<string>
}
const documents = new Map(texts.filter(file => file.endsWith('.md')).map(file => [file, readDocument(file)]))
const byName = new Map(
  [...documents]
    .filter(([file]) => /^(app\/docs\/)?[A-Z]+\.md$/.test(file))
    .map(([file, it]) => [path.posix.basename(file), it])
)
const crashRules = new Set(readFileSync('app/docs/DESIGN.md', 'utf8').match(/(?<=^- \*\*)R\d/gm))

function readDocument(file: string): Document {
  const text = readFileSync(file, 'utf8').replace(/^```[\s\S]*?^```/gm, '')
  const titles = Array.from(text.matchAll(/^#+ (.+)$/gm), match => (match[1] ?? '').trim())
  return {
    headings: new Set(titles.map(title => title.replace(/^\d+\.? /, ''))),
    anchors: new Set(
      titles.map(title =>
        title
          .toLowerCase()
          .replace(/[^\p{L}\p{N} _-]/gu, '')
          .replaceAll(' ', '-')
      )
    )
  }
}

const COMMENT = /\/\*[\s\S]*?\*\/|(?<![:\w'"`])\/\/.*$/gm
const DOCUMENT = /(?<![\w/-])([A-Z]{4,}\.md)(?:, ["“]([^"”]+)["”])?/g
const OLD_FORM = /\b(?:(?:DESIGN|PRODUCT|FACTS|STYLE)\b(?!\.md)|PROTOCOL,? ["“\d])/g
const DECISION = /\bdecisions? (\d{4}(?:(?:, | and |, and )\d{4})*)/g
const NUMBER_IN_DOCUMENT = /(?<![\w.]|RFC )00\d\d(?!\w|\.\d)/g
const RULE = /\bR\d\b/g
const FILE = /(?<![\w./@*-])(?:core|app|main|renderer|e2e)\/[\w./-]*\w\.(?:ts|tsx|mts|mjs|css|md|html|svg|yml|png)\b/g
const FOLDER = /`((?:core|app|main|renderer|e2e)(?:\/[\w-]+)+)\/?`/g
const MADE = /^e2e\/results\b|\/(?:NAME|NNNN)\b/ // what only a run makes, and names that stand for any
const BARE_NAME = /(?<![\w./@*<-])[\w-]+(?:\.\w+)*\.(?:ts|tsx|mts|mjs)\b/g
const LINK = /\]\(([^)#\s]*)(#[^)\s]+)?\)/g

let seen = 0

/** Every citation in a file that leads nowhere, with its line. */
function broken(file: string, text: string): string[] {
  const found: string[] = []
  const isText = !/\.(?:ts|tsx|mts|mjs|css)$/.test(file)
  // where people write: all of a text, the comments of a source; the rest is blank, so that lines stay what they are
  const prose = isText ? text : onlyComments(text)
  const each = (pattern: RegExp, where: string, fits: (match: RegExpMatchArray) => boolean): void => {
    for (const match of where.matchAll(pattern)) {
      seen++
      if (!fits(match)) found.push(`${file}:${where.slice(0, match.index).split('\n').length}: ${match[0].trim()}`)
    }
  }
  each(DOCUMENT, text, ([, name = '', heading]) => {
    const cited = byName.get(name)
    return cited != null && (heading == null || cited.headings.has(heading))
  })
  each(OLD_FORM, text, () => false)
  each(DECISION, text, ([, numbers = '']) => (numbers.match(/\d{4}/g) ?? []).every(it => decisions.has(it)))
  each(FILE, prose, ([name]) => MADE.test(name) || existsSync(name))
  each(BARE_NAME, prose, ([name]) => bareNames.has(name))
  if (!isText) each(RULE, prose, ([rule]) => crashRules.has(rule))
  if (!file.endsWith('.md')) return found
  const plain = text.replace(/^```[\s\S]*?^```/gm, blank).replace(/`[^`\n]*`/g, blank)
  if (file.startsWith('app/docs/')) each(NUMBER_IN_DOCUMENT, plain, ([number]) => decisions.has(number))
  each(FOLDER, text, ([, name = '']) => MADE.test(name) || existsSync(name))
  each(LINK, plain, ([, target = '', anchor]) => {
    if (/^[a-z]+:/.test(target)) return true
    const to = target === '' ? file : path.posix.join(path.posix.dirname(file), target)
    return existsSync(to) && (anchor == null || documents.get(to)?.anchors.has(anchor.slice(1)) === true)
  })
  return found
}

const blank = (text: string): string => text.replace(/[^\n]/g, ' ')

function onlyComments(text: string): string {
  let out = ''
  let end = 0
  for (const match of text.matchAll(COMMENT)) {
    out += blank(text.slice(end, match.index)) + match[0]
    end = match.index + match[0].length
  }
  return out + blank(text.slice(end))
}

test('what is cited exists', () => {
  seen = 0
  const found = [...sources, ...texts].flatMap(file => broken(file, readFileSync(file, 'utf8')))
  assert.deepEqual(found, [])
  assert.ok(seen > 300, `only ${seen} citations were seen`)
})

test('a bent citation of each kind is found, and a right one is not', () => {
  const right: [file: string, text: string][] = [
    ['core/x.ts', '// As DESIGN.md, "Crash rules", R2 has it (decisions 0001 and 0002); see core/link.ts and link.ts.'],
    ['core/x.css', '/* PROTOCOL.md, "Messages" */'],
    ['core/x.ts', "const nothing = 'core/no-such.ts' // https://core/no"],
    ['app/docs/X.md', '[a](DESIGN.md#crash-rules), (0001), RFC 0003, `00000035 0004`, `core/exchange/`, `core/link.ts`']
  ]
  for (const [file, text] of right) assert.deepEqual(broken(file, text), [], text)
  const bent: [file: string, text: string, cited: string][] = [
    ['core/x.ts', '// DESIGNS.md', 'DESIGNS.md'],
    ['core/x.ts', '// DESIGN.md, "Clash rules"', 'DESIGN.md, "Clash rules"'],
    ['core/x.ts', '\n// DESIGN 3', 'DESIGN'],
    ['core/x.ts', '// PROTOCOL "Messages"', 'PROTOCOL "'],
    ['core/x.ts', '// R9: nothing', 'R9'],
    ['core/x.ts', '// decision 9999', 'decision 9999'],
    ['core/x.ts', '/** decisions 0001 and 9999 */', 'decisions 0001 and 9999'],
    ['core/x.ts', '/**\n * core/no-such.ts */', 'core/no-such.ts'],
    ['core/x.ts', '// what no-such.ts does', 'no-such.ts'],
    ['app/docs/X.md', 'See 0099.', '0099'],
    ['app/docs/X.md', '`core/no-such`', '`core/no-such`'],
    ['app/docs/X.md', '`renderer/no-such/`', '`renderer/no-such/`'],
    ['app/docs/X.md', '[a](NOT.md)', '](NOT.md)'],
    ['app/docs/X.md', '[a](DESIGN.md#clash-rules)', '](DESIGN.md#clash-rules)'],
    ['README.md', '![a](app/docs/images/no-such.png)', '](app/docs/images/no-such.png)']
  ]
  for (const [file, text, cited] of bent) {
    const found = broken(file, text)
    assert.ok(
      found.some(it => it.endsWith(`: ${cited}`)),
      `${text}: ${found.join()}`
    )
  }
})
