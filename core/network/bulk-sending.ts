// The sending end of a bulk link, in its thread: one leaf after the other, encrypted by OpenSSL on the socket itself.
//   frame: u32 request | u32 ordinal | u32 length | u32 reserved | length bytes
import type { TLSSocket } from 'node:tls'
import { BULK_STALL_MS } from '../exchange/limits.ts'
import type { BulkNews, BulkOrder } from './bulk-worker-messages.ts'

export const BULK_HEADER_BYTES = 16
/** Of one write: what OpenSSL makes of it stays in the cache until the kernel has copied it. */
const WRITE_BYTES = 128 * 1024

type Leaf = BulkOrder & { kind: 'send' }

/** Owns the socket, which has shown whose it is. */
export class BulkSending {
  readonly #link: number
  readonly #socket: TLSSocket
  readonly #tell: (news: BulkNews) => void
  readonly #queue: Leaf[] = []
  #isWriting = false
  #stall: NodeJS.Timeout | undefined

  constructor(link: number, socket: TLSSocket, tell: (news: BulkNews) => void) {
    this.#link = link
    this.#socket = socket
    this.#tell = tell
    socket.once('close', () => clearTimeout(this.#stall))
  }

  send(leaf: Leaf): void {
    this.#queue.push(leaf)
    this.#next()
  }

  #next(): void {
    const leaf = this.#isWriting || this.#socket.destroyed ? undefined : this.#queue.shift()
    if (leaf == null) return
    this.#isWriting = true
    this.#stall = setTimeout(() => this.#socket.destroy(new Error('The peer takes nothing')), BULK_STALL_MS)
    const head = Buffer.alloc(BULK_HEADER_BYTES)
    head.writeUInt32BE(leaf.request, 0)
    head.writeUInt32BE(leaf.ordinal, 4)
    head.writeUInt32BE(leaf.bytes.length, 8)
    this.#socket.write(head)
    this.#write(leaf, 0)
  }

  #write(leaf: Leaf, at: number): void {
    const { length, buffer } = leaf.bytes
    const end = Math.min(length, at + WRITE_BYTES)
    this.#socket.write(leaf.bytes.subarray(at, end), error => {
      if (error != null) return // the socket tells its end
      this.#stall?.refresh()
      if (end < length) return this.#write(leaf, end)
      clearTimeout(this.#stall)
      this.#isWriting = false
      buffer.transfer(0) // gives the memory back now, not at some garbage collection
      this.#tell({ kind: 'sent', link: this.#link, bytes: length })
      this.#next()
    })
  }
}
