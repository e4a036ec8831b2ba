// npm run bench -- [--row NAME]... [--full] [--runs N] [--size BYTES] [--files N] [--other-build CLI.js] [--json]; without --row every row, those that take
// long with --full only. Measures Shoal beside the plain way of doing the same, on this machine, in one go: runs alternate, so that a slow minute meets both.
// The rows `page` and `scale` print tables of their own, and --growth size|files|peers draws what it costs instead.

import './own-folders.ts'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect, parseArgs } from 'node:util'
import { CLI } from '../peer.ts'
import { openScratch } from '../scratch.ts'
import { formatResults, gather, type Figure, type Result } from './figures.ts'
import { drawGrowth, isGrowth } from './growth.ts'
import { formatPage, measurePage } from './page.ts'
import type { BenchOptions, RowKind } from './row.ts'
import { ROWS } from './rows.ts'
import { formatScale, measureScale, scaleBytes } from './scale.ts'

const IMAGES = fileURLToPath(new URL('../../app/docs/images', import.meta.url))
const RESULTS = fileURLToPath(new URL('../results/', import.meta.url))

const { values } = parseArgs({
  options: {
    row: { type: 'string', multiple: true },
    full: { type: 'boolean', default: false },
    size: { type: 'string', default: '1GiB' },
    files: { type: 'string', default: '10000' },
    runs: { type: 'string', default: '5' },
    'other-build': { type: 'string' },
    growth: { type: 'string', multiple: true, default: [] },
    json: { type: 'boolean', default: false }
  }
})
const options: BenchOptions = {
  sizeBytes: parseSize(values.size),
  fileCount: parseCount(values.files),
  otherBuild: values['other-build'] == null ? undefined : path.resolve(values['other-build'])
}
const runs = parseCount(values.runs)
if (!existsSync(CLI)) throw new Error('There is no build to measure: run npm run build first.')

/** What prints a table of its own, when it is named. */
const OTHERS: Readonly<Record<string, () => Promise<void>>> = { page: printPage, scale: printScale }
const names =
  values.growth.length > 0
    ? []
    : (values.row ?? Object.keys(ROWS).filter(name => values.full || ROWS[name]?.isLong !== true))
for (const name of names) if (ROWS[name] == null && OTHERS[name] == null) failUnknown(name)

console.log(`${machine()}\n`)
const loadBefore = os.loadavg()[0] ?? Number.NaN // processes that run or want to, over the last minute
const results: Result[] = []
for (const name of names) {
  const kind = ROWS[name]
  if (kind == null) continue
  const why = kind.whyNot?.(options)
  if (why != null) console.log(`Row ${name} is not run: ${why}.`)
  try {
    if (why == null) results.push(await runRow(name, kind))
  } catch (error) {
    tellFailed(name, error)
  }
}
if (results.length > 0) console.log(`median of ${runs}, alternating; ${load()}\n\n${formatResults(results)}`)
for (const name of values.growth) {
  if (!isGrowth(name)) throw new Error(`Growth is measured over size, files or peers, not over ${name}.`)
  console.log(`median of ${runs}; ${load()}\n\n${await drawGrowth(name, IMAGES, runs, values.full)}\n`)
}
for (const name of names) await OTHERS[name]?.()
if (values.json) console.log(`\n${writeResults()}`)

async function runRow(name: string, kind: RowKind): Promise<Result> {
  await using scratch = openScratch(kind.roomBytes?.(options))
  await using owner = new AsyncDisposableStack() // ends the senders before their folders go
  const row = await kind.open(options, scratch, owner)
  const rounds: (readonly Figure[])[] = []
  for (let run = 0; run < runs; run++) {
    process.stderr.write(`${name}: run ${run + 1} of ${runs}\n`)
    rounds.push(await row.round())
  }
  const result = { row: name, title: row.title, outcomes: gather(rounds) }
  process.stderr.write(`${formatResults([result])}\n`) // the others take a while, and may be interrupted
  return result
}

/** The others go on. */
function tellFailed(name: string, error: unknown): void {
  for (let it: unknown = error; it != null; it = it instanceof SuppressedError ? it.suppressed : undefined) {
    console.log(`Row ${name} did not come to its end: ${inspect(it instanceof SuppressedError ? it.error : it)}`)
  }
  process.exitCode = 1
}

async function printPage(): Promise<void> {
  await using scratch = openScratch()
  console.log(`median of ${runs}\n${formatPage(await measurePage(runs, scratch))}`)
}

async function printScale(): Promise<void> {
  await using scratch = openScratch(scaleBytes(options.fileCount))
  console.log(formatScale(await measureScale(options.fileCount, scratch)))
}

function failUnknown(name: string): never {
  throw new Error(`No row is called ${name}; there are ${[...Object.keys(ROWS), ...Object.keys(OTHERS)].join(', ')}.`)
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
  const others = ['curl', 'openssl'].map(name => spawnSync(name, [name === 'curl' ? '--version' : 'version'], { encoding: 'utf8' }).stdout?.split(' ').slice(0, 2).join(' ')) // prettier-ignore
  const versions = [`Node ${process.versions.node}`, ...others.filter(it => it != null), `commit ${commit()}`]
  return `${os.availableParallelism()} × ${model}, ${os.type()} ${os.release()}, ${versions.join(', ')}`
}

/** Figures of a machine that does other things say less. */
function load(): string {
  const before = loadBefore.toFixed(1)
  return `load of the machine before ${before}, at the end ${(os.loadavg()[0] ?? Number.NaN).toFixed(1)} on ${os.availableParallelism()} cores`
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
