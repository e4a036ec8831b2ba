// The thread that owns the sockets of bulk links: listens for who is expected, dials, and moves leaves. Knows no peer, no root and no file; decides nothing.
// It listens only while somebody is expected, and takes nobody from another address.
import { hash, timingSafeEqual } from 'node:crypto'
import net from 'node:net'
import tls from 'node:tls'
import { parentPort, workerData } from 'node:worker_threads'
import { BULK_ACCEPT_MS, BULK_DIAL_MS, BULK_STALL_MS, BULK_TOKEN_BYTES } from '../exchange/limits.ts'
import { BulkReceiving } from './bulk-receiving.ts'
import { BulkSending } from './bulk-sending.ts'
import type { BulkIdentity, BulkNews, BulkOrder } from './bulk-worker-messages.ts'

const KEEP_ALIVE_MS = 30_000
/** Connections from an address that have not shown yet who they are, for everyone who is expected from there. */
const PENDING_PER_EXPECTED = 4

type Accept = BulkOrder & { kind: 'accept' }
type Dial = BulkOrder & { kind: 'dial' }

interface Link {
  readonly sending?: BulkSending
  readonly receiving?: BulkReceiving
  readonly socket?: tls.TLSSocket
  close(): void
}

interface Expected {
  readonly order: Accept
  readonly from: net.BlockList
}

const TLS = {
  ...(workerData as BulkIdentity), // what bulk-links.ts gives it
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  rejectUnauthorized: false, // certificates are self-signed; they are compared with what the control stream said
  ALPNProtocols: ['shoal-bulk/1']
} as const

const links = new Map<number, Link>()
const listeners = new Map<string, Listener>()

parentPort?.on('message', (order: BulkOrder) => {
  switch (order.kind) {
    case 'accept':
      return accept(order)
    case 'dial':
      return dial(order)
    case 'send':
      return links.get(order.link)?.sending?.send(order)
    case 'taken': {
      const { receiving, socket } = links.get(order.link) ?? {}
      if (socket != null) receiving?.taken(order.bytes, socket)
      return
    }
    case 'close': {
      const link = links.get(order.link)
      links.delete(order.link)
      link?.close()
      return
    }
    default:
      order satisfies never
  }
})

function tell(news: BulkNews, moved: ArrayBuffer[] = []): void {
  parentPort?.postMessage(news, moved)
}

/** Tells the end of a link, once. */
function ended(link: number, why: string): void {
  if (links.delete(link)) tell({ kind: 'ended', link, why })
}

/** Tells the end of a link when its socket has ended, and why. */
function tellEnd(link: number, socket: tls.TLSSocket): void {
  let why = 'The peer closed the link'
  socket.on('error', error => (why = error.message))
  socket.once('close', () => ended(link, why))
}

function accept(order: Accept): void {
  const listener = listeners.get(order.host) ?? new Listener(order.host)
  listeners.set(order.host, listener)
  listener.expect(order)
}

function dial({ link, host, port, certificate, token }: Dial): void {
  const receiving = new BulkReceiving(link, tell)
  const callback = (bytes: number): boolean => {
    try {
      return receiving.advance(bytes)
    } catch (error) {
      socket.destroy(error as Error) // its own
      return false
    }
  }
  const onread = { buffer: () => receiving.target(), callback }
  // `onread` is an option of net.connect that tls.connect takes as well (Node.js documentation, "tls.connect")
  const options: tls.ConnectionOptions = { ...TLS, host, port, checkServerIdentity: () => undefined }
  const socket = tls.connect(Object.assign(options, { onread, noDelay: true }))
  const late = setTimeout(() => socket.destroy(new Error('Nobody answered in time')), BULK_DIAL_MS)
  socket.once('secureConnect', () => {
    clearTimeout(late)
    if (fingerprintOf(socket) !== certificate) return void socket.destroy(new Error('Another certificate'))
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    socket.setTimeout(BULK_STALL_MS, () => {
      if (receiving.isWaiting) socket.destroy(new Error('The peer sends nothing'))
    })
    socket.write(token)
    tell({ kind: 'up', link })
  })
  socket.once('close', () => clearTimeout(late))
  tellEnd(link, socket)
  links.set(link, { receiving, socket, close: () => socket.destroy() })
}

/** One address, as long as somebody is expected there. */
class Listener {
  readonly #host: string
  readonly #expected = new Map<number, Expected>()
  readonly #secure = tls.createServer({ ...TLS, requestCert: true, handshakeTimeout: BULK_ACCEPT_MS })
  readonly #server = net.createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS })
  /** Connections that have not shown yet who they are. */
  readonly #pending = new Map<string, { late: NodeJS.Timeout; from: string | undefined }>()

