// Which CIDs may be the root of a share, and the one text form Shoal writes. Everything else about blocks is core/content.
import { bases } from 'multiformats/basics'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { CodedError } from './errors.ts'

/** Codec of a leaf: bytes as they are (multicodec table, `raw`). */
export const RAW = 0x55
/** Codec of a UnixFS node (multicodec table, `dag-pb`). */
export const DAG_PB = 0x70
const SHA2_256 = 0x12 // multicodec table, `sha2-256`
const SHA2_256_BYTES = 32

/** A 36-byte CIDv1 in base2, the most verbose base, has 289 characters. */
const MAX_CID_CHARS = 512

/** By multibase prefix; `identity` is left out because it is bytes, not text. */
const DECODERS = new Map(
  Object.values(bases)
    .filter(base => base.name !== 'identity')
    .map(base => [base.prefix as string, base])
)

/**
 * Reads a root: CIDv0 or CIDv1, in any multibase, dag-pb or raw, sha2-256. Always returns a CIDv1.
 * Throws `invalid-link` when the text is not a CID, `unsupported-cid` when it is one that Shoal cannot fetch.
 */
export function parseRoot(text: string): CID {
  return acceptRoot(parseCid(text))
}

/** Reads a root from its binary form, copying it. Throws `unsupported-cid` for anything else than `parseRoot` accepts. */
export function decodeRoot(bytes: Uint8Array): CID {
  let cid: CID
  try {
    cid = CID.decode(bytes)
  } catch (error) {
    throw new CodedError('unsupported-cid', 'These bytes are not a CID', { cause: error })
  }
  return acceptRoot(cid)
}

/** CIDv1 in base32: the only text form of a root that Shoal writes. */
export function rootText(cid: CID): string {
  return cid.toV1().toString()
}

function parseCid(text: string): CID {
  const prefix = String.fromCodePoint(text.codePointAt(0) ?? 0)
  const decoder = DECODERS.get(prefix)
  try {
    if (text.length > MAX_CID_CHARS) throw new RangeError('Too long for a CID')
    if (prefix === 'Q') return CID.parse(text) // CIDv0: base58btc without a prefix (CID spec, "CIDv0")
    if (decoder == null) throw new RangeError('Unknown multibase')
    const cid = CID.decode(decoder.decode(text))
    if (cid.version === 0) throw new RangeError('CIDv0 has no multibase prefix')
    return cid
  } catch (error) {
    throw new CodedError('invalid-link', 'This is not a link or a CID: copy it again, whole', { cause: error })
  }
}

function acceptRoot(cid: CID): CID {
  if (cid.code !== RAW && cid.code !== DAG_PB) {
    throw new CodedError('unsupported-cid', 'This CID names neither a file nor a folder that Shoal can read')
  }
  const { code, digest } = cid.multihash
  if (code !== SHA2_256 || digest.byteLength !== SHA2_256_BYTES) {
    throw new CodedError('unsupported-cid', 'This CID uses another hash than sha2-256, which Shoal cannot verify')
  }
  return CID.createV1(cid.code, createDigest(SHA2_256, digest.slice()))
}
