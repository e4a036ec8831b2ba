// Imported before anything that makes folders: those of this run, and its network namespaces, go with it, also when it is interrupted.

import { openRunFolders } from '../../app/scripts/test-folders.mjs'

const folders = openRunFolders()
process.on('exit', () => folders.remove())
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129]
] as const)
  process.on(signal, () => process.exit(code))
