// What a failed write means for the user.
import { CodedError } from '../errors.ts'

/** The system's errors as `disk-full`, `unsafe-name` (a symlink stands in the way) or `not-writable`; others stay as they are. */
export function codedWrite(error: unknown): unknown {
  const code = systemCode(error)
  if (error instanceof CodedError || code == null) return error
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return diskFull(error)
    case 'ELOOP':
      return symlinkInTheWay(error)
    case 'ENOTDIR':
      return new CodedError('not-writable', 'A file stands where a folder is to be. Choose another destination.', {
        cause: error
      })
    default:
      return new CodedError('not-writable', 'The destination cannot be written. Check who may write there.', {
        cause: error
      })
  }
}

export function diskFull(cause?: unknown): CodedError {
  return new CodedError(
    'disk-full',
    'The disk is full. Everything received so far is kept; free up space, then resume.',
    {
      cause
    }
  )
}

/** There is no room for the index, the settings and so on. */
export function ownDiskFull(cause?: unknown): CodedError {
  const sentence =
    "The disk with Shoal's own folder (its data directory) is full. Nothing is lost; free up space there, and try again."
  return new CodedError('disk-full', sentence, { cause })
}

/** The system had no room, or allowed no more. */
export function isNoRoom(error: unknown): boolean {
  const code = systemCode(error)
  return code === 'ENOSPC' || code === 'EDQUOT'
}

export function symlinkInTheWay(cause?: unknown): CodedError {
  const sentence = 'A link stands where a received file would be written. Choose another destination.'
  return new CodedError('unsafe-name', sentence, { cause })
}

/** The system's code of an error, as ENOENT; undefined for others. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined
}
