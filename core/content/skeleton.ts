// Reads a skeleton as it arrives: each block is checked against the CID the walk expects next, and nothing is kept before that.
// What the walk makes of a block is content-walk.ts.

import { hash } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import { DAG_PB } from '../cid.ts'
import { CodedError } from '../errors.ts'
import { ContentWalk } from './content-walk.ts'
import type { Layout } from './layout.ts'
import { MAX_BLOCK_BYTES, skeletonLimit } from './limits.ts'

const SHA2_256 = 0x12 // multicodec table

/**
 * The skeleton stream of one root (`uvarint length | block` of every dag-pb block at its first visit, depth first), in; its layout, out.
 * Memory: about 40 bytes a leaf, a few hundred a file, folder or dag-pb block; at most one unverified block.
 */
export class SkeletonReader {
  readonly #root: CID
  readonly #walk: ContentWalk
  #verifiedBytes = 0
  #length = 0 // of the block that is arriving, as far as its varint was read
  #lengthBytes = 0
  #block: Buffer | undefined // the block that is arriving, once its length is known
  #filled = 0
  #failure: unknown
  #layout: Layout | undefined

  /** A raw root has no skeleton (`rawRootLayout`): only dag-pb and sha2-256 are taken, else `unsupported-cid`. */
  constructor(root: CID) {
    if (root.code !== DAG_PB || root.multihash.code !== SHA2_256 || root.multihash.digest.length !== 32) {
      throw new CodedError('unsupported-cid', 'Only dag-pb content named by sha2-256 has a skeleton')
    }
    this.#root = root.toV1()
    this.#walk = new ContentWalk(root.multihash.digest)
  }

  /** Bytes of the stream that are verified. After `hash-mismatch`, go on from here with another peer. */
  get verifiedBytes(): number {
    return this.#verifiedBytes
  }

  get complete(): boolean {
    return this.#failure === undefined && this.#walk.expected == null
  }

  /**
   * Takes the next bytes of the stream, cut anywhere; copies what it keeps. Throws
   * `hash-mismatch`: not the block that comes next, or beyond the end; that tail is dropped, the sender is to blame;
   * `bad-content`, `too-large`, `unsupported-layout`, `unsupported-cid`, `unsafe-name`: the content itself is refused, for good.
   */
  push(bytes: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure
    let at = 0
    while (at < bytes.length) {
      if (this.#walk.expected == null) throw this.#mismatch('more bytes than the content has')
      if (this.#block == null) {
        this.#readLength(bytes[at++] ?? 0)
        continue
      }
      const taken = Math.min(this.#block.length - this.#filled, bytes.length - at)
      this.#block.set(bytes.subarray(at, at + taken), this.#filled)
      this.#filled += taken
      at += taken
      if (this.#filled === this.#block.length) this.#verify(this.#block)
    }
  }

  /** Drops what was pushed after `verifiedBytes`: a peer left in the middle of a block. */
  resync(): void {
    this.#length = 0
    this.#lengthBytes = 0
    this.#block = undefined
    this.#filled = 0
  }

  /** Once `complete`; the same object every time. */
  layout(): Layout {
    if (this.#failure !== undefined) throw this.#failure
    if (!this.complete) throw new CodedError('internal', 'The skeleton is not complete')
    return (this.#layout ??= this.#walk.finish(this.#root, this.#verifiedBytes))
  }

  /**
   * A length is only a sender's word: one that no block can have, or one not written the shortest way (which would move every
   * offset after it), is the sender's lie and not the content's.
   */
  #readLength(byte: number): void {
    this.#length += (byte & 127) * 128 ** this.#lengthBytes++
    if (this.#length > MAX_BLOCK_BYTES || this.#lengthBytes > 4) throw this.#mismatch('a block longer than any can be')
    if (byte >= 128) return
    if (this.#length === 0 || (byte === 0 && this.#lengthBytes > 1)) throw this.#mismatch('a length that no block has')
    this.#block = Buffer.allocUnsafe(this.#length)
  }

  #verify(block: Buffer): void {
    const { expected } = this.#walk
    if (expected == null || Buffer.compare(hash('sha256', block, 'buffer'), expected) !== 0) {
      throw this.#mismatch('a block whose hash is wrong')
    }
    this.#verifiedBytes += this.#lengthBytes + block.length
    this.resync()
    try {
      this.#walk.enter(block)
      if (this.#verifiedBytes > skeletonLimit(this.#walk.declaredBytes)) {
        throw new CodedError(
          'too-large',
          'The list of files and blocks is out of proportion to the size of the content'
        )
      }
    } catch (error) {
      this.#failure = error
      throw error
    }
  }

  #mismatch(what: string): CodedError {
    this.resync()
    return new CodedError('hash-mismatch', `A peer sent ${what}; nothing of it was kept`)
  }
}

/** The layout of a stored skeleton, in pieces cut anywhere. Throws what `push` throws, `bad-content` when it is not whole. */
export function layoutOf(root: CID, pieces: Iterable<Uint8Array>): Layout {
  const reader = new SkeletonReader(root)
  for (const piece of pieces) reader.push(piece)
  if (!reader.complete)
    throw new CodedError('bad-content', 'A stored list of files and blocks breaks off; fetch the content again')
  return reader.layout()
}
