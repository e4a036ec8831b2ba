// Runs the tests of a floor: `unit` (property and swarm, beside their files), `all` (unit, then processes, then the specs on every target), `long`.
// Ends with one line, `N passed, N failed`; a run that executed no test has failed. What is skipped is said, and counts as neither; but where everything
// can be run (CI, Linux, root), what this machine is said to lack has failed.
import { spawnSync } from 'node:child_process'
import { spec } from 'node:test/reporters'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { run } from 'node:test'
import { prepare } from './needs.mjs'

const root = path.resolve(import.meta.dirname, '../..')
process.chdir(root)
process.env.SHOAL_NETWORK = 'loopback' // nothing a test starts may reach further, unless inside a namespace of its own
process.env.SHOAL_SHELL = 'browser' // no try to download Electron: where it is not, its stand-in is tested

const LONG = /\.long\.test\.ts$/
const find = pattern => globSync(pattern, { cwd: root }).sort()
const unit = find('{core,app,main,renderer}/**/*.test.ts').filter(file => !LONG.test(file))
const processes = find('e2e/**/*.test.ts').filter(file => !LONG.test(file))
const specs = find('e2e/**/*.spec.ts')
/** Reasons that are about the machine, not about what is tested. */
const LACKING = /\b(root|namespaces?|mount(s|ing)?|tmpfs)\b/
const TARGETS = ['web', 'electron', 'stand-in']
const long = find('{core,app,e2e}/**/*.long.test.ts')

const [floor = 'all', ...named] = process.argv.slice(2)
const chosen =
  named.length > 0 ? files => files.filter(file => named.some(part => file.includes(part))) : files => files
const floors = {
  unit: [[unit, os.availableParallelism()]],
  all: [
    [unit, os.availableParallelism()],
    [processes, 1] // each starts several nodes: side by side they would measure each other
  ],
  long: [[long, 1]]
}
const needing = { unit: [], all: [...processes, ...specs], long }

let passed = 0
let failed = 0
/** Why, one for each. */
const skipped = []
// all that can be known of the machine is known, and said, before what takes long
const { sentences, cannotRun } = prepare(chosen(needing[floor]))
for (const sentence of sentences) console.log(sentence)
const runnable = files => chosen(files).filter(file => !cannotRun.has(file))
for (const [files, concurrency] of floors[floor]) {
  if (runnable(files).length > 0) await runFiles(runnable(files), concurrency)
}
if (floor === 'all' && runnable(specs).length > 0) runSpecs(runnable(specs))
failed += cannotRun.size
if (cannotRun.size > 0) console.log([`Test files that were not run: ${cannotRun.size}.`, ...sentences].join(' '))
const lacking = skipped.filter(why => LACKING.test(why))
if (skipped.length > 0) console.log(`${skipped.length} skipped`)
for (const why of new Set(lacking)) console.log(`${lacking.filter(it => it === why).length} of them: ${why}`)
if (process.env.CI === 'true' && process.platform === 'linux' && process.getuid() === 0) failed += lacking.length
if (passed + failed === 0) console.log('No test was run.')
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)

async function runFiles(files, concurrency) {
  const stream = run({ files: files.map(file => path.join(root, file)), concurrency, cwd: root })
  stream.on('test:pass', data => {
    if (data.details.type === 'suite') return
    if (data.skip === undefined && data.todo === undefined) passed++
    else skipped.push(String(data.skip ?? data.todo))
  })
  stream.on('test:fail', data => {
    if (data.details.type !== 'suite') failed++
  })
  for await (const text of stream.compose(spec)) process.stdout.write(text)
}

/** Playwright prints its own list; what became of each is read from its report. One that passed only at a second try has failed. */
function runSpecs(files) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'shoal-specs-'))
  const report = path.join(folder, 'report.json')
  const cli = path.join(root, 'node_modules/@playwright/test/cli.js')
  const named = files.map(file => `/${file.replace(/\W/g, '\\$&')}$`) // Playwright takes expressions
  const args = [
    cli,
    'test',
    '-c',
    'e2e/playwright.config.ts',
    '--reporter=list,json',
    ...TARGETS.map(it => `--project=${it}`)
  ]
  const env = { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: report }
  const { status } = spawnSync(process.execPath, [...args, ...named], { cwd: root, stdio: 'inherit', env })
  const { stats, suites } = readReport(report)
  rmSync(folder, { recursive: true, force: true })
  passed += stats.expected
  skipped.push(...suites.flatMap(whySkipped))
  failed += stats.unexpected + stats.flaky
  if (status !== 0 && stats.unexpected + stats.flaky === 0) failed++ // it did not come to its end
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { stats: { expected: 0, unexpected: 0, flaky: 0 }, suites: [] }
  }
}

/** The reasons that the tests of a suite of Playwright's report were skipped for, one for each test. */
function whySkipped({ suites = [], specs = [] }) {
  const tests = specs.flatMap(it => it.tests).filter(it => it.status === 'skipped')
  const own = tests.map(it => it.annotations.find(({ type }) => type === 'skip')?.description ?? 'without a reason')
  return [...own, ...suites.flatMap(whySkipped)]
}
