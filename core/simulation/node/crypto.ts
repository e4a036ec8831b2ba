// What simulated code gets when it imports node:crypto: the same hashes, made at once; random bytes from the machine's dice.
import { createHash, hash } from 'node:crypto'
import { thisMachine } from '../machine.ts'

export { createHash, hash }

export function randomBytes(length: number): Buffer {
  return Buffer.from(thisMachine().dice.bytes(length))
}

/** In [least, above), or [0, least) when one is given. */
export function randomInt(least: number, above?: number): number {
  const { dice } = thisMachine()
  return above == null ? dice.int(0, least - 1) : dice.int(least, above - 1)
}

export function randomUUID(): string {
  const hex = randomBytes(16).toString('hex')
  const variant = '89ab'[thisMachine().dice.int(0, 3)] ?? '8'
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
}

export const subtle = {
  async digest(_name: 'SHA-256', bytes: Uint8Array): Promise<ArrayBuffer> {
    const digest = hash('sha256', bytes, 'buffer')
    return digest.buffer.slice(digest.byteOffset, digest.byteOffset + digest.length) as ArrayBuffer // made just now, not shared
  }
}
