// Types, lint, format, layers, citations: everything that can be said of the sources without running the program.
import { spawnSync } from 'node:child_process'
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

let failed = 0
for (const [name, command, args] of checks) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
  const ok = status === 0
  if (!ok) failed++
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}`)
  if (!ok) console.log(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`)
}
console.log(`${checks.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
