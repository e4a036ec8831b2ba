// Files from a browser, into a folder the host was started with. One upload is one drop: opened with its size, filled file by file, finished into grants
// for its top names. Nothing there is ever overwritten, a file has its name only when all of it has arrived, and an upload that is cancelled or
// forgotten takes along what it made and nothing else.
import { statfsSync } from 'node:fs'
import { type FileHandle, link, lstat, mkdir, open, rename, rm, rmdir, unlink } from 'node:fs/promises'
import path from 'node:path'
import { CodedError } from '../../core/errors.ts'
import { DestinationNames } from '../../core/files/destination-names.ts'
import { type NameRules, nextFreeName, numberedName, placeName } from '../../core/files/safe-name.ts'
import { systemCode } from '../../core/files/write-error.ts'
import type { Folders } from '../service/folders.ts'
import { newToken } from './guard.ts'

const MAX_OPEN = 16
const MAX_FILES = 100_000
const MAX_DEPTH = 64
const MAX_AT_ONCE = 8 // files of one upload
const MAX_TRIES = 1000 // names that are taken
const IDLE_MS = 2 * 60_000

export interface UploadsPorts {
  readonly folders: Folders
  /** Turns absolute paths into grants. */
  readonly grants: (paths: readonly string[]) => Promise<string[]>
  /** Disk space to leave free in this folder. */
  readonly reserveBytes: (folder: string) => Promise<number>
}

interface Upload {
  readonly directory: string
  readonly rules: NameRules
  readonly stop: AbortController
  leftBytes: number
  running: number
  idle: NodeJS.Timeout | undefined
  readonly asked: Set<string>
  /** Top folders by the name they came with: the name they got. */
  readonly tops: Map<string, Promise<string>>
  /** What was made, parents before children. */
  readonly folders: string[]
  readonly files: string[]
  /** Top names as they were made, in this order. */
  readonly results: string[]
}

export class Uploads implements AsyncDisposable {
  readonly #ports: UploadsPorts
  readonly #destinations = new DestinationNames()
  readonly #open = new Map<string, Upload>()

  constructor(ports: UploadsPorts) {
    this.#ports = ports
  }

  /** `bytes`: all that will come. Throws not-found, forbidden, not-writable, disk-full, usage. */
  async open(folder: number, inside: readonly string[], bytes: number): Promise<{ id: string }> {
    if (this.#open.size >= MAX_OPEN) throw new CodedError('usage', 'Too many uploads at once. Wait for some to finish.')
    const directory = await this.#ports.folders.resolveForWriting(folder, inside)
    if (!(await lstat(directory)).isDirectory()) throw new CodedError('usage', 'That is not a folder.')
    const promised = [...this.#open.values()].reduce((sum, { leftBytes }) => sum + leftBytes, 0) // maybe on another disk: then it is too much
    if (freeBytes(directory) - promised - bytes < (await this.#ports.reserveBytes(directory)))
      throw new CodedError('disk-full', 'There is not enough room for that.')
    const rules = await this.#destinations.of(directory)
    const id = newToken()
    const upload: Upload = {
      directory,
      rules,
      stop: new AbortController(),
      leftBytes: bytes,
      running: 0,
      idle: undefined,
      asked: new Set(),
      tops: new Map(),
      folders: [],
      files: [],
      results: []
    }
    this.#open.set(id, upload)
    this.#rest(id, upload)
    return { id }
  }

  /** One file. Resolves when it has its name. Throws not-found, unsafe-name, usage, too-large, disk-full, not-writable, cancelled. */
  async put(id: string, names: readonly string[], bytes: number, body: AsyncIterable<Buffer>): Promise<void> {
    const upload = this.#find(id)
    if (names.length === 0 || names.length > MAX_DEPTH) throw new CodedError('unsafe-name', 'That is too deep.')
    const safe = names.map((name, at) => placeName(name, at === names.length - 1 ? 'file' : 'folder', upload.rules))
    const key = names.join('/')
    if (upload.asked.has(key)) throw new CodedError('usage', 'That file was sent already.')
    if (upload.asked.size >= MAX_FILES || bytes > upload.leftBytes)
      throw new CodedError('too-large', 'That is more than was announced.')
    if (upload.running >= MAX_AT_ONCE) throw new CodedError('usage', 'Too many files at once.')
    upload.asked.add(key)
    upload.leftBytes -= bytes
    upload.running++
    clearTimeout(upload.idle)
    try {
      const folder = await this.#folderFor(upload, safe)
      await receive(upload, folder, safe.at(-1) ?? '', bytes, body, names.length === 1)
    } catch (error) {
      upload.asked.delete(key)
      upload.leftBytes += bytes
      throw asCoded(error, upload.stop.signal)
    } finally {
      upload.running--
      this.#rest(id, upload)
    }
  }

  /** Ends it: one grant for each top name. Throws not-found, usage. */
  async finish(id: string): Promise<string[]> {
    const upload = this.#find(id)
    if (upload.running > 0) throw new CodedError('usage', 'Files are still on their way.')
    if (upload.results.length === 0) throw new CodedError('usage', 'Nothing was sent.')
    this.#open.delete(id)
    clearTimeout(upload.idle)
    return this.#ports.grants(upload.results.map(name => path.join(upload.directory, name)))
  }

  /** Ends it and removes what it made. Throws not-found. */
  async cancel(id: string): Promise<void> {
    const upload = this.#find(id)
    this.#open.delete(id)
    clearTimeout(upload.idle)
    upload.stop.abort()
    await settled(upload)
    for (const file of upload.files) await rm(file, { force: true })
    for (const folder of upload.folders.reverse()) await rmdir(folder).catch(() => {}) // somebody put something into it
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open.keys()].map(async id => this.cancel(id)))
  }

  #find(id: string): Upload {
    const upload = this.#open.get(id)
    if (upload == null) throw new CodedError('not-found', 'That upload is over. Drop the files again.')
    return upload
  }

  /** Forgotten when nothing comes for a while: the page was closed. */
  #rest(id: string, upload: Upload): void {
    clearTimeout(upload.idle)
    if (upload.running > 0 || !this.#open.has(id)) return
    upload.idle = setTimeout(() => void this.cancel(id).catch(() => {}), IDLE_MS)
    upload.idle.unref()
  }

  /** The folder a file goes into. A top folder is always made new, so that no symlink waits inside it. */
  async #folderFor(upload: Upload, safe: readonly string[]): Promise<string> {
    const [top = ''] = safe
    if (safe.length === 1) return upload.directory
    let made = upload.tops.get(top)
    if (made == null) upload.tops.set(top, (made = makeTop(upload, top)))
    let folder = path.join(upload.directory, await made)
    for (const name of safe.slice(1, -1)) {
      folder = path.join(folder, name)
      if (await makeFolder(folder)) upload.folders.push(folder)
    }
    return folder
  }
}

