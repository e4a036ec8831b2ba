// Baseline of indexing: reads a file once and hashes it, one thread.
// node sha256-pass.mjs FILE; prints {"event":"done","bytes":N,"seconds":S}

import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'

const startedAt = performance.now()
const fd = openSync(process.argv[2], 'r')
const piece = Buffer.allocUnsafe(1_048_576)
const digest = createHash('sha256')
let bytes = 0
for (let read = readSync(fd, piece); read > 0; read = readSync(fd, piece)) {
  digest.update(piece.subarray(0, read))
  bytes += read
}
closeSync(fd)
digest.digest()
console.log(JSON.stringify({ event: 'done', bytes, seconds: (performance.now() - startedAt) / 1000 }))
