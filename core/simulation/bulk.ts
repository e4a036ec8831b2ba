// Bulk links between simulated machines: the frames of the real ones (PROTOCOL.md, "Bulk link") on a stream of the same connection, which dies now and then by itself.
import { hash } from 'node:crypto'
import type { BulkAddress, BulkLink, BulkPort, BulkReceiver } from '../exchange/bulk-link.ts'
import { BULK_TOKEN_BYTES } from '../exchange/limits.ts'
import type { Duplex } from '../exchange/duplex.ts'
import type { Side } from './connection.ts'
import type { Machine } from './machine.ts'
import { openWire } from './open-wire.ts'

const HEADER_BYTES = 16
/** Contents are small here. */
const WORTH_BYTES = 70_000
const BREAKS_AT_A_LEAF = 0.1
const ACCEPT_MS = 10_000

/** The links of one node. */
export class SimulatedBulk {
  readonly #machine: Machine
  readonly #self: string
  readonly #expected = new Map<string, PromiseWithResolvers<BulkLink>>() // by token

  constructor(machine: Machine, peerId: string) {
    this.#machine = machine
    this.#self = peerId
  }

  portOver(side: Side): BulkPort {
    return {
      worthBytes: WORTH_BYTES,
      certificate: async () => this.#certificate(),
      accept: async (_theirs, signal) => this.#accept(signal),
      dial: async ({ token }, signal) => this.#dial(side, token, signal)
    }
  }

  /** A stream came that should name who is expected. */
  onWire(wire: Duplex): void {
    let token = Buffer.alloc(0)
    wire.onBytes(bytes => {
      token = Buffer.concat([token, bytes])
      const expected = this.#expected.get(token.toString('hex'))
      if (token.length < BULK_TOKEN_BYTES) return
      if (expected == null) return wire.abort(new Error('Nobody is expected'))
      this.#expected.delete(token.toString('hex'))
      expected.resolve(new SimulatedLink(wire, this.#machine))
    })
  }

  #certificate(): Uint8Array {
    return hash('sha256', this.#self, 'buffer')
  }

  #accept(signal: AbortSignal): { address: BulkAddress; link: Promise<BulkLink> } {
    const token = Uint8Array.from(this.#machine.dice.bytes(BULK_TOKEN_BYTES))
    const key = Buffer.from(token).toString('hex')
    const coming = Promise.withResolvers<BulkLink>()
    this.#expected.set(key, coming)
    const giveUp = (): void => {
      this.#expected.delete(key)
      coming.reject(new Error('Nobody came'))
    }
    this.#machine.after(ACCEPT_MS, 'net.bulk-late', giveUp)
    signal.addEventListener('abort', giveUp, { once: true })
    return { address: { port: 4002, certificate: this.#certificate(), token }, link: coming.promise }
  }

  async #dial(side: Side, token: Uint8Array, signal: AbortSignal): Promise<BulkLink> {
    const wire = await openWire(side, 'bulk')
    signal.throwIfAborted()
    wire.send(token)
    return new SimulatedLink(wire, this.#machine)
  }
}

class SimulatedLink implements BulkLink {
  readonly #wire: Duplex
  readonly #machine: Machine
  #receiver: BulkReceiver | undefined
  #held = Buffer.alloc(0)
  #told = 0
  #onEnd: ((error?: Error) => void) | undefined
  #ended: { error: Error | undefined } | undefined

  constructor(wire: Duplex, machine: Machine) {
    this.#wire = wire
    this.#machine = machine
    wire.onBytes(bytes => {
      this.#held = Buffer.concat([this.#held, bytes])
      this.#read()
    })
    wire.onEnd(error => this.#end(error ?? new Error('The peer closed the link')))
  }

  send(request: number, ordinal: number, leaf: Uint8Array): void {
    if (this.#ended != null) return
    const frame = Buffer.alloc(HEADER_BYTES + leaf.length)
    frame.writeUInt32BE(request, 0)
    frame.writeUInt32BE(ordinal, 4)
    frame.writeUInt32BE(leaf.length, 8)
    frame.set(leaf, HEADER_BYTES)
    this.#wire.send(frame)
  }

  get unsentBytes(): number {
    return this.#wire.unsentBytes
  }

  async progress(): Promise<void> {
    const before = this.unsentBytes
    while (this.#ended == null && this.unsentBytes >= before && before > 0)
      await new Promise<void>(resolve => this.#machine.after(10, 'net.bulk-look', () => resolve()))
  }

  receive(receiver: BulkReceiver): void {
    this.#receiver = receiver
    this.#read()
  }

  onEnd(listener: (error?: Error) => void): void {
    this.#onEnd = listener
    const ended = this.#ended
    if (ended != null) queueMicrotask(() => listener(ended.error))
  }

  close(): void {
    if (this.#ended != null) return
    this.#end(undefined)
    this.#wire.abort(new Error('The link was closed'))
  }

  #read(): void {
    while (this.#receiver != null && this.#ended == null && this.#held.length >= HEADER_BYTES) {
      const [request, ordinal] = [this.#held.readUInt32BE(0), this.#held.readUInt32BE(4)]
      const end = HEADER_BYTES + this.#held.readUInt32BE(8)
      if (this.#held.length < end) {
        const more = this.#held.length - HEADER_BYTES - this.#told
        this.#told += more
        if (more > 0) this.#receiver.onBytes(request, ordinal, more)
        return
      }
      if (this.#machine.dice.chance(BREAKS_AT_A_LEAF)) {
        const broke = new Error('The link broke in a leaf')
        this.#wire.abort(broke)
        return this.#end(broke)
      }
      const leaf = Uint8Array.from(this.#held.subarray(HEADER_BYTES, end))
      this.#held = this.#held.subarray(end)
      this.#told = 0
      this.#receiver.onLeaf(request, ordinal, leaf)
    }
  }

  #end(error: Error | undefined): void {
    if (this.#ended != null) return
    this.#ended = { error }
    this.#held = Buffer.alloc(0)
    this.#onEnd?.(error)
  }
}
