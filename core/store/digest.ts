// SHA-256 of a leaf: at once when it is small, on the thread pool when it is not, so that the loop stays free.
import { hash, webcrypto } from 'node:crypto'

const SMALL_BYTES = 64 * 1024

/** True when `bytes` have this sha2-256 digest (32 bytes). */
export async function hasDigest(bytes: Uint8Array<ArrayBuffer>, digest: Uint8Array): Promise<boolean> {
  if (bytes.length <= SMALL_BYTES) return hasDigestNow(bytes, digest)
  return Buffer.compare(new Uint8Array(await webcrypto.subtle.digest('SHA-256', bytes)), digest) === 0
}

/** The same without waiting; for small leaves. */
export function hasDigestNow(bytes: Uint8Array, digest: Uint8Array): boolean {
  return Buffer.compare(hash('sha256', bytes, 'buffer'), digest) === 0
}
