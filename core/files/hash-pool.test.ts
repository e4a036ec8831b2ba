import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import { CHUNK_BYTES } from '../content/limits.ts'
import { fileStatOf } from './file-stat.ts'
import type { Failure } from './hash-messages.ts'
import { ENTRY } from './hash-messages.ts'
import { type Listed, openHashPool } from './hash-pool.ts'
import type { Hashed, ToHash } from './hash-run.ts'

const scratch = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'shoal-hash-pool-'))
after(() => rmSync(scratch, { recursive: true }))
const never = new AbortController().signal
let made = 0

function makeFile(sizeBytes: number): string {
  const bytes = Buffer.alloc(sizeBytes)
  for (let at = 0; at + 8 <= sizeBytes; at += CHUNK_BYTES) bytes.writeBigUInt64LE(BigInt(at + made), at)
  const file = path.join(scratch, `file-${made++}`)
  writeFileSync(file, bytes)
  return file
}

/** Zeros that take no space. */
function makeSparseFile(sizeBytes: number): string {
  const file = makeFile(0)
  truncateSync(file, sizeBytes)
  return file
}

function digestsOf(bytes: Buffer): Buffer {
  const chunks = Array.from({ length: Math.max(1, Math.ceil(bytes.length / CHUNK_BYTES)) }, (_, i) =>
    bytes.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES)
  )
  return Buffer.concat(chunks.map(chunk => createHash('sha256').update(chunk).digest()))
}

function startCountedThread(counts: { orders: number; threads: Worker[] }): Worker {
  const worker = new Worker(new URL('./hash-worker.ts', import.meta.url), { workerData: { chunkBytes: CHUNK_BYTES } })
  const post = worker.postMessage.bind(worker)
  worker.postMessage = message => {
    counts.orders++
    post(message)
  }
  counts.threads.push(worker)
  return worker
}

test('digests are those of the chunks, for every size at an edge', async () => {
  await using pool = openHashPool({ size: 2, now: () => 1234 })
  const sizes = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 16 * CHUNK_BYTES, 33 * CHUNK_BYTES + 5]
  for (const size of sizes) {
    const bytes = Buffer.alloc(size)
    for (let at = 0; at + 8 <= size; at += CHUNK_BYTES) bytes.writeBigUInt64LE(BigInt(at + 1), at)
    const file = path.join(scratch, `edge-${size}`)
    writeFileSync(file, bytes)
    let read = 0
    const { digests, stat, readAtMs } = await pool.hashFile(file, never, count => (read += count))
    assert.deepEqual(Buffer.from(digests), digestsOf(bytes))
    assert.equal(stat.size, size)
    assert.equal(read, size)
    assert.equal(readAtMs, 1234)
  }
})

test('many small files are few orders, and every one has its own result', async () => {
  const counts = { orders: 0, threads: [] as Worker[] }
  await using pool = openHashPool({ size: 2, startThread: () => startCountedThread(counts) })
  const files: (ToHash & { i: number })[] = []
  for (let i = 0; i < 1000; i++) {
    const file = path.join(scratch, `small-${i}`)
    writeFileSync(file, `content ${i}`)
    files.push({ path: file, stat: fileStatOf(lstatSync(file, { bigint: true })), i })
  }
  const seen = new Map<number, string>()
  const file = (of: ToHash & { i: number }, result: Hashed | Failure): void => {
    assert.ok(!seen.has(of.i) && 'digests' in result)
    seen.set(of.i, Buffer.from(result.digests).toString('hex'))
  }
  await pool.hashFiles(files, { file }, never)
  for (let i = 0; i < 1000; i++) assert.equal(seen.get(i), createHash('sha256').update(`content ${i}`).digest('hex'))
  assert.ok(counts.orders <= 8, `${counts.orders} orders`)
})

test('what is not a readable file has its own error', { timeout: 120_000 }, async () => {
  await using pool = openHashPool({ size: 1 })
  const folder = path.join(scratch, 'folder')
  const pipe = path.join(scratch, 'pipe')
  const link = path.join(scratch, 'link')
  mkdirSync(folder)
  execFileSync('mkfifo', [pipe])
  symlinkSync(makeFile(1), link)
  await assert.rejects(pool.hashFile(path.join(scratch, 'missing'), never), { code: 'not-found' })
  await assert.rejects(pool.hashFile(folder, never), { code: 'source-changed' })
  await assert.rejects(pool.hashFile(pipe, never), { code: 'source-changed' })
  await assert.rejects(pool.hashFile(link, never), { code: 'unreadable' })
})

test('a file that is another one than when it was found, or changes while it is read, is a failure', async () => {
  await using pool = openHashPool({ size: 2 })
  const file = makeFile(100)
  const { stat } = await pool.hashFile(file, never)
  const results: (Hashed | Failure)[] = []
  const on = { file: (_: unknown, result: Hashed | Failure): void => void results.push(result) }
  for (const other of [
    { size: 99 },
    { mtimeNs: stat.mtimeNs + 1n },
    { ctimeNs: 1n },
    { dev: stat.dev + 1n },
    { ino: 0n }
  ]) {
    await pool.hashFiles([{ path: file, stat: { ...stat, ...other } }], on, never)
  }
  assert.deepEqual(results, Array(5).fill({ why: 'changed' }))

  const big = makeSparseFile(256 * CHUNK_BYTES)
  let read = 0
  const growing = pool.hashFile(big, never, bytes => {
    if (read === 0) appendFileSync(big, 'x')
    read += bytes
  })
  await assert.rejects(growing, { code: 'source-changed' })
  assert.ok(read < 200 * CHUNK_BYTES, 'the rest is not read')
})

