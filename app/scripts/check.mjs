// Types, lint, format, layers, citations: everything that can be said of the sources without running the program.
import { execFile } from 'node:child_process'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '../..')
const bin = name => path.join(root, 'node_modules/.bin', process.platform === 'win32' ? `${name}.cmd` : name)
/** @type {[name: string, command: string, args: string[]][]} */
const checks = [
  ['types', bin('tsc'), ['-p', '.']],
  ['types of the page', bin('tsc'), ['-p', 'renderer']],
  ['lint', bin('oxlint'), ['--deny-warnings', '.']],
  ['format', bin('prettier'), ['--check', '--log-level', 'warn', '.']],
  ['layers', process.execPath, ['--test', '--test-reporter=dot', 'e2e/layers.test.ts', 'e2e/floors.test.ts']],
  ['citations', process.execPath, ['--test', '--test-reporter=dot', 'e2e/citations.test.ts']]
]

/** Side by side: some of them use one core only. */
const results = checks.map(
  ([, command, args]) =>
    new Promise(resolve =>
      execFile(command, args, { cwd: root, maxBuffer: Infinity }, (error, stdout, stderr) =>
        resolve(error == null ? undefined : `${stdout}${stderr}${typeof error.code === 'number' ? '' : error.message}`)
      )
    )
)
let failed = 0
for (const [at, [name]] of checks.entries()) {
  const complaint = await results[at]
  if (complaint !== undefined) failed++
  console.log(`${complaint === undefined ? 'ok    ' : 'FAILED'} ${name}`)
  if (complaint !== undefined) console.log(complaint)
}
console.log(`${checks.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
