// Runs the tests of a floor: `unit` (property and swarm, beside their files), `all` (unit, then processes, then the specs on every target), `long`.
// Ends with one line, `N passed, N failed`; a run that executed no test has failed. What is skipped is said, and counts as neither; but where everything
// can be run (CI, Linux, root), what this machine is said to lack has failed. Interrupted, it ends what it started and removes what that left.
import { spawn } from 'node:child_process'
import { spec } from 'node:test/reporters'
import { globSync, readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { run } from 'node:test'
import { prepare } from './needs.mjs'
import { announce, Results } from './test-results.mjs'
import { openRunFolders } from './test-folders.mjs'

const root = path.resolve(import.meta.dirname, '../..')
process.chdir(root)
process.env.SHOAL_NETWORK = 'loopback' // nothing a test starts may reach further, unless inside a namespace of its own
process.env.SHOAL_SHELL = 'browser' // no try to download Electron: where it is not, its stand-in is tested

const LONG = /\.long\.test\.ts$/
const find = pattern => globSync(pattern, { cwd: root }).sort()
const TARGETS = ['stand-in', 'web', 'electron']
const DEADLINE = new URL('./test-deadline.mjs', import.meta.url).href
const MINUTE = 60_000 // milliseconds
/** How long each usually takes: on two cores, nothing beside it. What is not over in `withinMs` hangs: limits are for that, not for what is slow. */
const STAGES = {
  unit: {
    what: 'Unit tests',
    usually: '3 minutes',
    withinMs: 15 * MINUTE,
    files: find('{core,app,main,renderer}/**/*.test.ts').filter(file => !LONG.test(file)),
    run: files => runFiles(files, os.availableParallelism(), 6 * MINUTE)
  },
  processes: {
    what: 'Process tests',
    usually: '6 minutes',
    withinMs: 25 * MINUTE,
    files: find('e2e/**/*.test.ts').filter(file => !LONG.test(file)),
    run: files => runFiles(files, 2, 12 * MINUTE) // each starts several nodes, most of which wait for a limited rate
  },
  specs: {
    what: 'Specs of the page and the window, in a browser and on the desktop',
    usually: '11 minutes',
    withinMs: 35 * MINUTE,
    files: find('e2e/**/*.spec.ts'),
    run: files => runSpecs(files)
  },
  long: {
    what: 'Long tests',
    usually: 'up to an hour',
    withinMs: 180 * MINUTE,
    files: find('{core,app,e2e}/**/*.long.test.ts'),
    run: files => runFiles(files, 1, 90 * MINUTE)
  }
}
const FLOORS = {
  unit: { script: 'npm run test:unit', stages: [STAGES.unit], needing: [] },
  all: {
    script: 'npm test',
    stages: [STAGES.unit, STAGES.processes, STAGES.specs],
    needing: [...STAGES.processes.files, ...STAGES.specs.files]
  },
  long: { script: 'npm run test:long', stages: [STAGES.long], needing: STAGES.long.files }
}

const [name = 'all', ...named] = process.argv.slice(2)
const floor = FLOORS[name]
const chosen =
  named.length > 0 ? files => files.filter(file => named.some(part => file.includes(part))) : files => files

const results = new Results(floor.script)
const interrupted = new AbortController()
const folders = openRunFolders()
process.on('exit', () => folders.remove())
// hundreds of processes read the same files; not in the run's folders, as whoever ends late still writes there
process.env.NODE_COMPILE_CACHE = path.join(root, 'node_modules/.cache/compiled')
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => interrupted.abort(new Error(`interrupted by ${signal}`)))

// all that can be known of the machine is known, and said, before what takes long
const { sentences, cannotRun } = prepare(chosen(floor.needing))
for (const sentence of sentences) console.log(sentence)
for (const stage of floor.stages) {
  const files = chosen(stage.files).filter(file => !cannotRun.has(file))
  if (files.length === 0 || interrupted.signal.aborted) continue
  console.log(announce(stage, files.length, files.length === stage.files.length))
  const late = setTimeout(
    () => interrupted.abort(new Error(`${stage.what}: not over after ${stage.withinMs / MINUTE} minutes`)),
    stage.withinMs
  )
  await stage.run(files)
  clearTimeout(late)
}
if (cannotRun.size > 0) console.log([`Test files that were not run: ${cannotRun.size}.`, ...sentences].join(' '))
results.failWithoutName(cannotRun.size)
if (process.env.CI === 'true' && process.platform === 'linux' && process.getuid() === 0)
  results.failWithoutName(results.lacking.length)
if (interrupted.signal.aborted) results.fail(interrupted.signal.reason.message)
for (const line of results.lines()) console.log(line)
if (results.passed + results.failed === 0) console.log('No test was run.')
console.log(`${results.passed} passed, ${results.failed} failed`)
process.exit(results.failed === 0 && results.passed > 0 ? 0 : 1)

/** @param fileMs a file that is not over by then ends red, with what it holds open */
async function runFiles(files, concurrency, fileMs) {
  const { signal } = interrupted
  process.env.SHOAL_TEST_FILE_MS = String(fileMs)
  const execArgv = ['--import', DEADLINE]
  const stream = run({ files: files.map(file => path.join(root, file)), concurrency, cwd: root, signal, execArgv })
  const here = file => (file == null ? undefined : path.relative(root, file))
  stream.on('test:pass', data => {
    if (data.details.type === 'suite') return
    if (data.skip === undefined && data.todo === undefined) results.pass()
    else results.skip(String(data.skip ?? data.todo))
  })
  stream.on('test:fail', data => {
    if (data.details.type !== 'suite')
      results.fail(data.name === data.file ? here(data.file) : data.name, here(data.file))
  })
  stream.on('test:summary', ({ file, duration_ms: ms }) => {
    if (file != null) results.took(here(file), ms)
  })
  for await (const text of stream.compose(spec)) process.stdout.write(text)
}

/** Playwright prints its own list; what became of each is read from its report. */
async function runSpecs(files) {
  const report = path.join(folders.temporary, 'report.json')
  const cli = path.join(root, 'node_modules/@playwright/test/cli.js')
  const patterns = files.map(file => `/${file.replace(/\W/g, '\\$&')}$`) // Playwright takes expressions
  const targets = TARGETS.map(it => `--project=${it}`)
  const args = [cli, 'test', '-c', 'e2e/playwright.config.ts', '--reporter=list,json', ...targets, ...patterns]
  const env = { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: report }
  // told once it ends its browsers and windows in order, told twice it leaves them: a terminal must not tell it too, so it has a process group of its own
  const detached = process.platform !== 'win32'
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env, detached })
  interrupted.signal.addEventListener('abort', () => child.kill('SIGINT'), { once: true })
  const status = await new Promise(resolve => child.once('exit', resolve).once('error', () => resolve(null)))
  const before = results.failed
  results.takeReport(readReport(report))
  if (status !== 0 && results.failed === before) results.fail('Playwright did not come to its end')
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { suites: [] }
  }
}
