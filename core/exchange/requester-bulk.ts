// The asking side of a bulk link: when one is worth asking for, dialling it, and what becomes of the session when it ends. Leaves that were on it then are
// rejected by the server, which is told how many had arrived: nothing is lost, and nobody is blamed.
import type { Clock } from '../clock.ts'
import { trace } from '../trace.ts'
import type { BulkAddress, BulkLink, BulkPort, BulkReceiver } from './bulk-link.ts'
import { ExchangeCode, violation } from './codes.ts'
import * as limits from './limits.ts'
import type { MessageFrom } from './messages.ts'

export interface RequesterBulkPorts {
  readonly peerId: string
  readonly clock: Clock
  /** Undefined while there is no way to the peer beside the streams. */
  port(): BulkPort | undefined
  send(message: MessageFrom<'requester'>): void
  /** What arrives; it is the session's to check. */
  readonly receiver: BulkReceiver
}

interface Attempt {
  readonly id: number
  readonly abort: AbortController
  cancelTimer: () => void
  isOffered: boolean
  link: BulkLink | undefined
  /** Whole leaves that arrived. */
  leaves: number
}

export class RequesterBulk {
  readonly #ports: RequesterBulkPorts
  #attempt: Attempt | undefined
  #lastId = 0
  /** Since the last link was asked for. */
  #askedBytes = 0
  #breaks: number[] = [] // when, monotonic milliseconds
  #isKnown = false
  #isOver = false

  constructor(ports: RequesterBulkPorts) {
    this.#ports = ports
  }

  /** The peer said which extensions it knows. */
  hello(features: readonly number[]): void {
    this.#isKnown = features.includes(limits.FEATURE_BULK)
  }

  /** So many bytes were asked for just now, big leaves among them: asks for a link once it is enough to be worth one. */
  asked(bytes: number): void {
    this.#askedBytes += bytes
    if (!this.#isKnown || this.#isOver || this.#attempt != null) return
    const now = this.#ports.clock.now()
    this.#breaks = this.#breaks.filter(at => now - at < limits.BULK_BREAKS_MS)
    const port = this.#breaks.length < limits.BULK_BREAKS ? this.#ports.port() : undefined
    if (port == null || this.#askedBytes < port.worthBytes) return
    this.#askedBytes = 0
    void this.#ask(port)
  }

  /** The server's answer, or that the link is over there. Throws ExchangeError(PROTOCOL). */
  onOffer({ id, code, port, certificate, token }: MessageFrom<'server'> & { type: 'bulkOffer' }): void {
    const attempt = this.#attempt
    if (attempt?.id !== id) return // of a link that is over here already
    if (code !== ExchangeCode.OK) return this.#lost(attempt, 'refused')
    if (attempt.isOffered) throw violation('A bulk link was offered twice') // each would be dialled
    attempt.isOffered = true
    void this.#dial(attempt, { port, certificate, token })
  }

  /** The session is over. */
  end(): void {
    this.#isOver = true
    if (this.#attempt != null) this.#letGo(this.#attempt)
  }

  async #ask(port: BulkPort): Promise<void> {
    const attempt: Attempt = {
      id: ++this.#lastId,
      abort: new AbortController(),
      cancelTimer: () => {},
      isOffered: false,
      link: undefined,
      leaves: 0
    }
    this.#attempt = attempt
    try {
      const certificate = await port.certificate()
      if (this.#attempt !== attempt) return
      this.#ports.send({ type: 'bulkAsk', id: attempt.id, certificate })
      attempt.cancelTimer = this.#ports.clock.after(limits.BULK_ACCEPT_MS, () => this.#lost(attempt, 'late'))
    } catch {
      this.#isKnown = false // without a certificate there will be no link in this run
      this.#attempt = undefined
    }
  }

  async #dial(attempt: Attempt, address: BulkAddress): Promise<void> {
    const port = this.#ports.port()
    try {
      if (port == null) throw new Error('The way to the peer is another now')
      const link = await port.dial(address, attempt.abort.signal)
      if (this.#attempt !== attempt) return link.close()
      attempt.cancelTimer()
      attempt.link = link
      const { receiver } = this.#ports
      link.onEnd(error => this.#lost(attempt, error?.message ?? 'closed'))
      link.receive({
        onLeaf: (request, ordinal, bytes) => {
          attempt.leaves++
          receiver.onLeaf(request, ordinal, bytes)
        },
        onBytes: receiver.onBytes
      })
      trace.exchange?.('bulk-up', { peer: this.#ports.peerId, how: 'asking' })
    } catch (error) {
      this.#lost(attempt, error instanceof Error ? error.message : 'failed')
    }
  }

  #lost(attempt: Attempt, why: string): void {
    if (this.#attempt !== attempt) return
    this.#letGo(attempt)
    this.#breaks.push(this.#ports.clock.now())
    trace.exchange?.('bulk-lost', { peer: this.#ports.peerId, how: 'asking', why, leaves: attempt.leaves })
    this.#ports.send({ type: 'bulkLost', id: attempt.id, leaves: attempt.leaves })
  }

  #letGo(attempt: Attempt): void {
    this.#attempt = undefined
    attempt.cancelTimer()
    attempt.abort.abort(new Error('The link is given up'))
    attempt.link?.close()
  }
}
