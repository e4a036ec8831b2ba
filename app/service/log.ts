// logs/: JSON lines, 5 × 5 MB, for whoever looks for a fault. Never a link, token, file name or content: an entry is an event's name from our own
// source and numbers, codes and peer IDs; of an error its code and where in our source it was thrown, not its text.
import { appendFileSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { CodedError } from '../../core/errors.ts'

const FILES = 5
const MAX_FILE_BYTES = 5_000_000
const MAX_FRAMES = 12

export type LogFields = Record<string, number | boolean | null | undefined>

export interface Log {
  /** @param event dotted name, a literal of the source */
  info(event: string, fields?: LogFields): void
  error(event: string, thrown: unknown, fields?: LogFields): void
}

/** Writing is best effort: a log that cannot be written stops nothing. `now` is the wall clock, for display. */
export function openLog(dir: string, now: () => number = Date.now, maxFileBytes = MAX_FILE_BYTES): Log {
  const folder = path.join(dir, 'logs')
  const file = path.join(folder, 'shoal.jsonl')
  let size = -1
  const write = (entry: object): void => {
    try {
      if (size < 0) {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
      }
      const line = `${JSON.stringify({ at: new Date(now()).toISOString(), ...entry })}\n`
      if (size + line.length > maxFileBytes) {
        rotate(file)
        size = 0
      }
      appendFileSync(file, line, { mode: 0o600 })
      size += line.length
    } catch {
      size = -1
    }
  }
  return {
    info: (event, fields) => write({ level: 'info', event, ...fields }),
    error: (event, error, fields) => write({ level: 'error', event, ...fields, ...described(error) })
  }
}

function rotate(file: string): void {
  const numbered = (n: number): string => (n === 0 ? file : file.replace(/\.jsonl$/, `.${n}.jsonl`))
  rmSync(numbered(FILES - 1), { force: true })
  for (let n = FILES - 2; n >= 0; n--) {
    if (statSync(numbered(n), { throwIfNoEntry: false }) != null) renameSync(numbered(n), numbered(n + 1))
  }
}

/** Messages carry names and paths: only codes and the frames of the stack remain, with file names instead of folders. */
function described(error: unknown): object {
  if (!(error instanceof Error)) return { error: typeof error }
  const errno = 'code' in error && typeof error.code === 'string' ? error.code.slice(0, 64) : undefined
  const frames = (error.stack ?? '')
    .split('\n')
    .filter(line => /^ {4}at /.test(line))
    .slice(0, MAX_FRAMES)
    .map(line => line.trim().replace(/(?<=[\s(])(?:file:\/\/)?(?:[A-Za-z]:)?[\\/][^():]*[\\/](?=[^\\/():]+:\d+)/, ''))
  const cause = error.cause === undefined ? {} : { cause: described(error.cause) }
  return { error: error instanceof CodedError ? 'CodedError' : error.constructor.name, code: errno, frames, ...cause }
}
