// npm run bench -- [--row NAME]... [--size BYTES] [--files N] [--runs N] [--json]; the rows `window` and `page` measure what is seen instead,
// `scale` for how long the loop stands still with so many files, and with so many leaves.
// Measures Shoal beside the plain way of doing the same, on this machine, in one go: runs alternate, so that a slow minute meets both.
// Judges nothing: figures are noisy, only their ratio within one run of this program says something.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CLI } from '../peer.ts'
import { openScratch } from '../scratch.ts'
import { formatPage, measurePage } from './page.ts'
import { type BenchOptions, ROWS, neededBytes } from './rows.ts'
import type { Sample } from './sample.ts'
import { formatScale, measureScale, scaleBytes } from './scale.ts'
import { type Result, formatTable } from './table.ts'
import { formatWindow, measureWindow } from './window.ts'

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url))

const { values } = parseArgs({
  options: {
    row: { type: 'string', multiple: true, default: Object.keys(ROWS) },
    size: { type: 'string', default: '1GiB' },
    files: { type: 'string', default: '10000' },
    runs: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false }
  }
})
const options: BenchOptions = { sizeBytes: parseSize(values.size), fileCount: parseCount(values.files) }
const runs = parseCount(values.runs)
if (!existsSync(CLI)) throw new Error('There is no build to measure: run npm run build first.')

const results: Result[] = []
const SEEN = new Set(['window', 'page', 'scale'])
for (const row of values.row) if (!SEEN.has(row)) results.push(await runRow(row))
console.log(`${machine()}\n`)
if (results.length > 0) {
  console.log(`median of ${runs}, alternating; times include the receiver's start\n`)
  console.log(formatTable(results))
}
if (values.row.includes('window')) await printWindow()
if (values.row.includes('page')) await printPage()
if (values.row.includes('scale')) await printScale()
if (values.json) console.log(`\n${writeResults()}`)

async function printWindow(): Promise<void> {
  await using scratch = openScratch(neededBytes(options))
  console.log(formatWindow(await measureWindow(options.sizeBytes, scratch), options.sizeBytes))
}

async function printPage(): Promise<void> {
  await using scratch = openScratch()
  console.log(`median of ${runs}\n${formatPage(await measurePage(runs, scratch))}`)
}

async function printScale(): Promise<void> {
  await using scratch = openScratch(scaleBytes(options.fileCount))
  console.log(formatScale(await measureScale(options.fileCount, scratch)))
}

async function runRow(name: string): Promise<Result> {
  const openRow = ROWS[name]
  if (openRow == null) throw new Error(`No row is called ${name}; there are ${Object.keys(ROWS).join(', ')}.`)
  await using scratch = openScratch(neededBytes(options))
  await using owner = new AsyncDisposableStack() // ends the senders before their folders go
  const row = await openRow(options, scratch, owner)
  const shoal: Sample[] = []
  const baseline: Sample[] = []
  for (let run = 0; run < runs; run++) {
    process.stderr.write(`${row.title}: run ${run + 1} of ${runs}\n`)
    baseline.push(await row.baseline())
    shoal.push(await row.shoal())
  }
  const { title, bytes, baselineTitle } = row
  return { row: name, title, bytes, baselineTitle, shoal, baseline }
}

/** Path of the file, below the checkout. */
function writeResults(): string {
  const at = new Date().toISOString()
  const name = `bench-${at.replaceAll(/[:.]/g, '-')}.json`
  mkdirSync(RESULTS, { recursive: true })
  writeFileSync(`${RESULTS}${name}`, JSON.stringify({ at, machine: machine(), options, runs, results }, null, 2))
  return `e2e/results/${name}`
}

function machine(): string {
  const model = os.cpus()[0]?.model ?? 'unknown processor'
  return `${os.availableParallelism()} × ${model}, Node ${process.versions.node}, commit ${commit()}`
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch {
    return 'unknown'
  }
}

function parseCount(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${text} is not a count.`)
  return value
}

/** `1GiB`, `256MiB`, `64KiB` or bytes. */
function parseSize(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+)(KiB|MiB|GiB)?$/.exec(text) ?? []
  return parseCount(digits) * ({ KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }[unit] ?? 1)
}
