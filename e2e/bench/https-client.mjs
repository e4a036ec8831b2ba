// Baseline: gets files over HTTPS, writes them, then reads them again for a SHA-256 pass and syncs them: what somebody careful does by hand.
// node https-client.mjs PORT CERTIFICATE FOLDER [NAME]; without a name, every file of the server, 8 at a time over kept connections.
// Prints {"event":"done","bytes":N,"seconds":S}

import { createHash } from 'node:crypto'
import {
  closeSync,
  createWriteStream,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync
} from 'node:fs'
import { Agent, get } from 'node:https'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'

const PARALLEL = 8
const STEP_BYTES = 1_048_576
/** Up to here a file is written in one piece: what a stream costs is more than the bytes. */
const SMALL_BYTES = 65_536
const piece = Buffer.allocUnsafe(STEP_BYTES)
const [port, certificate, dir, name] = process.argv.slice(2)
const startedAt = performance.now()
const agent = new Agent({ keepAlive: true, maxSockets: PARALLEL, ca: readFileSync(certificate) })

const request = url =>
  new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: url, agent }, response => {
      if (response.statusCode === 200) resolve(response)
      else reject(new Error(`${url}: ${response.statusCode}`))
    }).on('error', reject)
  })

async function save(file) {
  const response = await request(`/${encodeURIComponent(file)}`)
  const target = path.join(dir, file)
  if (Number(response.headers['content-length']) > SMALL_BYTES) {
    return await pipeline(response, createWriteStream(target, { highWaterMark: STEP_BYTES }))
  }
  const pieces = []
  for await (const piece of response) pieces.push(piece)
  writeFileSync(target, Buffer.concat(pieces))
}

/** Returns the bytes. */
function checkAndSync(file) {
  const digest = createHash('sha256')
  const fd = openSync(path.join(dir, file), 'r+')
  let bytes = 0
  for (let read = readSync(fd, piece); read > 0; read = readSync(fd, piece)) {
    digest.update(piece.subarray(0, read))
    bytes += read
  }
  digest.digest()
  fsyncSync(fd)
  closeSync(fd)
  return bytes
}

async function inParallel(items, act) {
  const left = items.values()
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const item of left) await act(item)
    })
  )
}

mkdirSync(dir, { recursive: true })
const names = name == null ? JSON.parse((await (await request('/')).toArray()).join('')) : [name]
await inParallel(names, save)
let bytes = 0
for (const file of names) bytes += checkAndSync(file)
console.log(JSON.stringify({ event: 'done', bytes, seconds: (performance.now() - startedAt) / 1000 }))
agent.destroy()
