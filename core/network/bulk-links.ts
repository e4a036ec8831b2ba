// Bulk links as the exchange gets them: which peers there is a way to, the certificate of this run, and the thread that owns the sockets. The identity key stays here;
// the thread gets a certificate and its key, which live as long as the node.
import { hash, randomBytes, X509Certificate } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import type { PrivateKey } from '@libp2p/interface'
import { generateCertificate } from '@libp2p/tls/utils'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { BulkAddress, BulkLink, BulkPort, BulkReceiver } from '../exchange/bulk-link.ts'
import { BULK_TOKEN_BYTES, BULK_WORTH_BYTES } from '../exchange/limits.ts'
import { isNear, mayDial, type NetworkMode } from './address-policy.ts'
import type { BulkIdentity, BulkNews, BulkOrder } from './bulk-worker-messages.ts'

export interface BulkLinksOptions {
  readonly mode: NetworkMode
  readonly privateKey: PrivateKey
  /** IP addresses the node listens on (`hostsOf`). */
  readonly hosts: readonly string[]
}

interface Identity extends BulkIdentity {
  /** SHA-256 of the certificate. */
  readonly fingerprint: Uint8Array
}

interface IpAddress {
  readonly ip: string
  /** As a socket wants it: with the zone of a link-local one. */
  readonly host: string
  readonly family: 'ip4' | 'ip6'
}

/** The thread starts with the first link, and does not keep the process alive. Disposing ends every link. */
export class BulkLinks implements AsyncDisposable {
  readonly #options: BulkLinksOptions
  readonly #links = new Map<number, ThreadLink>()
  #identity: Promise<Identity> | undefined
  #worker: Worker | undefined
  #nextLink = 1
  #isOver = false

  constructor(options: BulkLinksOptions) {
    this.#options = options
  }

  /** The way to a peer that is connected at this address; undefined where there is none: only near ones have one, and no relayed ones. */
  portFor(remote: Multiaddr): BulkPort | undefined {
    const { mode, hosts } = this.#options
    const at = ipOf(remote)
    if (this.#isOver || at == null || !isNear(remote) || !mayDial(mode, remote)) return undefined
    const host = hosts.find(it => it.includes(':') === (at.family === 'ip6'))
    if (host == null) return undefined
    return {
      worthBytes: BULK_WORTH_BYTES,
      certificate: async () => await this.#prepare(),
      accept: async (theirs, signal) => await this.#accept({ host, at }, theirs, signal),
      dial: async (address, signal) => await this.#dial(at, address, signal)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    // first: a thread that is stopped in the middle of a read may write on into a leaf it has given away
    for (const link of this.#links.values()) link.fail('The node has ended')
    await this.#worker?.terminate()
  }

  /** Whoever asks for the certificate is about to dial: the thread starts while the other side answers. */
  async #prepare(): Promise<Uint8Array> {
    const identity = await this.#own()
    this.#worker ??= this.#start(identity)
    return identity.fingerprint
  }

  async #accept({ host, at }: { host: string; at: IpAddress }, theirs: Uint8Array, signal: AbortSignal) {
    const { fingerprint } = await this.#own()
    const token = Uint8Array.from(randomBytes(BULK_TOKEN_BYTES))
    const certificate = Buffer.from(theirs).toString('hex')
    const link = await this.#open(signal, id => ({ kind: 'accept', link: id, host, remote: at.ip, certificate, token }))
    try {
      const port = await link.listening
      const address: BulkAddress = { port, certificate: fingerprint, token }
      return { address, link: link.up.then(() => link as BulkLink) }
    } catch (error) {
      link.close()
      throw error
    }
  }

  async #dial(at: IpAddress, { port, certificate, token }: BulkAddress, signal: AbortSignal): Promise<BulkLink> {
    const theirs = Buffer.from(certificate).toString('hex')
    const own = Uint8Array.from(token)
    const link = await this.#open(signal, id => {
      return { kind: 'dial', link: id, host: at.host, port, certificate: theirs, token: own }
    })
    await link.up
    return link
  }

  async #open(signal: AbortSignal, order: (link: number) => BulkOrder): Promise<ThreadLink> {
    const identity = await this.#own()
    signal.throwIfAborted()
    const worker = (this.#worker ??= this.#start(identity))
    const id = this.#nextLink++
    const link = new ThreadLink(id, (it, moved = []) => worker.postMessage(it, moved), {
      onOver: () => {
        this.#links.delete(id)
        signal.removeEventListener('abort', abort)
      }
    })
    const abort = (): void => link.fail('The link was given up')
    this.#links.set(id, link)
    signal.addEventListener('abort', abort, { once: true })
    worker.postMessage(order(id))
    return link
  }

  async #own(): Promise<Identity> {
    this.#identity ??= generateCertificate(this.#options.privateKey).then(({ cert, key }) => ({
      cert,
      key,
      fingerprint: hash('sha256', new X509Certificate(cert).raw, 'buffer')
    }))
    return await this.#identity
  }

  #start({ cert, key }: Identity): Worker {
    if (this.#isOver) throw new Error('The node has ended')
    const entry = import.meta.url.endsWith('.ts') ? './bulk-worker.ts' : './bulk-worker.js'
    const worker = new Worker(new URL(entry, import.meta.url), {
      name: 'shoal-bulk',
      execArgv: [],
      workerData: { cert, key } satisfies BulkIdentity,
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8, stackSizeMb: 2 }
    })
    worker.unref()
    worker.on('message', (news: BulkNews) => this.#links.get(news.link)?.hear(news))
    let why = 'The thread of the links has ended'
    worker.on('error', error => (why = String(error)))
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined
      for (const link of this.#links.values()) link.fail(why)
    })
    return worker
  }
}

