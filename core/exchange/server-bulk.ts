// The serving side of a bulk link: offers it, hands it leaves, and remembers which, until they must have arrived. What did not when it ended is rejected, so
// that every ordinal is sent or rejected, once, over whichever way.
import { trace } from '../trace.ts'
import type { BulkLink, BulkPort } from './bulk-link.ts'
import { ExchangeCode, violation } from './codes.ts'
import * as limits from './limits.ts'
import type { MessageFrom } from './messages.ts'
import type { RejectCall, Unit } from './send-queue.ts'
import type { UploadBudget } from './upload-limiter.ts'

export interface ServerBulkPorts {
  readonly peerId: string
  readonly budget: Pick<UploadBudget, 'ratePerSecond'>
  port(): BulkPort | undefined
  send(message: MessageFrom<'server'>): void
  readonly reject: RejectCall
}

interface Handed {
  readonly req: number
  readonly ordinal: number
  /** Claimed: what the peer counts it as. */
  readonly bytes: number
}

interface Offered {
  readonly id: number
  readonly abort: AbortController
  link: BulkLink | undefined
  /** The last leaves given to the link; those before have arrived, for a peer may not have more outstanding. */
  readonly handed: Handed[]
  handedBytes: number
  handedLeaves: number
}

/** `retry_ms` of what was lost with a link: it may be asked for again at once. */
const AT_ONCE_MS = 1

export class ServerBulk {
  readonly #ports: ServerBulkPorts
  #offered: Offered | undefined
  #lastId = 0
  /** Payload bytes given to links. */
  bytesSent = 0

  constructor(ports: ServerBulkPorts) {
    this.#ports = ports
  }

  /** The link, if this leaf goes over one. */
  linkFor(unit: Unit): BulkLink | undefined {
    if (unit.kind !== 'leaf' || unit.bytes <= limits.BULK_LEAF_BYTES) return undefined
    const rate = this.#ports.budget.ratePerSecond(unit.job.root.key)
    return rate > 0 && rate < limits.BULK_LEAST_RATE ? undefined : this.#offered?.link
  }

  /** Gives a leaf to the link that `linkFor` named. Its bytes are the link's from now on. */
  hand(link: BulkLink, { job, start, bytes }: Unit, leaf: Uint8Array): void {
    const offered = this.#offered
    if (offered?.link !== link) return this.#ports.reject(job.req, start, 1, ExchangeCode.BUSY, AT_ONCE_MS) // lost meanwhile
    this.bytesSent += leaf.length
    offered.handed.push({ req: job.req, ordinal: start, bytes })
    offered.handedLeaves++
    offered.handedBytes += bytes
    while (offered.handedBytes - (offered.handed[0]?.bytes ?? 0) >= limits.BULK_REMEMBERED_BYTES)
      offered.handedBytes -= offered.handed.shift()?.bytes ?? 0
    link.send(job.req, start, leaf)
  }

  /** Throws ExchangeError(PROTOCOL). */
  onAsk({ id, certificate }: MessageFrom<'requester'> & { type: 'bulkAsk' }): void {
    if (id <= this.#lastId || this.#offered != null) throw violation('A bulk link was asked for while there was one')
    this.#lastId = id
    const port = this.#ports.port()
    const offered: Offered = {
      id,
      abort: new AbortController(),
      link: undefined,
      handed: [],
      handedBytes: 0,
      handedLeaves: 0
    }
    this.#offered = offered
    if (port == null) this.#over(offered, ExchangeCode.UNSUPPORTED)
    else void this.#offer(offered, port, certificate)
  }

  /** Throws ExchangeError(PROTOCOL). */
  onLost({ id, leaves }: MessageFrom<'requester'> & { type: 'bulkLost' }): void {
    const offered = this.#offered
    if (offered?.id !== id) throw violation('A bulk link was lost that there was not')
    const lost = offered.handedLeaves - leaves
    if (lost < 0 || lost > offered.handed.length) throw violation('More or less came over a bulk link than was sent')
    this.#offered = undefined
    offered.abort.abort(new Error('The peer gave the link up'))
    offered.link?.close()
    trace.exchange?.('bulk-lost', { peer: this.#ports.peerId, how: 'serving', lost })
    for (const { req, ordinal } of lost === 0 ? [] : offered.handed.slice(-lost))
      this.#ports.reject(req, ordinal, 1, ExchangeCode.BUSY, AT_ONCE_MS)
  }

  /** The session is over. */
  end(): void {
    const offered = this.#offered
    this.#offered = undefined
    offered?.abort.abort(new Error('The session is over'))
    offered?.link?.close()
  }

  async #offer(offered: Offered, port: BulkPort, theirs: Uint8Array): Promise<void> {
    try {
      const { address, link: coming } = await port.accept(theirs, offered.abort.signal)
      coming.catch(() => {}) // told below, if anybody still waits for it
      if (this.#offered !== offered) return
      this.#ports.send({ type: 'bulkOffer', id: offered.id, code: ExchangeCode.OK, ...address })
      const link = await coming
      if (this.#offered !== offered) return link.close()
      offered.link = link
      link.onEnd(() => this.#over(offered, ExchangeCode.IO))
      trace.exchange?.('bulk-up', { peer: this.#ports.peerId, how: 'serving' })
    } catch {
      this.#over(offered, ExchangeCode.IO)
    }
  }

  /** It is over here, or was never there: the peer is told, and says what arrived. */
  #over(offered: Offered, code: ExchangeCode): void {
    if (this.#offered !== offered) return
    offered.link = undefined
    const none = new Uint8Array(0)
    this.#ports.send({ type: 'bulkOffer', id: offered.id, code, port: 0, certificate: none, token: none })
  }
}
