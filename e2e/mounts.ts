// Small file systems that a test makes for itself.

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'

interface Mount extends Disposable {
  makeReadOnly(): void
  makeWritable(): void
  resize(sizeBytes: number): void
}

/** A file system of `sizeBytes` in memory on a new folder. Where `whyNoRights` has an answer it cannot be made. */
export function mountTmpfs(dir: string, sizeBytes: number): Mount {
  mkdirSync(dir, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes},mode=0777`, 'shoal-e2e', dir])
  const change = (option: string) => execFileSync('mount', ['-o', `remount,${option}`, dir])
  return {
    makeReadOnly: () => void change('ro'),
    makeWritable: () => void change('rw'),
    resize: bytes => void change(`size=${bytes}`),
    // Lazily: a process that is just ending may still hold a file; the mount goes with its last user.
    [Symbol.dispose]: () => execFileSync('umount', ['--lazy', dir])
  }
}
