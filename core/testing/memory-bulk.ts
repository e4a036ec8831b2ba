// Bulk links in memory, for tests of the exchange: what is on its way can be held, and a link cut with leaves on it.
import type { BulkAddress, BulkLink, BulkPort, BulkReceiver } from '../exchange/bulk-link.ts'
import { BULK_WORTH_BYTES } from '../exchange/limits.ts'

/** The ways between one requester and one server. */
export class MemoryBulk {
  /** Links that came about, the newest last: the ends that receive. */
  readonly links: MemoryLink[] = []
  /** Nobody gets through to the server any more. */
  isBlocked = false
  readonly requester: BulkPort = {
    worthBytes: BULK_WORTH_BYTES,
    certificate: async () => new Uint8Array(32).fill(1),
    accept: async () => Promise.reject(new Error('This way goes one way')),
    dial: async address => this.#dial(address)
  }
  readonly server: BulkPort = {
    worthBytes: BULK_WORTH_BYTES,
    certificate: async () => new Uint8Array(32).fill(2),
    accept: async (_theirs, signal) => this.#accept(signal),
    dial: async () => Promise.reject(new Error('This way goes one way'))
  }
  readonly #expected = new Map<number, PromiseWithResolvers<BulkLink>>()
  #nextPort = 1

  async #accept(signal: AbortSignal): Promise<{ address: BulkAddress; link: Promise<BulkLink> }> {
    const coming = Promise.withResolvers<BulkLink>()
    const port = this.#nextPort++
    this.#expected.set(port, coming)
    signal.addEventListener('abort', () => coming.reject(new Error('Given up')), { once: true })
    const address = { port, certificate: new Uint8Array(32).fill(2), token: new Uint8Array(16).fill(port) }
    return { address, link: coming.promise }
  }

  async #dial({ port }: BulkAddress): Promise<BulkLink> {
    const expected = this.#expected.get(port)
    if (expected == null || this.isBlocked) throw new Error('Nobody answers')
    this.#expected.delete(port)
    const [sending, receiving] = [new MemoryLink(), new MemoryLink()]
    sending.far = receiving
    receiving.far = sending
    this.links.push(receiving)
    expected.resolve(sending)
    return receiving
  }
}

interface Leaf {
  readonly request: number
  readonly ordinal: number
  readonly bytes: Uint8Array
}

/** One end. A leaf arrives in a later turn of the event loop, one a turn. */
export class MemoryLink implements BulkLink {
  far: MemoryLink = this // until joined
  /** Nothing arrives until it is false again. */
  isHeld = false
  arrived = 0
  #inbox: Leaf[] = []
  #isDelivering = false
  #receiver: BulkReceiver | undefined
  #onEnd: ((error?: Error) => void) | undefined
  #ended: { error: Error | undefined } | undefined
  #progress = Promise.withResolvers<void>()

  get unsentBytes(): number {
    return this.far.#inbox.reduce((bytes, it) => bytes + it.bytes.length, 0)
  }

  send(request: number, ordinal: number, leaf: Uint8Array): void {
    if (this.#ended != null) return
    this.far.#inbox.push({ request, ordinal, bytes: Uint8Array.from(leaf) })
    this.far.#deliverSoon()
  }

  async progress(): Promise<void> {
    if (this.#ended == null) await this.#progress.promise
  }

  receive(receiver: BulkReceiver): void {
    this.#receiver = receiver
    this.#deliverSoon()
  }

  onEnd(listener: (error?: Error) => void): void {
    this.#onEnd = listener
    const ended = this.#ended
    if (ended != null) queueMicrotask(() => listener(ended.error))
  }

  close(): void {
    this.#end(undefined)
    setImmediate(() => this.far.#end(new Error('The peer closed the link')))
  }

  hold(isHeld: boolean): void {
    this.isHeld = isHeld
    this.#deliverSoon()
  }

  /** Breaks it, with what is on its way; the side that sends hears a few turns later. */
  cut(): void {
    this.#end(new Error('The link was cut'))
    setImmediate(() => setImmediate(() => this.far.#end(new Error('The link was cut'))))
  }

  #deliverSoon(): void {
    if (this.#isDelivering || this.isHeld || this.#receiver == null || this.#inbox.length === 0) return
    this.#isDelivering = true
    setImmediate(() => {
      this.#isDelivering = false
      if (this.isHeld) return
      const leaf = this.#inbox.shift()
      if (leaf == null || this.#ended != null) return
      this.arrived++
      this.#receiver?.onLeaf(leaf.request, leaf.ordinal, leaf.bytes)
      this.far.#moved()
      this.#deliverSoon()
    })
  }

  #moved(): void {
    this.#progress.resolve()
    this.#progress = Promise.withResolvers()
  }

  #end(error: Error | undefined): void {
    if (this.#ended != null) return
    this.#ended = { error }
    this.#inbox = []
    this.#progress.resolve()
    this.#onEnd?.(error)
  }
}