test('a cancelled call ends at once, and the pool goes on', async () => {
  await using pool = openHashPool({ size: 2 })
  const big = makeSparseFile(4096 * CHUNK_BYTES)
  const controller = new AbortController()
  let read = 0
  const hashing = pool.hashFile(big, controller.signal, bytes => {
    read += bytes
    controller.abort(new Error('test'))
  })
  await assert.rejects(hashing, { code: 'cancelled' })
  assert.ok(read < 100 * CHUNK_BYTES)
  await assert.rejects(pool.hashFile(big, controller.signal), { code: 'cancelled' })
  const small = makeFile(3)
  assert.equal((await pool.hashFile(small, never)).digests.length, 32)
})

test('a short call does not wait for a long one', async () => {
  await using pool = openHashPool({ size: 1 })
  const big = makeSparseFile(4096 * CHUNK_BYTES)
  const small = makeFile(3)
  const controller = new AbortController()
  const long = pool.hashFile(big, controller.signal)
  const ended = assert.rejects(long, { code: 'cancelled' })
  await pool.hashFile(small, never)
  controller.abort()
  await ended
})

test('a thread that dies fails what it was doing, and is replaced', async () => {
  const counts = { orders: 0, threads: [] as Worker[] }
  await using pool = openHashPool({ size: 1, startThread: () => startCountedThread(counts) })
  const big = makeSparseFile(4096 * CHUNK_BYTES)
  const hashing = pool.hashFile(big, never, () => void counts.threads[0]?.terminate())
  await assert.rejects(hashing, { code: 'internal' })
  assert.equal((await pool.hashFile(makeFile(3), never)).digests.length, 32)
  assert.equal(counts.threads.length, 2)
})

test('closing the pool ends its calls and its threads', async () => {
  const counts = { orders: 0, threads: [] as Worker[] }
  const pool = openHashPool({ size: 2, startThread: () => startCountedThread(counts) })
  const big = makeSparseFile(4096 * CHUNK_BYTES)
  const started = Promise.withResolvers<void>()
  const ended = assert.rejects(
    pool.hashFile(big, never, () => started.resolve()),
    { code: 'cancelled' }
  )
  await started.promise
  const exits = counts.threads.map(async worker => once(worker, 'exit'))
  await pool[Symbol.asyncDispose]()
  await ended
  await Promise.all(exits)
  await assert.rejects(pool.hashFile(big, never), { code: 'cancelled' })
  await pool[Symbol.asyncDispose]()
})

test('folders are listed with everything in them, as far as it can be named', async () => {
  await using pool = openHashPool({ size: 2 })
  const top = path.join(scratch, 'top')
  mkdirSync(path.join(top, 'deep', 'deeper'), { recursive: true })
  for (let i = 0; i < 5000; i++) writeFileSync(path.join(top, 'deep', `ö${i}`), '')
  writeFileSync(path.join(top, 'file'), 'four')
  writeFileSync(Buffer.concat([Buffer.from(`${top}/`), Buffer.from([0x61, 0xff])]), '')
  symlinkSync('file', path.join(top, 'link'))
  symlinkSync(Buffer.from([0xfe]), path.join(top, 'odd-link'))
  execFileSync('mkfifo', [path.join(top, 'pipe')])

  const found = new Map<string, number>()
  const unreadable: string[] = []
  const targets: (string | null)[] = []
  const failures: unknown[] = []
  const visit = (folder: { path: string }, rows: Listed): { path: string }[] => {
    rows.names.forEach((name, i) => found.set(path.join(folder.path, name), rows.kinds[i] ?? -1))
    unreadable.push(...rows.unreadable.map(it => it.name))
    targets.push(...rows.targets)
    if (rows.failure != null) failures.push(rows.failure)
    return rows.names
      .filter((_, i) => rows.kinds[i] === ENTRY.folder)
      .map(name => ({ path: path.join(folder.path, name) }))
  }
  await pool.listFolders([{ path: top }, { path: path.join(scratch, 'missing') }], visit, never)
  assert.equal(found.size, 5006)
  assert.equal(found.get(path.join(top, 'deep', 'ö4999')), ENTRY.file)
  assert.equal(found.get(path.join(top, 'deep', 'deeper')), ENTRY.folder)
  assert.equal(found.get(path.join(top, 'link')), ENTRY.symlink)
  assert.equal(found.get(path.join(top, 'pipe')), ENTRY.other)
  assert.deepEqual(unreadable, ['a\ufffd'])
  assert.deepEqual(new Set(targets), new Set(['file', null]))
  assert.deepEqual(failures, [{ why: 'system', errno: 'ENOENT' }])

  const failing = pool.listFolders([{ path: top }], () => assert.fail('stop here'), never)
  await assert.rejects(failing, { message: 'stop here' })
})

test('an idle pool keeps no process alive, and the bundle runs beside its thread', { timeout: 120_000 }, async () => {
  const out = path.join(scratch, 'out')
  const entry = path.join(scratch, 'entry.ts')
  const pool = new URL('./hash-pool.ts', import.meta.url).pathname
  writeFileSync(
    entry,
    `import { openHashPool } from ${JSON.stringify(pool)}
     const { digests } = await openHashPool().hashFile(process.argv[2], new AbortController().signal)
     console.log(digests.length)`
  )
  const thread = new URL('./hash-worker.ts', import.meta.url).pathname
  await build({
    entryPoints: { entry, 'hash-worker': thread },
    outdir: out,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24'
  })
  writeFileSync(path.join(out, 'package.json'), '{ "type": "module" }')
  const { stdout } = await promisify(execFile)(process.execPath, [
    path.join(out, 'entry.js'),
    makeFile(CHUNK_BYTES + 1)
  ])
  assert.equal(stdout, '64\n')
})
