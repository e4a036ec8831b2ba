// Reads a piece of an open file together with its digest: at once when it is small, on a thread when it is not.
import { hash } from 'node:crypto'
import { readSync } from 'node:fs'
import type { LeafThreads } from './leaf-threads.ts'

/** Up to here a trip to a thread costs more than doing it. */
export const SMALL_BYTES = 64 * 1024

/** Bytes, and the sha2-256 digest they have. */
export interface Hashed {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly digest: Uint8Array
}

/** [offset, offset + length), shorter where the file ends. The bytes are the caller's. */
export async function readHashed(threads: LeafThreads, fd: number, offset: number, length: number): Promise<Hashed> {
  return length <= SMALL_BYTES ? readHashedNow(fd, offset, length) : threads.read(fd, offset, length)
}

export function readHashedNow(fd: number, offset: number, length: number): Hashed {
  const whole = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const bytesRead = readSync(fd, whole, filled, length - filled, offset + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  const bytes = whole.subarray(0, filled)
  return { bytes, digest: hash('sha256', bytes, 'buffer') }
}

/** True when these are `length` bytes with this digest. */
export function isLeaf(read: Hashed | undefined, length: number, digest: Uint8Array): read is Hashed {
  return read != null && read.bytes.length === length && Buffer.compare(read.digest, digest) === 0
}

/** The same of bytes in memory; blocks for 1 ms a MiB. */
export function hasDigest(bytes: Uint8Array, digest: Uint8Array): boolean {
  return Buffer.compare(hash('sha256', bytes, 'buffer'), digest) === 0
}
