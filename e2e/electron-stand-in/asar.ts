// A packed app. Node cannot read inside an archive, so it is unpacked into a temporary folder, every file against the hash in
// the header; what the header says lies beside the archive is taken from `app.asar.unpacked`. A process of its own removes
// the folder when this one has ended, however it ends.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, cpSync, mkdirSync, mkdtempSync, openSync, readSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

interface Entry {
  readonly files?: Record<string, Entry>
  readonly link?: string
  readonly unpacked?: boolean
  readonly size?: number
  readonly offset?: string
  readonly executable?: boolean
  readonly integrity?: { readonly hash: string }
}

export function unpackAsar(archive: string): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'electron-stand-in-'))
  removeAtTheEnd(folder)
  const file = openSync(archive, 'r')
  const read = (at: number, size: number): Buffer => {
    const bytes = Buffer.alloc(size)
    if (readSync(file, bytes, 0, size, at) !== size) throw new Error(`stand-in: ${archive} is cut short`)
    return bytes
  }
  // Chromium pickles: u32 4, u32 header size, u32 payload size, u32 text length, the text; then the files.
  const sizes = read(0, 16)
  const firstFile = 8 + sizes.readUInt32LE(4)
  const header = JSON.parse(read(16, sizes.readUInt32LE(12)).toString('utf8')) as Entry // electron-builder's own format

  const unpack = (entry: Entry, name: string): void => {
    const target = path.join(folder, name)
    if (entry.files != null) {
      mkdirSync(target, { recursive: true })
      for (const [inner, child] of Object.entries(entry.files)) unpack(child, path.join(name, inner))
    } else if (entry.link != null) symlinkSync(path.join(folder, entry.link), target)
    else if (entry.unpacked) cpSync(path.join(`${archive}.unpacked`, name), target)
    else {
      const bytes = read(firstFile + Number(entry.offset), entry.size ?? 0)
      const hash = createHash('sha256').update(bytes).digest('hex')
      if (entry.integrity?.hash !== hash)
        throw new Error(`stand-in: ${name} in ${archive} has not the hash of its header`)
      writeFileSync(target, bytes, { mode: entry.executable ? 0o755 : 0o644 })
    }
  }
  try {
    unpack(header, '')
  } finally {
    closeSync(file)
  }
  return folder
}

/** A shell that waits for its input to close, in a process group of its own so that a killed group spares it. */
function removeAtTheEnd(folder: string): void {
  const shell = spawn('sh', ['-c', 'cat >/dev/null; rm -rf -- "$1"', 'sh', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore']
  })
  shell.unref()
  // A pipe is a socket to Node: it must not keep this process, nor be read.
  if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref()
}
