// Two duplexes joined in memory, and a pipe made of them: the exchange without a network, for tests on every layer.
import type { Duplex, ExchangeProtocol, PeerPipe } from '../exchange/duplex.ts'
import type { MemoryBulk } from './memory-bulk.ts'

/** `highWater`: bytes on their way at which `send` says false (default 1 MiB). */
export function duplexPair(highWater = 1_048_576): [PairEnd, PairEnd] {
  const a = new PairEnd(highWater)
  const b = new PairEnd(highWater)
  a.far = b
  b.far = a
  return [a, b]
}

/** One end of a pair. Bytes arrive in a later turn of the event loop, as on a socket. */
export class PairEnd implements Duplex {
  readonly #highWater: number
  /** The other end. */
  far: PairEnd = this // until joined
  #onBytes: ((bytes: Uint8Array) => void) | undefined
  #onEnd: ((error?: Error) => void) | undefined
  #inbox: Uint8Array[] = []
  #inboxBytes = 0
  #delivering = false
  #held = false
  #closing = false
  #ended = false
  #waiting = new Set<PromiseWithResolvers<void>>()

  constructor(highWater: number) {
    this.#highWater = highWater
  }

  send(bytes: Uint8Array): boolean {
    if (this.#ended || this.#closing) return false
    this.far.#receive(bytes)
    return this.unsentBytes < this.#highWater
  }

  async drained(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#ended) throw new Error('The duplex has ended')
    if (this.unsentBytes < this.#highWater) return
    const waiting = Promise.withResolvers<void>()
    this.#waiting.add(waiting)
    const abort = () => waiting.reject(signal.reason as Error) // the reason is whatever the owner gave
    signal.addEventListener('abort', abort, { once: true })
    try {
      await waiting.promise
    } finally {
      this.#waiting.delete(waiting)
      signal.removeEventListener('abort', abort)
    }
  }

  get unsentBytes(): number {
    return this.far.#inboxBytes
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#onBytes = listener
    this.#deliverSoon()
  }

  onEnd(listener: (error?: Error) => void): void {
    this.#onEnd = listener
  }

  /** A reader that takes nothing until `hold(false)`. */
  hold(held: boolean): void {
    this.#held = held
    this.#deliverSoon()
  }

  close(): void {
    if (this.#closing || this.#ended) return
    this.#closing = true
    this.far.#deliverSoon()
    this.#deliverSoon()
  }

  abort(error: Error): void {
    this.#end(error)
    this.far.#end(new Error('The far side reset the duplex'))
  }

  #receive(bytes: Uint8Array): void {
    this.#inbox.push(bytes)
    this.#inboxBytes += bytes.length
    this.#deliverSoon()
  }

  #deliverSoon(): void {
    if (this.#delivering || this.#held) return
    this.#delivering = true
    setImmediate(() => {
      this.#delivering = false
      this.#deliver()
    })
  }

  #deliver(): void {
    if (this.#ended || this.#held || (this.#onBytes == null && this.#inbox.length > 0)) return
    const chunks = this.#inbox
    this.#inbox = []
    this.#inboxBytes = 0
    for (const chunk of chunks) if (!this.#ended) this.#onBytes?.(chunk)
    for (const waiting of this.far.#waiting) waiting.resolve()
    if (this.#closing || this.far.#closing) this.#end(undefined)
  }

  #end(error: Error | undefined): void {
    if (this.#ended) return
    this.#ended = true
    this.#inbox = []
    this.#inboxBytes = 0
    for (const waiting of this.#waiting) waiting.reject(error ?? new Error('The duplex has ended'))
    this.#onEnd?.(error)
  }
}

/** The server's side of new streams. */
export interface PipeHandlers {
  handleControl(duplex: Duplex, peer: PeerPipe): void
  handleData(duplex: Duplex, peer: PeerPipe): void
}

export interface MemoryPipeOptions {
  /** Who the server is told is asking. */
  from: string
  /** Who the requester talks to. */
  to: string
  isLan?: boolean
  highWater?: number
  /** Both sides have bulk links by it. */
  bulk?: Pick<MemoryBulk, 'requester' | 'server'>
  /** Sees every pair made: [requester's end, server's end]. */
  onPair?(protocol: ExchangeProtocol, near: PairEnd, far: PairEnd): void
}

/** A pipe from a requester to a server in the same process. */
export function memoryPipe(server: PipeHandlers, options: MemoryPipeOptions): PeerPipe {
  const base = { isLan: options.isLan ?? true, rttMs: 1 }
  const back: PeerPipe = {
    ...base,
    peerId: options.from,
    remoteAddr: '/memory/0',
    bulk: options.bulk?.server,
    open: () => Promise.reject(new Error('This pipe goes one way'))
  }
  return {
    ...base,
    peerId: options.to,
    remoteAddr: '/memory/1',
    bulk: options.bulk?.requester,
    open: async protocol => {
      const [near, far] = duplexPair(options.highWater)
      options.onPair?.(protocol, near, far)
      if (protocol === 'control') server.handleControl(far, back)
      else server.handleData(far, back)
      return near
    }
  }
}
