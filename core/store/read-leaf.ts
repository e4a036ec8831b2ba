// Reads one leaf from one file and says what it found; the only way bytes leave a user's file.
import type { Layout } from '../content/layout.ts'
import { isLeaf } from './hashed-read.ts'
import type { OpenFiles } from './open-files.ts'
import { FILE, type FileRow, type FileState } from './share-repo.ts'
import { isSameFile } from './stat.ts'

/** `bytes`: verified just now. Otherwise why not, and the file's stat (packed) if there is a file. */
export type LeafRead =
  | { type: 'bytes'; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'touched' | 'mismatch'; stat: Uint8Array }
  | { type: 'missing' | 'unreadable'; cause: unknown }

/** `touched`: the stat is not `stat`, nothing was read. `mismatch`: other bytes than the digest says. */
export async function readLeafFrom(
  files: OpenFiles,
  file: { path: string; stat: Uint8Array },
  layout: Layout,
  ordinal: number
): Promise<LeafRead> {
  try {
    const offset = layout.leafOffset(ordinal)
    const length = layout.leafBytes(ordinal)
    const piece = await files.read(file.path, offset, length, stat => isSameFile(stat, file.stat))
    if (piece.stat === undefined) return { type: 'missing', cause: undefined }
    if (piece.read === undefined) return { type: 'touched', stat: piece.stat }
    if (!isLeaf(piece.read, length, layout.digest(ordinal))) return { type: 'mismatch', stat: piece.stat }
    return { type: 'bytes', bytes: piece.read.bytes }
  } catch (cause) {
    return { type: isGone(cause) ? 'missing' : 'unreadable', cause }
  }
}

/** True for the errors of a path where nothing stands that was shared: also when a symlink was put there. */
export function isGone(err: unknown): boolean {
  return err instanceof Error && 'code' in err && typeof err.code === 'string' && GONE.has(err.code)
}

const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP'])

const IN_FLIGHT = 4

/** Reads a whole file against the layout, whatever its stored state, as long as its stat stays `stat`. */
export async function verifyFile(
  files: OpenFiles,
  row: FileRow,
  layout: Layout,
  stat: Uint8Array,
  signal: AbortSignal,
  onBytes: (bytes: number) => void = () => {}
): Promise<FileState> {
  let next = row.first
  let state: FileState = FILE.clean
  const run = async (): Promise<void> => {
    while (next < row.first + row.leaves && state === FILE.clean) {
      signal.throwIfAborted()
      const ordinal = next++
      const found = await readLeafFrom(files, { path: row.path, stat }, layout, ordinal)
      if (found.type === 'bytes') onBytes(found.bytes.length)
      else state = found.type === 'missing' || found.type === 'unreadable' ? FILE.missing : FILE.changed
    }
  }
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, row.leaves) }, run))
  return state
}
