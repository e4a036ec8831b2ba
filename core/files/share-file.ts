// What was named where a link is wanted: on a command line, by a desktop that opens a file, or by a second start. A share file stands for the link in it.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { CodedError } from '../errors.ts'

const MAX_SHARE_FILE_BYTES = 8192 // twice what a link may have: its parser says what is wrong with one
const SHARE_FILE = /\.shoal$/i
const SCHEME = /^[a-z][a-z0-9+.-]+:/i // two letters at least: one is a disk of Windows
// A pipe must not block us, nor a terminal become ours: opened like this, they do not.
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

/**
 * The text of a share file (`.shoal`), trimmed, when `named` is its path (relative to `cwd`) or its `file:` address; anything else as it stands, for the
 * parser of links. Opens regular files only, and reads at most 8 KiB. Throws `not-found`, `unreadable`, `invalid-link` (no share file, or no file of this
 * machine).
 */
export async function readNamedLink(named: string, cwd: string): Promise<string> {
  const file = shareFileOf(named, cwd)
  return file == null ? named : readShareFile(file)
}

function shareFileOf(named: string, cwd: string): string | undefined {
  if (!/^file:/i.test(named))
    return SHARE_FILE.test(named) && !SCHEME.test(named) ? path.resolve(cwd, named) : undefined
  try {
    const address = new URL(named)
    if (address.hostname !== '' && address.hostname !== 'localhost') throw noShareFile() // asking another machine tells it who we are
    address.hostname = ''
    const file = fileURLToPath(address)
    if (file.includes('\0')) throw noShareFile()
    return SHARE_FILE.test(file) ? file : undefined
  } catch (error) {
    throw noShareFile(error)
  }
}

async function readShareFile(file: string): Promise<string> {
  try {
    await using opened = await open(file, FLAGS)
    if (!(await opened.stat()).isFile()) throw noShareFile()
    const buffer = Buffer.alloc(MAX_SHARE_FILE_BYTES + 1)
    let length = 0
    for (let got = -1; got !== 0; length += got) {
      got = (await opened.read(buffer, length, buffer.length - length)).bytesRead
    }
    if (length > MAX_SHARE_FILE_BYTES) throw noShareFile()
    return buffer.toString('utf8', 0, length).trim()
  } catch (error) {
    throw coded(error)
  }
}

function coded(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (error instanceof CodedError || code === undefined) return error
  if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENOTDIR')
    return new CodedError('not-found', 'There is no such share file.', { cause: error })
  if (code === 'EACCES' || code === 'EPERM' || code === 'EIO')
    return new CodedError('unreadable', 'This share file cannot be read.', { cause: error })
  return noShareFile(error)
}

const noShareFile = (cause?: unknown): CodedError =>
  new CodedError('invalid-link', 'This is not a share file: one is a small file on this machine that holds a link.', { cause }) // prettier-ignore
