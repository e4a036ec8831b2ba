// The receiving end of a bulk link, in its thread. It is the one that dials: only a socket that was dialled has `onread`, by which OpenSSL's output lands in the leaf
// without a copy. A leaf is handed on as soon as it is whole; whether it was asked for is for the session to say, so no more than READ_AHEAD_BYTES are ahead of it.
import { MAX_BLOCK_BYTES } from '../exchange/limits.ts'
import { BULK_HEADER_BYTES } from './bulk-sending.ts'
import type { BulkNews } from './bulk-worker-messages.ts'

/** Handed on and not taken over yet. */
const READ_AHEAD_BYTES = 8 * 1024 * 1024
/** What a leaf counts for at least: it is a message to the session, however small. */
const LEAST_BYTES = 64 * 1024
/** A leaf that takes longer is told of in parts. */
const TELL_MS = 250

interface ComingLeaf {
  readonly request: number
  readonly ordinal: number
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Of it, told as coming. */
  told: number
}

export class BulkReceiving {
  readonly #link: number
  readonly #tell: (news: BulkNews, moved: ArrayBuffer[]) => void
  readonly #head = Buffer.allocUnsafeSlow(BULK_HEADER_BYTES)
  /** Undefined: a header is coming. */
  #leaf: ComingLeaf | undefined
  #filled = 0
  #ahead = 0
  #toldAt = 0
  #isHeld = false

  constructor(link: number, tell: (news: BulkNews, moved: ArrayBuffer[]) => void) {
    this.#link = link
    this.#tell = tell
  }

  /** A frame has begun and not ended, and it is not we who hold it up. */
  get isWaiting(): boolean {
    return !this.#isHeld && (this.#leaf != null || this.#filled > 0)
  }

  /** Where the next bytes belong: the rest of the header, or of the leaf. Never empty. */
  target(): Uint8Array {
    return this.#leaf == null ? this.#head.subarray(this.#filled) : this.#leaf.bytes.subarray(this.#filled)
  }

  /** So many bytes are there. False: no more for now. Throws for a frame that no peer sends. */
  advance(bytes: number): boolean {
    this.#filled += bytes
    const leaf = this.#leaf
    if (leaf == null) {
      if (this.#filled === BULK_HEADER_BYTES) this.#begin()
    } else if (this.#filled === leaf.bytes.length) this.#end(leaf)
    else this.#sayComing(leaf)
    this.#isHeld = this.#ahead >= READ_AHEAD_BYTES
    return !this.#isHeld
  }

  /** A leaf of so many bytes was taken over; goes on where it held. */
  taken(bytes: number, socket: { resume(): unknown }): void {
    this.#ahead -= Math.max(bytes, LEAST_BYTES)
    if (!this.#isHeld || this.#ahead >= READ_AHEAD_BYTES) return
    this.#isHeld = false
    socket.resume()
  }

  #begin(): void {
    const length = this.#head.readUInt32BE(8)
    this.#filled = 0 // in any case: a socket that is offered an empty target spins for ever, inside of Node
    if (length === 0 || length > MAX_BLOCK_BYTES) throw new Error(`A leaf of ${length} bytes`)
    const [request, ordinal] = [this.#head.readUInt32BE(0), this.#head.readUInt32BE(4)]
    this.#leaf = { request, ordinal, bytes: Buffer.allocUnsafeSlow(length), told: 0 }
    this.#toldAt = performance.now()
  }

  #end({ request, ordinal, bytes }: ComingLeaf): void {
    this.#leaf = undefined
    this.#filled = 0
    this.#ahead += Math.max(bytes.length, LEAST_BYTES)
    this.#tell({ kind: 'leaf', link: this.#link, request, ordinal, bytes }, [bytes.buffer])
  }

  #sayComing(leaf: ComingLeaf): void {
    const now = performance.now()
    if (now - this.#toldAt < TELL_MS) return
    this.#toldAt = now
    const { request, ordinal, told } = leaf
    leaf.told = this.#filled
    this.#tell({ kind: 'coming', link: this.#link, request, ordinal, bytes: this.#filled - told }, [])
  }
}
