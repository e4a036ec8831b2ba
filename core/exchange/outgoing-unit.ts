// A unit on its way to a peer: what of it is over, and the next frame of it.
import { Flags, type BatchWriter } from './data-frames.ts'
import { MAX_FRAME_BYTES, NOT_YET_RETRY_MS } from './limits.ts'
import { ExchangeCode } from './codes.ts'
import type { RejectCall, SendQueue, Unit } from './send-queue.ts'
import type { ReadLeaf } from './unit-reader.ts'

/** A frame that could be sent now. */
export interface Payload {
  /** Payload bytes. */
  readonly length: number
  /** Adds it to a batch that has room. */
  write(batch: BatchWriter): void
}

export class OutgoingUnit {
  readonly unit: Unit
  readonly #queue: SendQueue
  readonly #reject: RejectCall
  /** Its bytes are counted in the room of read-ahead. */
  granted = false
  /** Read; empty for a range; undefined while it is not read. */
  leaves: ReadLeaf[] | undefined
  /** Resolves when `leaves` or `cancelled` is set, or the session ends. */
  ready: PromiseWithResolvers<void> = Promise.withResolvers()
  cancelled: ExchangeCode | undefined
  /** Bytes of a leaf or range that were sent, or leaves of a pack that are over. */
  done = 0
  /** Everything of it was sent or rejected. */
  over = false

  constructor(unit: Unit, queue: SendQueue, reject: RejectCall) {
    this.unit = unit
    this.#queue = queue
    this.#reject = reject
  }

  /** The next frame; rejects on the way what cannot be sent. Undefined: all of it is over, or it has to be read first. */
  piece(grain: number): Payload | undefined {
    if (this.over || this.leaves == null) return undefined
    const most = Math.min(grain, MAX_FRAME_BYTES)
    switch (this.unit.kind) {
      case 'range':
        return this.#rangePiece(most)
      case 'leaf':
        return this.#leafPiece(this.leaves[0] ?? ExchangeCode.IO, most)
      case 'pack':
        return this.#packPiece(this.leaves)
    }
  }

  /** All of a leaf at once, given to `send` with its memory; undefined when it is not read, cannot be sent, or began in frames. */
  inOne(send: (leaf: Uint8Array) => void): Payload | undefined {
    const leaf = this.leaves?.[0]
    if (this.over || this.done > 0 || leaf == null || typeof leaf === 'number') return undefined
    return {
      length: leaf.length,
      write: () => {
        this.#wholeOver()
        send(leaf)
      }
    }
  }

  /** Rejects what was not sent. */
  rejectRest(code: ExchangeCode): void {
    if (this.over) return
    const { unit } = this
    const isPack = unit.kind === 'pack'
    const ordinal = unit.kind === 'range' ? 0 : unit.start + (isPack ? this.done : 0)
    const count = unit.kind === 'range' ? 0 : isPack ? unit.count - this.done : 1
    if (isPack) this.#packOver(count)
    else this.#wholeOver()
    this.#reject(unit.job.req, ordinal, count, code, retryMs(code))
  }

  #leafPiece(leaf: ReadLeaf, most: number): Payload | undefined {
    if (typeof leaf === 'number') {
      this.rejectRest(this.#refusal(leaf, this.unit.start))
      return undefined
    }
    const offset = this.done
    const length = Math.min(leaf.length - offset, most)
    const end = offset + length
    const flags = end === leaf.length ? Flags.LAST : 0
    const header = { request: this.unit.job.req, ordinal: this.unit.start, offset, length, flags }
    return {
      length,
      write: batch => {
        batch.add(header, leaf.length - end).set(leaf.subarray(offset, end))
        this.done = end
        if (end < leaf.length) return
        this.#wholeOver()
        giveBack(leaf)
      }
    }
  }

  #packPiece(leaves: readonly ReadLeaf[]): Payload | undefined {
    const { unit } = this
    for (let read = leaves[this.done]; typeof read === 'number'; read = leaves[this.done]) {
      const ordinal = unit.start + this.done
      const code = this.#refusal(read, ordinal)
      this.#packOver(1)
      this.#reject(unit.job.req, ordinal, 1, code, retryMs(code))
    }
    if (this.over) return undefined
    const packed: Uint8Array[] = []
    let length = 0
    for (let leaf = leaves[this.done]; typeof leaf === 'object'; leaf = leaves[this.done + packed.length]) {
      length += 2 + leaf.length
      packed.push(leaf)
    }
    const ordinal = unit.start + this.done
    const header = { request: unit.job.req, ordinal, offset: packed.length, length, flags: Flags.PACKED }
    return {
      length,
      write: batch => {
        const payload = batch.add(header, 0)
        let at = 0
        for (const leaf of packed) {
          payload[at] = leaf.length >>> 8
          payload[at + 1] = leaf.length
          payload.set(leaf, at + 2)
          at += 2 + leaf.length
        }
        this.#packOver(packed.length)
      }
    }
  }

  #rangePiece(most: number): Payload | undefined {
    const { unit } = this
    const offset = unit.start + this.done
    const left = unit.count - this.done
    const bytes = unit.job.root.servable?.readSkeleton(offset, Math.min(left, most)) ?? new Uint8Array(0)
    if (bytes.length === 0 && this.done === 0) {
      this.rejectRest(ExchangeCode.NOT_HAVE)
      return undefined
    }
    const payload = new Uint8Array(bytes) // a copy: valid until the next call only, and this may wait
    const last = payload.length === left || payload.length === 0 // what is not there any more ends the range early
    const flags = Flags.SKELETON | (last ? Flags.LAST : 0)
    const header = { request: unit.job.req, ordinal: 0, offset, length: payload.length, flags }
    return {
      length: payload.length,
      write: batch => {
        batch.add(header, left - payload.length).set(payload)
        this.done += payload.length
        if (last) this.#wholeOver()
      }
    }
  }

  /** A leaf that was not there when it was read, and is said to be there now, was not lied about: that is our trouble. */
  #refusal(code: ExchangeCode, ordinal: number): ExchangeCode {
    const isHeld = code === ExchangeCode.NOT_HAVE && this.unit.job.root.servable?.have.has(ordinal) === true
    return isHeld ? ExchangeCode.IO : code
  }

  #wholeOver(): void {
    this.over = true
    this.#queue.over(this.unit, this.unit.count, this.unit.bytes)
  }

  /** The leaves of a pack are small: they count as equal parts of its bytes. */
  #packOver(count: number): void {
    const { unit } = this
    const share = (leaves: number) => Math.floor((unit.bytes * leaves) / unit.count)
    const bytes = share(this.done + count) - share(this.done)
    this.done += count
    this.over = this.done === unit.count
    this.#queue.over(unit, count, bytes)
  }
}

/** The leaf was ours and is copied: its memory is freed now, because garbage collection is late for what lies outside its heap. */
function giveBack({ buffer, length }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === length) buffer.transfer(0)
}

/** When to ask again: only what may come to be had says so. */
function retryMs(code: ExchangeCode): number {
  return code === ExchangeCode.NOT_HAVE ? NOT_YET_RETRY_MS : 0
}
