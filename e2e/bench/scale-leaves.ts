// node e2e/bench/scale-leaves.ts LEAVES FOLDER: one file of so many MiB through the steps of a share and of a download, without its bytes, which take too
// long to hash: digests are made up, files are sparse, and what was received is noted as durable by hand. A JSON line a step.

import { closeSync, ftruncateSync, lstatSync, mkdirSync, openSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Bitset } from '../../core/bitset.ts'
import { rootText } from '../../core/cid.ts'
import { type Built, buildSteps } from '../../core/content/build.ts'
import { CHUNK_BYTES } from '../../core/content/limits.ts'
import { findDuplicates } from '../../core/fetch/duplicate-leaves.ts'
import { LeafFetch } from '../../core/fetch/leaf-fetch.ts'
import { fileStatOf } from '../../core/files/file-stat.ts'
import { watchLoop } from '../../core/loop-blocks.ts'
import { DiskRoom } from '../../core/store/disk-room.ts'
import type { Download } from '../../core/store/download.ts'
import { findDownload, putDurable, putPartFile } from '../../core/store/download-repo.ts'
import { openDownload } from '../../core/store/open-download.ts'
import { packStat } from '../../core/store/stat.ts'
import { openStore, type Store } from '../../core/store/store.ts'
import { startTrace } from '../../core/trace.ts'
import { inTurns } from '../../core/turns.ts'

const SETTLED_MS = 50 // the watch has looked by then

const [leafCount, folder] = [Number(process.argv[2]), process.argv[3] ?? '']
const sizeBytes = leafCount * CHUNK_BYTES
const { signal } = new AbortController()
const [source, out] = [path.join(folder, 'shared.bin'), path.join(folder, 'out')]

startTrace('loop', line => process.stderr.write(line), Date.now)
using _ = watchLoop()
mkdirSync(folder, { recursive: true })
makeSparse(source)
const digests = madeUp()

const built = await step('share', async () => {
  const made = await build()
  using store = openStore(path.join(folder, 'sharer.db'))
  const files = [{ sourcePath: source, stat: statOf(source) }]
  await store.addShare({ built: made, name: 'shared.bin', files, sourcePaths: [source] })
  return made
})
await step('start with a share', async () => {
  using store = openStore(path.join(folder, 'sharer.db'))
  const held = await store.loadHeld(built.root)
  if (held?.have.isFull !== true) throw new Error('The share is not whole')
})

// as much room as it likes: nothing of it is written
using getter = openStore(path.join(folder, 'getter.db'), {
  room: new DiskRoom({ look: () => ({ dev: 0n, freeBytes: Infinity }), now: () => 0 })
})
let offset = 0
for (const piece of built.skeleton) {
  getter.appendSkeleton(rootText(built.root), offset, piece)
  offset += piece.length
}
await step('start of a get', async () => {
  await using download = await open(getter)
  using leaves = await fetchInto(download)
  leaves.tick()
})
noteAllDurable(getter)
await step('start of a get, all here', async () => {
  await using download = await open(getter)
  using leaves = await fetchInto(download)
  await leaves.run()
})
await step('finish', async () => {
  await using download = await open(getter)
  await download.finish(signal)
})

async function step<T>(name: string, act: () => Promise<T>): Promise<T> {
  await delay(SETTLED_MS)
  const [startedAt, startedAtMs] = [performance.now(), Date.now()]
  const result = await act()
  const seconds = (performance.now() - startedAt) / 1000
  await delay(SETTLED_MS)
  process.stdout.write(`${JSON.stringify({ event: 'step', name, seconds, startedAtMs })}\n`)
  return result
}

function madeUp(): Buffer {
  const bytes = Buffer.alloc(leafCount * 32)
  for (let i = 0; i < leafCount; i++) {
    for (let word = 0; word < 32; word += 4)
      bytes.writeUInt32LE(Math.imul(i + 1, 0x9e3779b1 + word * 2) >>> 0, i * 32 + word)
  }
  return bytes
}

async function build(): Promise<Built> {
  return inTurns('build-dag', buildSteps({ kind: 'file', leaves: { digests, sizeBytes } }))
}

async function open(store: Store): Promise<Download> {
  const layout = await store.layout(built.root, sizeBytes)
  return openDownload(store, { layout, directory: out, name: 'shared.bin', reserveBytes: 0 }, signal)
}

async function fetchInto(download: Download): Promise<LeafFetch> {
  const layout = await getter.layout(built.root, sizeBytes)
  const ports = {
    now: () => performance.now(),
    random: () => Math.random(),
    roomBytes: () => CHUNK_BYTES,
    request() {},
    cancel() {},
    ban() {},
    onGood() {},
    onWrong() {},
    onDuplicate() {},
    onChange() {}
  }
  const duplicates = await findDuplicates(layout, Math.random, signal)
  return LeafFetch.open(layout, download, ports, { shared: [], duplicates }, signal)
}

/** As if everything had been received. */
function noteAllDurable(store: Store): void {
  const { id, part } = findDownload(store.db, rootText(built.root), out)!
  makeSparse(part)
  const all = new Bitset(leafCount)
  all.addRange(0, leafCount)
  store.db.transaction('durable', () => {
    putDurable(
      store.db,
      id,
      all,
      Array.from({ length: leafCount }, (_none, i) => i)
    )
    putPartFile(store.db, id, 0, packStat(statOf(part)))
  })
}

function statOf(file: string) {
  return fileStatOf(lstatSync(file, { bigint: true }))
}

function makeSparse(file: string): void {
  const fd = openSync(file, 'a')
  ftruncateSync(fd, sizeBytes)
  closeSync(fd)
}
