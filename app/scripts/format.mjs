// Writes every source as the formatter wants it.
import { spawnSync } from 'node:child_process'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '../..')
const prettier = path.join(root, 'node_modules/prettier/bin/prettier.cjs')
process.exitCode =
  spawnSync(process.execPath, [prettier, '--write', '--log-level', 'warn', '.'], { cwd: root, stdio: 'inherit' })
    .status ?? 1
