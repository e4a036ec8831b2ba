// A thread that reads and hashes leaves, or hashes and writes them, in one go: the loop that asks never touches their bytes.
// Needs nothing but Node, so that it runs as it is and as a bundle of its own. Descriptors are the asking side's.
import { hash } from 'node:crypto'
import { readSync, writeSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import type { LeafResult, LeafTask } from './leaf-worker-messages.ts'

/** 1 GiB into a new file of ext4 takes 0.46 CPU s in pieces of this size, 1.38 in pieces of 1 MiB (PERFORMANCE.md). */
const WRITE_BYTES = 128 * 1024

parentPort?.on('message', (order: LeafTask) => {
  try {
    if (order.kind === 'read') read(order.id, order.fd, order.offset, order.length)
    else {
      const isRight = write(order)
      order.bytes.buffer.transfer(0) // gives the memory back now, not at some garbage collection
      answer({ kind: 'write', id: order.id, isRight })
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'EIO'
    answer({ kind: 'failed', id: order.id, errno: code })
  }
})

function read(id: number, fd: number, offset: number, length: number): void {
  const whole = Buffer.allocUnsafeSlow(length)
  let filled = 0
  while (filled < length) {
    const bytesRead = readSync(fd, whole, filled, length - filled, offset + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  const bytes = filled === length ? whole : Uint8Array.from(whole.subarray(0, filled))
  answer({ kind: 'read', id, bytes, digest: hash('sha256', bytes, 'buffer') }, bytes.buffer)
}

function write({ fd, offset, bytes, digest }: LeafTask & { kind: 'write' }): boolean {
  if (Buffer.compare(hash('sha256', bytes, 'buffer'), digest) !== 0) return false
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, Math.min(WRITE_BYTES, bytes.length - done), offset + done)
  }
  return true
}

function answer(it: LeafResult, ...moved: ArrayBuffer[]): void {
  parentPort?.postMessage(it, moved)
}
