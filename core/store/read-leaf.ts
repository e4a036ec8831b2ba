// Reads one leaf from one file and says what it found; the only way bytes leave a user's file.
import type { Layout } from '../content/layout.ts'
import { BUSY_CODES } from './disk-names.ts'
import { isLeaf } from './hashed-read.ts'
import type { SourceReader } from './source-reader.ts'
import { FILE, type FileRow, type FileState } from './share-repo.ts'
import { isSameFile } from './stat.ts'
import { systemCode } from '../files/write-error.ts'
import { together } from '../together.ts'

/** `bytes`: verified just now. Otherwise why not, and the file's stat (packed) if there is a file. */
export type LeafRead =
  | { type: 'bytes'; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'touched' | 'mismatch'; stat: Uint8Array }
  | { type: 'missing' | 'unreadable'; cause: unknown }

/** `touched`: the stat is not `stat`, nothing was read. `mismatch`: other bytes than the digest says. */
export async function readLeafFrom(
  files: Pick<SourceReader, 'read'>,
  file: { path: string; stat: Uint8Array },
  layout: Layout,
  ordinal: number
): Promise<LeafRead> {
  try {
    const offset = layout.leafOffset(ordinal)
    const length = layout.leafBytes(ordinal)
    const piece = await files.read(file.path, offset, length, stat => isSameFile(stat, file.stat))
    if (piece.stat == null) return { type: 'missing', cause: undefined }
    if (piece.read == null) return { type: 'touched', stat: piece.stat }
    if (!isLeaf(piece.read, length, layout.digest(ordinal))) return { type: 'mismatch', stat: piece.stat }
    return { type: 'bytes', bytes: piece.read.bytes }
  } catch (error) {
    return { type: isGone(error) ? 'missing' : 'unreadable', cause: error }
  }
}

/** True for the errors of a path where nothing stands that was shared: also when a symlink was put there. */
export function isGone(error: unknown): boolean {
  return GONE.has(systemCode(error) ?? '')
}

const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP'])

/** True for what fails now and may not the next time: too many open files, a disk or a share in the network that has trouble. */
export function isPassing(error: unknown, platform: NodeJS.Platform = process.platform): boolean {
  const code = systemCode(error)
  return code != null && (PASSING.has(code) || (platform === 'win32' && BUSY_CODES.has(code)))
}

const PASSING = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EBUSY', 'EIO', 'ETIMEDOUT', 'ESTALE'])

const IN_FLIGHT = 4

/**
 * Reads a whole file against the layout, whatever its stored state, as long as its stat stays `stat`. `unread`: it could not be read just now, which says
 * nothing about it.
 */
export async function verifyFile(
  files: Pick<SourceReader, 'read'>,
  row: FileRow,
  layout: Layout,
  stat: Uint8Array,
  signal: AbortSignal,
  onBytes: (bytes: number) => void = () => {}
): Promise<FileState | 'unread'> {
  let next = row.first
  let state: FileState | 'unread' = FILE.clean
  await together(Math.min(IN_FLIGHT, row.leaves), async isOver => {
    while (next < row.first + row.leaves && state === FILE.clean && !isOver()) {
      signal.throwIfAborted()
      const ordinal = next++
      const found = await readLeafFrom(files, { path: row.path, stat }, layout, ordinal)
      if (found.type === 'bytes') onBytes(found.bytes.length)
      else if (found.type === 'unreadable' && isPassing(found.cause)) state = 'unread'
      else state = found.type === 'missing' || found.type === 'unreadable' ? FILE.missing : FILE.changed
    }
  })
  return state
}
