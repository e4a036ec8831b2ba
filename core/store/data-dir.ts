// The data directory: whose it is, which format it has, and that only one process holds it (DESIGN.md, "Crash rules", R7).
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { CodedError } from '../errors.ts'
import { DATA_MARKER as MARKER } from '../files/data-dirs.ts'
import { openLock } from './db.ts'
import { isNoRoom, ownDiskFull, systemCode } from '../files/write-error.ts'

const FORMAT = 1
const LOCK = 'lock'
const MAX_MARKER_BYTES = 64 * 1024

export interface DataDir extends Disposable {
  readonly dir: string
}

/**
 * Opens `dir`, creating it (mode 0700) when it is missing or empty, and holds it until disposed. Throws `data-foreign`
 * (something else lives there), `data-newer`, `data-damaged`, `already-running`, `not-writable`, `disk-full`.
 */
export function openDataDir(dir: string): DataDir {
  claimDataDir(dir)
  const lock = openLock(path.join(dir, LOCK))
  return { dir, [Symbol.dispose]: () => lock[Symbol.dispose]() }
}

/** Makes `dir` ours without holding it, so that something else may be put there first. Throws as `openDataDir`, but for `already-running`. */
export function claimDataDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const names = readdirSync(dir)
    if (names.includes(MARKER)) checkMarker(path.join(dir, MARKER))
    else if (names.every(isOurs)) writeMarker(dir)
    else throw foreign()
    chmodSync(dir, 0o700)
  } catch (error) {
    if (error instanceof CodedError) throw error
    const code = systemCode(error)
    if (isNoRoom(error)) throw ownDiskFull(error)
    if (code === 'EEXIST' || code === 'ENOTDIR') throw foreign(error)
    throw new CodedError('not-writable', 'The data directory cannot be made or written. Choose another --data.', {
      cause: error
    })
  }
}

// Several processes may create one directory at the same time: what the others leave half done is not foreign.
const isOurs = (name: string): boolean => name === LOCK || name.startsWith(`${MARKER}.`)

function checkMarker(file: string): void {
  const text = readFileSync(file, 'utf8')
  const format = text.length > MAX_MARKER_BYTES ? undefined : formatOf(text)
  if (format == null) {
    throw new CodedError(
      'data-damaged',
      `${MARKER} in the data directory is damaged. Restore it, or use another --data.`
    )
  }
  if (format > FORMAT) {
    throw new CodedError('data-newer', 'This data was written by a newer Shoal. Update Shoal, or use another --data.')
  }
}

function formatOf(text: string): number | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const format = typeof value === 'object' && value != null && 'format' in value ? value.format : undefined
    return typeof format === 'number' && Number.isSafeInteger(format) && format > 0 ? format : undefined
  } catch {
    return undefined
  }
}

function writeMarker(dir: string): void {
  const draft = path.join(dir, `${MARKER}.${process.pid}`)
  writeFileSync(draft, `${JSON.stringify({ format: FORMAT })}\n`, { mode: 0o600, flush: true })
  renameSync(draft, path.join(dir, MARKER))
}

function foreign(cause?: unknown): CodedError {
  const sentence = 'That folder holds something that is not Shoal data. Choose an empty or new folder for --data.'
  return new CodedError('data-foreign', sentence, { cause })
}
