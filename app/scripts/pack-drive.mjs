// `npm run pack:drive -- PROGRAM`: two of a packed program, wherever it lies, and one transfer between them. The last thing before a release.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { driveTransfer } from './pack/drive.mjs'

const [program] = process.argv.slice(2)
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'shoal-drive-'))
try {
  if (program == null) throw new Error('Which program? npm run pack:drive -- PROGRAM')
  await driveTransfer(path.resolve(program), scratch)
  console.log('1 passed, 0 failed')
} catch (error) {
  console.log(`${error.message}\n0 passed, 1 failed`)
  process.exitCode = 1
} finally {
  fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 3 })
}
