import { hash, subtle } from 'node:crypto'

const SYNC_BYTES = 65_536 // below it, a trip to a native thread costs more than the hash

/** Whether these bytes have this sha2-256 digest. Big ones are hashed in native threads, beside the loop. */
export async function hasDigest(bytes: Uint8Array, digest: Uint8Array): Promise<boolean> {
  if (bytes.length < SYNC_BYTES) return Buffer.compare(hash('sha256', bytes, 'buffer'), digest) === 0
  // the cast: received bytes are never in shared memory
  return Buffer.compare(Buffer.from(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)), digest) === 0
}