async function makeTop(upload: Upload, name: string): Promise<string> {
  for (let n = 1; n <= MAX_TRIES; n++) {
    const free = n === 1 ? name : numberedName(name, 'folder', n)
    const folder = path.join(upload.directory, free)
    if (!(await makeFolder(folder))) continue
    upload.folders.push(folder)
    upload.results.push(free)
    return free
  }
  throw new CodedError('not-writable', 'There are too many files of that name there.')
}

/** False when something of that name is there. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder)
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
}

async function receive(
  upload: Upload,
  folder: string,
  name: string,
  bytes: number,
  body: AsyncIterable<Buffer>,
  isTop: boolean
): Promise<void> {
  const { file, part } = await openPart(folder, name)
  let isWhole = false
  try {
    await using _closed = { [Symbol.asyncDispose]: async () => file.close() }
    let at = 0
    for await (const piece of body) {
      upload.stop.signal.throwIfAborted()
      if (at + piece.length > bytes) throw new CodedError('too-large', 'More came than was announced.')
      for (let sent = 0; sent < piece.length;)
        sent += (await file.write(piece, sent, piece.length - sent, at + sent)).bytesWritten
      at += piece.length
    }
    upload.stop.signal.throwIfAborted()
    if (at !== bytes) throw new CodedError('cancelled', 'The connection ended before all of it had come.')
    await file.sync()
    isWhole = true
  } finally {
    if (!isWhole) await unlink(part).catch(() => {})
  }
  const got = await giveName(part, folder, name)
  upload.files.push(path.join(folder, got))
  if (isTop) upload.results.push(got)
}

/** Made new, never followed: whatever is there under that name is left alone. */
async function openPart(folder: string, name: string): Promise<{ file: FileHandle; part: string }> {
  for (let n = 1; n <= MAX_TRIES; n++) {
    const part = path.join(folder, `${n === 1 ? name : numberedName(name, 'file', n)}.part`)
    try {
      return { file: await open(part, 'wx'), part }
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error
    }
  }
  throw new CodedError('not-writable', 'There are too many files of that name there.')
}

/** The first free name, taken without a moment in which somebody else's file could be replaced. */
async function giveName(part: string, folder: string, name: string): Promise<string> {
  const taken = new Set<string>()
  for (let n = 1; n <= MAX_TRIES; n++) {
    const free = nextFreeName(name, 'file', candidate => taken.has(candidate))
    taken.add(free)
    if (await moveNew(part, path.join(folder, free))) return free
  }
  await unlink(part)
  throw new CodedError('not-writable', 'There are too many files of that name there.')
}

async function moveNew(part: string, to: string): Promise<boolean> {
  try {
    await link(part, to)
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    // no hard links on this file system: the best it has
    const isFree = await lstat(to).then(
      () => false,
      () => true
    )
    if (isFree) await rename(part, to)
    return isFree
  }
  await unlink(part)
  return true
}

/** Until nothing of it is running any more. */
async function settled(upload: Upload): Promise<void> {
  while (upload.running > 0) await new Promise(resolve => setTimeout(resolve, 10))
}

function asCoded(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof CodedError) return error
  if (signal.aborted) return new CodedError('cancelled', 'The upload was cancelled.')
  switch (nodeCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new CodedError('disk-full', 'The disk is full.')
    case 'ECONNRESET':
    case 'ABORT_ERR':
      return new CodedError('cancelled', 'The connection ended before all of it had come.')
    case undefined:
      return error
    default:
      return new CodedError('not-writable', 'That folder cannot be written to.', { cause: error })
  }
}

/** The system's codes, and Node's own. */
const nodeCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}
