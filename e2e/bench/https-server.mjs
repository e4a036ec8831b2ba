// Baseline: a plain Node HTTPS server of the files of one folder. Plain JavaScript, so that starting it costs no type stripping.
// node https-server.mjs FOLDER CERTIFICATE KEY; prints {"event":"listening","port":N}

import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:https'
import path from 'node:path'

const [dir, certificate, key] = process.argv.slice(2)
const READ_BYTES = 1_048_576
/** Up to here a file is sent in one piece: what a stream costs is more than the bytes. */
const SMALL_BYTES = 65_536

const server = createServer(
  { cert: readFileSync(certificate), key: readFileSync(key), minVersion: 'TLSv1.3' },
  (request, response) => {
    if (request.url === '/') return response.end(JSON.stringify(readdirSync(dir)))
    const file = path.join(dir, path.basename(decodeURIComponent(request.url)))
    const { size } = statSync(file)
    response.setHeader('content-length', size)
    if (size <= SMALL_BYTES) return response.end(readFileSync(file))
    createReadStream(file, { highWaterMark: READ_BYTES }).pipe(response)
  }
)
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ event: 'listening', port: server.address().port })))