  constructor(host: string) {
    this.#host = host
    this.#server.on('connection', socket => this.#onSocket(socket))
    this.#server.on('error', error => this.#fail(error))
    this.#secure.on('tlsClientError', (_error, socket) => socket.destroy())
    this.#secure.on('secureConnection', socket => this.#onSecure(socket))
    this.#server.listen({ host, port: 0, exclusive: true, ipv6Only: true }, () => {
      for (const { order } of this.#expected.values()) this.#sayPort(order.link)
    })
  }

  expect(order: Accept): void {
    const from = new net.BlockList()
    from.addAddress(order.remote, net.isIPv6(order.remote) ? 'ipv6' : 'ipv4')
    this.#expected.set(order.link, { order, from })
    const late = setTimeout(() => this.#giveUp(order.link, 'Nobody came'), BULK_ACCEPT_MS)
    links.set(order.link, {
      close: () => {
        clearTimeout(late)
        this.#forget(order.link)
      }
    })
    if (this.#server.listening) this.#sayPort(order.link)
  }

  #sayPort(link: number): void {
    const address = this.#server.address()
    if (address != null && typeof address === 'object') tell({ kind: 'listening', link, port: address.port })
  }

  /** Nobody is expected from there, or too many are at the door: closed before any of our work. */
  #onSocket(socket: net.Socket): void {
    const from = socket.remoteAddress
    const expected = [...this.#expected.values()].filter(it => comesFrom(socket, it)).length
    const pending = [...this.#pending.values()].filter(it => it.from === from).length // of theirs: nobody crowds out others
    if (pending >= PENDING_PER_EXPECTED * expected) return void socket.destroy()
    const end = endOf(socket)
    this.#pending.set(end, { late: setTimeout(() => socket.destroy(), BULK_ACCEPT_MS), from })
    socket.once('close', () => this.#settle(end))
    socket.on('error', () => {})
    this.#secure.emit('connection', socket)
  }

  /** It has shown who it is, or is gone. */
  #settle(end: string): void {
    clearTimeout(this.#pending.get(end)?.late)
    this.#pending.delete(end)
  }

  #onSecure(socket: tls.TLSSocket): void {
    socket.on('error', () => {})
    const shown = fingerprintOf(socket)
    const its = [...this.#expected.values()].filter(it => it.order.certificate === shown && comesFrom(socket, it))
    if (its.length === 0 || socket.isSessionReused()) return void socket.destroy()
    let got = Buffer.alloc(0)
    socket.on('data', (bytes: Buffer) => {
      if (got.length === BULK_TOKEN_BYTES) return void socket.destroy() // the other side says nothing more here
      got = Buffer.concat([got, bytes.subarray(0, BULK_TOKEN_BYTES + 1 - got.length)])
      if (got.length < BULK_TOKEN_BYTES) return
      const meant = its.find(it => got.length === BULK_TOKEN_BYTES && timingSafeEqual(got, it.order.token))
      if (meant == null || !this.#expected.has(meant.order.link)) return void socket.destroy()
      this.#come(meant.order.link, socket)
    })
  }

  #come(link: number, socket: tls.TLSSocket): void {
    this.#settle(endOf(socket))
    links.get(link)?.close() // as one that is expected
    const sending = new BulkSending(link, socket, tell)
    links.set(link, { sending, socket, close: () => socket.destroy() })
    tellEnd(link, socket)
    tell({ kind: 'up', link })
  }

  #giveUp(link: number, why: string): void {
    this.#forget(link)
    ended(link, why)
  }

  #forget(link: number): void {
    this.#expected.delete(link)
    if (this.#expected.size === 0 && listeners.get(this.#host) === this) {
      listeners.delete(this.#host)
      this.#server.close() // connections that are there stay
    }
  }

  #fail(error: Error): void {
    for (const link of this.#expected.keys()) {
      links.get(link)?.close()
      ended(link, error.message)
    }
  }
}

function comesFrom({ remoteAddress }: net.Socket, { from }: Expected): boolean {
  const address = remoteAddress?.split('%')[0]
  return address != null && from.check(address, net.isIPv6(address) ? 'ipv6' : 'ipv4')
}

const endOf = ({ remoteAddress, remotePort }: net.Socket): string => `${remoteAddress} ${remotePort}`

/** SHA-256 of the certificate the other side has shown, in hex; undefined when it has none. */
function fingerprintOf(socket: tls.TLSSocket): string | undefined {
  const raw = socket.getPeerX509Certificate()?.raw
  return raw == null ? undefined : hash('sha256', raw, 'hex')
}
