// A thread of the hash pool: lists folders and hashes slices of files, with synchronous reads into one reused buffer. Needs
// nothing but Node, so that it runs as it is and as a bundle of its own. Decides nothing: it reports what it saw.

import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import type { BigIntStats, Dir, Dirent } from 'node:fs'
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  readSync,
  readlinkSync
} from 'node:fs'
import { basename, dirname } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { isDataDir } from './data-dirs.ts'
import type { Failure, HashAnswer, ListAnswer, Order, Slice } from './hash-messages.ts'
import { DIGEST_BYTES, ENTRY, STAT_COLUMNS, errnoReason } from './hash-messages.ts'
import { RealFolder } from './real-folder.ts'

const ROWS_PER_ANSWER = 4096
const LISTED_AT_ONCE = 1024
// Windows has neither flag: undefined counts as 0. Without O_NONBLOCK, opening what became a pipe would wait for a writer.
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

const port = parentPort
const { chunkBytes } = workerData as { chunkBytes: number } // set by openHashPool
const buffer = Buffer.allocUnsafeSlow(chunkBytes)

port?.on('message', (order: Order) => {
  switch (order.kind) {
    case 'hash':
      return send(order.id, true, hashSlices(order.slices, order.stop))
    case 'list':
      order.folders.forEach((folder, at) => listFolder(folder, at, order))
      return send(order.id, true, new Rows(order.folders.length).take())
    default:
      order satisfies never
  }
})

function send(id: number, isLast: boolean, answer: HashAnswer | ListAnswer): void {
  const moved = [answer.stats.buffer as ArrayBuffer] // made here, never shared
  if (answer.kind === 'hash') moved.push(answer.digests.buffer as ArrayBuffer) // likewise
  port?.postMessage({ id, isLast, ...answer }, moved)
}

function hashSlices(slices: readonly Slice[], stop: Int32Array): HashAnswer {
  const chunkCounts = slices.map(({ start, end }) => Math.max(1, Math.ceil((end - start) / chunkBytes)))
  const digests = new Uint8Array(DIGEST_BYTES * chunkCounts.reduce((sum, count) => sum + count, 0))
  const stats = new BigInt64Array(2 * STAT_COLUMNS * slices.length)
  let at = 0
  let folder: RealFolder | undefined // of the slice before: files come folder by folder
  const failures = slices.map((slice, i) => {
    const own = digests.subarray(at, (at += DIGEST_BYTES * (chunkCounts[i] ?? 0)))
    const rows = stats.subarray(2 * STAT_COLUMNS * i, 2 * STAT_COLUMNS * (i + 1))
    return failureOf(() => {
      const above = dirname(slice.path)
      if (folder?.path !== above) {
        folder?.[Symbol.dispose]()
        folder = undefined
        folder = new RealFolder(above)
      }
      const failure = hashSlice(folder.at(basename(slice.path)), slice, own, rows, stop)
      folder.check()
      return failure
    })
  })
  folder?.[Symbol.dispose]()
  return { kind: 'hash', failures, digests, stats }
}

function hashSlice(
  file: string,
  { start, end, sizeBytes }: Slice,
  out: Uint8Array,
  stats: BigInt64Array,
  stop: Int32Array
): Failure | null {
  const fd = openSync(file, OPEN_FLAGS)
  try {
    const before = fstatSync(fd, { bigint: true })
    writeStat(before, stats, 0)
    if (!before.isFile() || before.size !== BigInt(sizeBytes)) return CHANGED
    for (let at = start, i = 0; at < end || i === 0; at += chunkBytes, i += DIGEST_BYTES) {
      if (Atomics.load(stop, 0) !== 0) return CHANGED
      const length = Math.min(chunkBytes, end - at)
      if (!readWhole(fd, at, length)) return CHANGED
      out.set(hash('sha256', buffer.subarray(0, length), 'buffer'), i)
    }
    writeStat(fstatSync(fd, { bigint: true }), stats, STAT_COLUMNS)
    return null
  } finally {
    closeSync(fd)
  }
}