/** One link, as its thread tells of it. */
class ThreadLink implements BulkLink {
  readonly #id: number
  readonly #order: (it: BulkOrder, moved?: ArrayBuffer[]) => void
  readonly #onOver: () => void
  readonly #listening = Promise.withResolvers<number>()
  readonly #up = Promise.withResolvers<void>()
  #progress = Promise.withResolvers<void>()
  #receiver: BulkReceiver | undefined
  #waiting: (BulkNews & { kind: 'leaf' | 'coming' })[] = [] // came before there was a receiver
  #onEnd: ((error?: Error) => void) | undefined
  #ended: { error: Error | undefined } | undefined
  unsentBytes = 0

  constructor(id: number, order: (it: BulkOrder, moved?: ArrayBuffer[]) => void, { onOver }: { onOver: () => void }) {
    this.#id = id
    this.#order = order
    this.#onOver = onOver
    this.#listening.promise.catch(() => {}) // whoever waits for either hears; nobody may
    this.#up.promise.catch(() => {})
  }

  /** The port it is awaited at. Rejects when it ended before. */
  get listening(): Promise<number> {
    return this.#listening.promise
  }

  /** Both sides have shown who they are. Rejects when it ended before. */
  get up(): Promise<void> {
    return this.#up.promise
  }

  send(request: number, ordinal: number, leaf: Uint8Array): void {
    if (this.#ended != null) return
    const isAlone = leaf.buffer instanceof ArrayBuffer && leaf.buffer.byteLength === leaf.length
    const bytes = isAlone ? (leaf as Uint8Array<ArrayBuffer>) : Uint8Array.from(leaf) // the cast: just looked
    this.unsentBytes += bytes.length
    this.#order({ kind: 'send', link: this.#id, request, ordinal, bytes }, [bytes.buffer])
  }

  async progress(): Promise<void> {
    if (this.#ended == null) await this.#progress.promise
  }

  receive(receiver: BulkReceiver): void {
    this.#receiver = receiver
    for (const news of this.#waiting.splice(0)) this.hear(news)
  }

  onEnd(listener: (error?: Error) => void): void {
    this.#onEnd = listener
    const ended = this.#ended
    if (ended != null) queueMicrotask(() => listener(ended.error))
  }

  close(): void {
    this.#end(undefined)
  }

  /** It is over, though nobody closed it. */
  fail(why: string): void {
    this.#end(new Error(why))
  }

  hear(news: BulkNews): void {
    if (this.#ended != null) return
    switch (news.kind) {
      case 'listening':
        return this.#listening.resolve(news.port)
      case 'up':
        return this.#up.resolve()
      case 'sent':
        this.unsentBytes -= news.bytes
        this.#progress.resolve()
        this.#progress = Promise.withResolvers()
        return
      case 'leaf':
      case 'coming':
        return this.#receive(news)
      case 'ended':
        return this.fail(news.why)
      default:
        news satisfies never
    }
  }

  #receive(news: BulkNews & { kind: 'leaf' | 'coming' }): void {
    if (this.#receiver == null) return void this.#waiting.push(news)
    if (news.kind === 'coming') return this.#receiver.onBytes(news.request, news.ordinal, news.bytes)
    const { length } = news.bytes
    this.#receiver.onLeaf(news.request, news.ordinal, news.bytes)
    this.#order({ kind: 'taken', link: this.#id, bytes: length })
  }

  #end(error: Error | undefined): void {
    if (this.#ended != null) return
    this.#ended = { error }
    this.#waiting = []
    this.#order({ kind: 'close', link: this.#id })
    this.#onOver()
    const over = error ?? new Error('The link was closed')
    this.#listening.reject(over)
    this.#up.reject(over)
    this.#progress.resolve()
    this.#onEnd?.(error)
  }
}

/** Where links are listened for: the addresses of what the node listens on, with the zone of a link-local one. */
export function hostsOf(listen: readonly string[]): string[] {
  return listen.flatMap(text => ipOf(multiaddr(text))?.host ?? [])
}

/** Of a connection that goes straight to an IP address and a port. */
function ipOf(addr: Multiaddr): IpAddress | undefined {
  const parts = addr.getComponents()
  const zone = parts[0]?.name === 'ip6zone' ? parts.shift()?.value : undefined
  const [ip, tcp, rest] = parts
  const isDirect = tcp?.name === 'tcp' && (rest == null || (rest.name === 'p2p' && parts.length === 3))
  if (ip?.value == null || (ip.name !== 'ip4' && ip.name !== 'ip6') || !isDirect) return undefined
  return { ip: ip.value, host: zone == null ? ip.value : `${ip.value}%${zone}`, family: ip.name }
}
