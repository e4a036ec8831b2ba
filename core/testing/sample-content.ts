// Content for tests, the same on every run: what is in it is not a secret and not random.

import { createCipheriv, hash } from 'node:crypto'
import type { FileLeaves, SourceTree } from '../content/build.ts'
import { CHUNK_BYTES } from '../content/limits.ts'

/** Key stream of ChaCha20, key = SHA-256 of the seed, nonce and counter 0 (IPIP-0499, "Test fixtures"); each call goes on. */
export function keyStream(seed: string): (length: number) => Buffer {
  const cipher = createCipheriv('chacha20', hash('sha256', seed, 'buffer'), Buffer.alloc(16))
  return length => cipher.update(Buffer.alloc(length))
}

/** Hashes a file that is made piece by piece. */
export function leavesOf(sizeBytes: number, next: (length: number) => Uint8Array): FileLeaves {
  const digests: Buffer[] = []
  let left = sizeBytes
  do {
    const length = Math.min(CHUNK_BYTES, left)
    digests.push(hash('sha256', next(length), 'buffer'))
    left -= length
  } while (left > 0)
  return { digests: Buffer.concat(digests), sizeBytes }
}

export function file(bytes: Uint8Array): SourceTree {
  let at = 0
  return { kind: 'file', leaves: leavesOf(bytes.length, length => bytes.subarray(at, (at += length))) }
}

export function folder(entries: Record<string, SourceTree> | Iterable<[string, SourceTree]>): SourceTree {
  return { kind: 'folder', entries: new Map(Symbol.iterator in entries ? entries : Object.entries(entries)) }
}