/** Fills the first `length` bytes of the buffer; false when the file ends before. */
function readWhole(fd: number, at: number, length: number): boolean {
  let filled = 0
  while (filled < length) {
    const bytes = readSync(fd, buffer, filled, length - filled, at + filled)
    if (bytes === 0) return false
    filled += bytes
  }
  return true
}

function listFolder(path: string, at: number, { id, stop }: Order): void {
  const rows = new Rows(at)
  const failure = failureOf(() => {
    using folder = new RealFolder(path)
    if (isDataDir(name => folder.at(name))) return DATA_DIR
    // `encoding: 'buffer'` works and is not declared: names come as bytes, which need not be UTF-8
    using dir = opendirSync(folder.own, { encoding: 'buffer' as BufferEncoding, bufferSize: LISTED_AT_ONCE })
    for (let name = nextName(dir); name != null; name = nextName(dir)) {
      if (Atomics.load(stop, 0) !== 0) return null
      addEntry(rows, folder, name)
      if (rows.names.length >= ROWS_PER_ANSWER) send(id, false, rows.take())
    }
    folder.check()
    return null
  })
  send(id, false, rows.take(failure))
}

function nextName(dir: Dir): Buffer | undefined {
  const entry = dir.readSync() as Dirent<Buffer> | null // as asked for by `encoding`
  return entry?.name
}

function addEntry(rows: Rows, folder: RealFolder, bytes: Buffer): void {
  const name = bytes.toString()
  if (!isUtf8(bytes)) return void rows.unreadable.push({ name, reason: 'its name is not UTF-8' })
  const path = folder.at(name)
  const failure = failureOf(() => {
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false })
    if (stat == null) return null // gone between the two calls, as if it had never been listed
    if (stat.isFile()) accessSync(path, constants.R_OK) // said now, before hours of hashing what stands before it
    const target = stat.isSymbolicLink() ? readlinkSync(path, 'buffer') : undefined
    rows.add(name, stat, target)
    return null
  })
  if (failure?.why === 'system') rows.unreadable.push({ name, reason: errnoReason(failure.errno) })
}

/** Collects entries of one folder until they are taken. */
class Rows {
  readonly #folder: number
  #kinds: number[] = []
  #stats: bigint[] = []
  #targets: (string | null)[] = []
  names: string[] = []
  unreadable: { name: string; reason: string }[] = []

  constructor(folder: number) {
    this.#folder = folder
  }

  add(name: string, stat: BigIntStats, target: Buffer | undefined): void {
    this.names.push(name)
    this.#kinds.push(kindOf(stat))
    this.#stats.push(...statRow(stat))
    if (target != null) this.#targets.push(isUtf8(target) ? target.toString() : null)
  }

  take(failure: Failure | null = null): ListAnswer {
    const { names, unreadable } = this
    const kinds = Uint8Array.from(this.#kinds)
    const stats = BigInt64Array.from(this.#stats)
    const targets = this.#targets
    this.#kinds = []
    this.#stats = []
    this.#targets = []
    this.names = []
    this.unreadable = []
    return { kind: 'list', folder: this.#folder, names, kinds, stats, targets, unreadable, failure }
  }
}

function kindOf(stat: BigIntStats): number {
  if (stat.isFile()) return ENTRY.file
  if (stat.isDirectory()) return ENTRY.folder
  return stat.isSymbolicLink() ? ENTRY.symlink : ENTRY.other
}

function statRow({ size, mtimeNs, ctimeNs, dev, ino }: BigIntStats): bigint[] {
  return [size, mtimeNs, ctimeNs, BigInt.asIntN(64, dev), BigInt.asIntN(64, ino)]
}

function writeStat(stat: BigIntStats, out: BigInt64Array, at: number): void {
  out.set(statRow(stat), at)
}

const CHANGED: Failure = { why: 'changed' }
const DATA_DIR: Failure = { why: 'data-dir' }

/** What the system refused, as a value. Anything else is a mistake of ours and ends the thread. */
function failureOf(run: () => Failure | null): Failure | null {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) throw error
    return { why: 'system', errno: String(error.code) }
  }
}
