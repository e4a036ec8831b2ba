// Content for tests and benchmarks: the same bytes for the same seed, made faster than they can be hashed; and what is on disk, to compare.

import { createCipheriv, createHash, hash } from 'node:crypto'
import { closeSync, createReadStream, ftruncateSync, lstatSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { readSync, readdirSync, readlinkSync, writeSync } from 'node:fs'
import path from 'node:path'

export const MIB = 1_048_576
const STEP_BYTES = 4 * MIB

/** Sizes around the one that matters: a leaf is at most 1 MiB, and a file of one leaf has no other block. */
export const EDGE_SIZES = [0, 1, MIB - 1, MIB, MIB + 1] as const

/** Calls `take` with pieces of a key stream (AES-128-CTR) until `sizeBytes` are given. A piece is valid only during the call. */
function streamRandom(sizeBytes: number, seed: string, take: (piece: Uint8Array) => void): void {
  const cipher = createCipheriv('aes-128-ctr', hash('sha256', seed, 'buffer').subarray(0, 16), Buffer.alloc(16))
  const zeros = Buffer.alloc(Math.min(STEP_BYTES, sizeBytes))
  for (let left = sizeBytes; left > 0; left -= zeros.length) take(cipher.update(zeros.subarray(0, left)))
}

export function randomBytes(sizeBytes: number, seed: string): Buffer {
  const pieces: Uint8Array[] = []
  streamRandom(sizeBytes, seed, piece => pieces.push(piece))
  return Buffer.concat(pieces)
}

/** Returns the SHA-256 of what was written, in hex. */
export function writeRandomFile(file: string, sizeBytes: number, seed: string): string {
  const digest = createHash('sha256')
  mkdirSync(path.dirname(file), { recursive: true })
  const fd = openSync(file, 'wx')
  try {
    streamRandom(sizeBytes, seed, piece => {
      digest.update(piece)
      writeSync(fd, piece)
    })
  } finally {
    closeSync(fd)
  }
  return digest.digest('hex')
}

/** Nearly no disk space, and no two leaves equal: an 8-byte counter at the start of every MiB. */
export function writeSparseFile(file: string, sizeBytes: number): void {
  const fd = openSync(file, 'wx')
  const counter = Buffer.alloc(8)
  try {
    ftruncateSync(fd, sizeBytes)
    for (let index = 0; index * MIB < sizeBytes; index++) {
      counter.writeBigUInt64LE(BigInt(index + 1))
      writeSync(fd, counter, 0, Math.min(8, sizeBytes - index * MIB), index * MIB)
    }
  } finally {
    closeSync(fd)
  }
}

/** Changes one byte in place: the length stays. */
export function flipByte(file: string, at: number): void {
  const old = Buffer.alloc(1)
  const fd = openSync(file, 'r+')
  try {
    readSync(fd, old, 0, 1, at)
    writeSync(fd, Uint8Array.of((old[0] ?? 0) ^ 1), 0, 1, at)
  } finally {
    closeSync(fd)
  }
}

/** Hex. */
export async function sha256Of(file: string): Promise<string> {
  const digest = createHash('sha256')
  // A file stream gives buffers; nothing sets an encoding.
  for await (const piece of createReadStream(file, { highWaterMark: MIB })) digest.update(piece as Buffer)
  return digest.digest('hex')
}

/** Bytes that the files below a folder take, as the file system counts their lengths. */
export function treeBytes(dir: string): number {
  let bytes = 0
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += lstatSync(path.join(entry.parentPath, entry.name)).size
  }
  return bytes
}

/** Everything below a folder, one line each, sorted: kind, path and SHA-256 (files) or target (symlinks). Reads whole files: for small ones. */
export function listTree(dir: string): string[] {
  const rows: string[] = []
  const walk = (below: string): void => {
    for (const entry of readdirSync(path.join(dir, below), { withFileTypes: true })) {
      const at = path.join(below, entry.name)
      if (entry.isDirectory()) {
        rows.push(`folder ${at}`)
        walk(at)
      } else if (entry.isSymbolicLink()) rows.push(`symlink ${at} -> ${readlinkSync(path.join(dir, at))}`)
      else rows.push(`file ${at} ${hash('sha256', readFileSync(path.join(dir, at)))}`)
    }
  }
  walk('')
  return rows.sort()
}
