// A small file of our own that is replaced as a whole.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'

/** The old file or the new one, whole, whatever happens in between; mode 0600. Its bytes are synced before it has the name. Throws the system's errors. */
export function replaceFile(file: string, text: string): void {
  const draft = `${file}.new`
  try {
    const fd = openSync(draft, 'w', 0o600)
    try {
      const bytes = Buffer.from(text)
      for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done) // on a full disk a call writes less, and the next one throws
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(draft, file)
  } catch (error) {
    rmSync(draft, { force: true, recursive: true })
    throw error
  }
}
