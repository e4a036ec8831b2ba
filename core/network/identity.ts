// The node's Ed25519 key, kept in `identity.key` as a libp2p protobuf private key (peer-ids spec, "Keys"). Whoever has the file is this peer.

import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync
} from 'node:fs'
import path from 'node:path'
import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { CodedError, codeOf } from '../errors.ts'
import { IDENTITY_FILE } from '../files/data-dirs.ts'
import { isNoRoom, ownDiskFull, systemCode } from '../files/write-error.ts'

const MAX_KEY_BYTES = 256 // an Ed25519 key takes 68
const SEED_BYTES = 32

/**
 * Reads the key of the data directory, or makes one if there is none. The caller holds the directory's lock, so nobody else makes one meanwhile.
 * Throws `data-damaged` for a file that is not our key (it is never replaced: the peer ID would change silently), `unreadable`, `not-writable`, `disk-full`.
 */
export async function openIdentity(dataDir: string): Promise<Ed25519PrivateKey> {
  const file = path.join(dataDir, IDENTITY_FILE)
  const bytes = readKeyFile(file)
  if (bytes != null) return parseKey(bytes)
  const key = await generateKeyPair('Ed25519')
  writeKeyFile(file, privateKeyToProtobuf(key))
  return key
}

function readKeyFile(file: string): Uint8Array | undefined {
  try {
    const stat = statSync(file)
    if (!stat.isFile() || stat.size > MAX_KEY_BYTES) throw damaged()
    const bytes = readFileSync(file)
    if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) chmodSync(file, 0o600)
    return bytes
  } catch (error) {
    if (codeOf(error) === 'data-damaged') throw error
    if (systemCode(error) === 'ENOENT') return undefined
    throw new CodedError(
      'unreadable',
      'The key of this node (identity.key) cannot be read; check who owns the data directory',
      {
        cause: error
      }
    )
  }
}

function parseKey(bytes: Uint8Array): Ed25519PrivateKey {
  try {
    const key = privateKeyFromProtobuf(bytes)
    if (key.type === 'Ed25519' && belongTogether(key.raw.subarray(0, SEED_BYTES), key.publicKey.raw)) return key
  } catch (error) {
    throw damaged(error)
  }
  throw damaged()
}

/** The file holds both halves of the key: one flipped bit and they no longer belong together. */
function belongTogether(seed: Uint8Array, publicKey: Uint8Array): boolean {
  const d = Buffer.from(seed).toString('base64url')
  const x = Buffer.from(publicKey).toString('base64url')
  const derived = createPublicKey(createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' }))
  return derived.export({ format: 'jwk' }).x === x
}

/** All of it or nothing: a temporary file beside it, synced, then renamed. */
function writeKeyFile(file: string, bytes: Uint8Array): void {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`
  try {
    const fd = openSync(temporary, 'wx', 0o600)
    try {
      writeSync(fd, bytes)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, file)
    syncFolder(path.dirname(file))
  } catch (error) {
    rmSync(temporary, { force: true })
    if (isNoRoom(error)) throw ownDiskFull(error)
    throw new CodedError(
      'not-writable',
      'The key of this node cannot be saved; check the free space and who owns the data directory',
      {
        cause: error
      }
    )
  }
}

function syncFolder(folder: string): void {
  if (process.platform === 'win32') return // folders cannot be opened there
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

const damaged = (cause?: unknown): CodedError =>
  new CodedError(
    'data-damaged',
    'The key of this node (identity.key) is damaged. Restore it from a backup, or move it away to get a new identity; your files are not affected',
    cause == null ? undefined : { cause }
  )
