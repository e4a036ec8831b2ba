// node e2e/bench/many-shares.ts SHARES LEAVES DATA FOLDER: puts so many shares of one file of so many MiB each into the index of a data directory. The files are
// sparse and their digests made up, no two the same: to hash them would take minutes, and what is looked at here reads none of them.

import { hash } from 'node:crypto'
import { closeSync, ftruncateSync, lstatSync, mkdirSync, openSync } from 'node:fs'
import path from 'node:path'
import { indexFile } from '../../app/service/repair.ts'
import { buildSteps } from '../../core/content/build.ts'
import { CHUNK_BYTES } from '../../core/content/limits.ts'
import { fileStatOf } from '../../core/files/file-stat.ts'
import { openStore } from '../../core/store/store.ts'
import { inTurns } from '../../core/turns.ts'

const [shares, leaves] = [Number(process.argv[2]), Number(process.argv[3])]
const [dataDir, folder] = [process.argv[4] ?? '', process.argv[5] ?? '']
const sizeBytes = leaves * CHUNK_BYTES

mkdirSync(folder, { recursive: true })
using store = openStore(indexFile(dataDir))
for (let share = 0; share < shares; share++) {
  const sourcePath = path.join(folder, `file ${share}`)
  const fd = openSync(sourcePath, 'wx')
  ftruncateSync(fd, sizeBytes)
  closeSync(fd)
  const digests = Buffer.concat(Array.from({ length: leaves }, (_, i) => hash('sha256', `${share} ${i}`, 'buffer')))
  const built = await inTurns('build-dag', buildSteps({ kind: 'file', leaves: { digests, sizeBytes } }))
  const stat = fileStatOf(lstatSync(sourcePath, { bigint: true }))
  const files = [{ sourcePath, stat }]
  await store.addShare({ built, name: path.basename(sourcePath), files, sourcePaths: [sourcePath] })
}
