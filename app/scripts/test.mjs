// Runs the tests of a floor: `unit` (property and swarm, beside their files), `all` (unit, then processes), `long`.
// Ends with one line, `N passed, N failed`; a run that executed no test has failed.
import { spec } from 'node:test/reporters'
import { globSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { run } from 'node:test'
import { ensureChromium } from './chromium.mjs'

const root = path.resolve(import.meta.dirname, '../..')
process.chdir(root)
process.env.SHOAL_NETWORK = 'loopback' // nothing a test starts may reach further, unless inside a namespace of its own

const LONG = /\.long\.test\.ts$/
const find = pattern => globSync(pattern, { cwd: root }).sort()
const unit = find('{core,app,renderer}/**/*.test.ts').filter(file => !LONG.test(file))
const processes = find('e2e/**/*.test.ts').filter(file => !LONG.test(file))
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

let passed = 0
let failed = 0
if (floor === 'all' && chosen(processes).some(file => file.includes('/ui'))) getChromium()
for (const [files, concurrency] of floors[floor]) {
  if (chosen(files).length > 0) await runFiles(chosen(files), concurrency)
}
if (passed + failed === 0) console.log('No test was run.')
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)

async function runFiles(files, concurrency) {
  const stream = run({ files: files.map(file => path.join(root, file)), concurrency, cwd: root })
  stream.on('test:pass', data => {
    if (data.details.type !== 'suite' && data.skip === undefined && data.todo === undefined) passed++
  })
  stream.on('test:fail', data => {
    if (data.details.type !== 'suite') failed++
  })
  for await (const text of stream.compose(spec)) process.stdout.write(text)
}

/** The tests of the page look for it themselves; here it is got where it can be, and asked for where it cannot. */
function getChromium() {
  try {
    ensureChromium()
  } catch (error) {
    failed++
    console.log(error.message)
  }
}
