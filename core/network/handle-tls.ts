// libp2p's /tls/1.0.0 (libp2p specs, tls/tls.md) over the TCP handle itself. @libp2p/tls puts a Duplex written in JavaScript between the socket and OpenSSL, so
// that every 64 KiB is copied and handed around on the loop twice; here OpenSSL reads and writes the handle. Certificates, their check and what is on the wire
// are the package's. Whatever is not a TCP socket of Node's (a relayed connection, a pair in memory), or not as expected, goes the package's way.

import net from 'node:net'
import { connect, type SecureContextOptions, TLSSocket, type TLSSocketOptions } from 'node:tls'
import type {
  ConnectionEncrypter,
  MessageStream,
  SecureConnectionOptions,
  SecuredConnection,
  StreamMuxerFactory
} from '@libp2p/interface'
import { tls } from '@libp2p/tls'
import { generateCertificate, toMessageStream, verifyPeerCertificate } from '@libp2p/tls/utils'

type TlsFactory = ReturnType<typeof tls>
type Components = Parameters<TlsFactory>[0]

/** Its own protocol for connections without early muxer negotiation (libp2p specs, connections/inlined-muxer-negotiation.md). */
const NO_MUXER = 'libp2p'

/** What @libp2p/tcp's connection is besides its type. */
interface SocketConnection extends MessageStream {
  readonly socket: net.Socket
  /** What arrived and nobody took yet. */
  readonly readBuffer: { readonly byteLength: number; subarray(): Uint8Array; consume(bytes: number): void }
  sendReset(error?: Error): void
  sendPause(): void
  sendResume(): void
  sendClose(): Promise<void>
}

/** @param mayUse asked for each connection: false leaves it to the package */
export function handleTls(mayUse: () => boolean = () => true): TlsFactory {
  const packaged = tls()
  return components => {
    const fallback = packaged(components)
    const secure = async (
      connection: MessageStream,
      isServer: boolean,
      options?: SecureConnectionOptions
    ): Promise<SecuredConnection> => {
      if (mayUse() && isOverSocket(connection)) return await secureOverSocket(components, connection, isServer, options)
      return await (isServer
        ? fallback.secureInbound(connection, options)
        : fallback.secureOutbound(connection, options))
    }
    return Object.assign(Object.create(fallback) as ConnectionEncrypter, {
      secureInbound: async (connection: MessageStream, options?: SecureConnectionOptions) =>
        await secure(connection, true, options),
      secureOutbound: async (connection: MessageStream, options?: SecureConnectionOptions) =>
        await secure(connection, false, options)
    })
  }
}

/** The classes of @libp2p/tcp are not public: a connection is known by its parts. */
function isOverSocket(connection: MessageStream): connection is SocketConnection {
  const { socket, readBuffer } = connection as Partial<SocketConnection>
  const overridden = ['sendReset', 'sendPause', 'sendResume', 'sendClose'] as const
  return (
    socket instanceof net.Socket &&
    !socket.destroyed &&
    typeof readBuffer?.consume === 'function' &&
    overridden.every(name => typeof (connection as Partial<SocketConnection>)[name] === 'function')
  )
}

async function secureOverSocket(
  components: Components,
  connection: SocketConnection,
  isServer: boolean,
  options: SecureConnectionOptions | undefined
): Promise<SecuredConnection> {
  const { signal, remotePeer, skipStreamMuxerNegotiation } = options ?? {}
  const muxers =
    skipStreamMuxerNegotiation === true ? new Map<string, StreamMuxerFactory>() : components.upgrader.getStreamMuxers()
  let muxer: StreamMuxerFactory | undefined
  const choose = ({ protocols }: { protocols: string[] }): string | undefined => {
    const chosen = protocols.find(it => muxers.has(it)) ?? protocols.find(it => it === NO_MUXER)
    muxer = chosen == null ? undefined : muxers.get(chosen)
    return chosen
  }
  const socket = takeOver(connection, isServer, {
    ...(await generateCertificate(components.privateKey, signal && { signal })),
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    rejectUnauthorized: false, // certificates are self-signed; what they prove is looked at below
    ALPNProtocols: [...muxers.keys(), NO_MUXER],
    ...(isServer ? { ALPNCallback: choose } : {})
  })
  try {
    await secured(socket, signal)
    const peer = await verifyPeerCertificate(socket.getPeerCertificate().raw, remotePeer, connection.log)
    if (!isServer) choose({ protocols: typeof socket.alpnProtocol === 'string' ? [socket.alpnProtocol] : [] })
    return {
      remotePeer: peer,
      connection: toMessageStream(connection, socket),
      ...(muxer != null && { streamMuxer: muxer })
    }
  } catch (error) {
    socket.destroy()
    connection.abort(error as Error)
    throw error
  }
}

/** The TLS socket owns the TCP socket from here on, and the connection's own ways to it lead through the TLS socket: see `sendReset`. */
function takeOver(
  connection: SocketConnection,
  isServer: boolean,
  options: TLSSocketOptions & SecureContextOptions
): TLSSocket {
  const raw = connection.socket
  if (raw.destroyed) throw new Error('The connection was closed before the handshake')
  connection.pause()
  raw.removeAllListeners('data') // libp2p's; those for error, timeout and close stay
  const { readBuffer } = connection
  if (readBuffer.byteLength > 0) {
    const bytes = Buffer.from(readBuffer.subarray()) // the other side's first flight may have come with the last bytes of the negotiation
    readBuffer.consume(bytes.length)
    raw.unshift(bytes) // a TLS socket takes what is buffered here first
  }
  const socket = isServer
    ? new TLSSocket(raw, { ...options, isServer: true, requestCert: true })
    : connect({ ...options, socket: raw })
  connection.sendReset = () => socket.destroy() // resetAndDestroy() of the socket below ends the process: a segmentation fault in Node 24
  connection.sendPause = () => {}
  connection.sendResume = () => {}
  connection.sendClose = async () => {
    if (socket.destroyed) return
    const closed = new Promise(resolve => socket.once('close', resolve))
    socket.destroySoon()
    await closed
  }
  return socket
}

/** Resolves when the handshake is over, on this side. Rejects with what ended it, an abort of the signal too. */
async function secured(socket: TLSSocket, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onAbort = (): void => reject(signal?.reason as Error)
  socket.on('error', reject) // stays: later errors are followed by `close`, which the message stream hears
  socket.once('secure', resolve)
  socket.once('close', () => reject(new Error('The connection was closed in the handshake')))
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    signal?.throwIfAborted()
    await promise
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}
