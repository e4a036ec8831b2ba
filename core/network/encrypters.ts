// How connections are encrypted: TLS 1.3 first (fastest here), noise for whoever has no TLS. TLS has to prove itself first: it is not tested under
// Electron upstream, and a node that offers an encrypter that does not work reaches nobody.

import { type ICryptoInterface, noise, pureJsCrypto } from '@chainsafe/libp2p-noise'
import type {
  ComponentLogger,
  ConnectionEncrypter,
  Logger,
  MultiaddrConnection,
  PrivateKey,
  Upgrader
} from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { PROTOCOL as TLS_PROTOCOL, tls } from '@libp2p/tls'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import type { Libp2pInit } from 'libp2p'
import { handleTls } from './handle-tls.ts'

export type EncrypterFactories = NonNullable<Libp2pInit['connectionEncrypters']>
type Components = Parameters<EncrypterFactories[number]>[0]

const SELF_TEST_MS = 3000
/** Where nobody waits for it: a machine that is only busy keeps its TLS. */
const LATER_TEST_MS = 30_000
const LATER_MS = 300
// once a process: they test the machine, not the node
let selfTest: Promise<void> | undefined
let handleTest: Promise<void> | undefined

const isElectron = (): boolean => process.versions['electron'] != null

/** Reject with what is wrong. */
export interface SelfTests {
  /** Of TLS as the package does it. */
  readonly tls: () => Promise<void>
  /** Of TLS on the TCP handle. */
  readonly handle: () => Promise<void>
}

const selfTests = (privateKey: PrivateKey, timeoutMs = isElectron() ? SELF_TEST_MS : LATER_TEST_MS): SelfTests => ({
  tls: async () => await (selfTest ??= testEncrypter(components => tls()(components), privateKey, { timeoutMs })),
  handle: async () =>
    await (handleTest ??= testEncrypter(handleTls(), privateKey, { openPair: openSocketPair, timeoutMs }))
})

/**
 * The encrypters to offer, best first; `onLeftOut` hears what a self-test of TLS failed with. Under Electron they come first. Elsewhere they would only hold up the
 * start for what nearly always works: they run a moment later. TLS on the handle that fails leaves the package's, and TLS that fails is taken back.
 */
export async function chooseEncrypters(
  privateKey: PrivateKey,
  onLeftOut: (error: unknown) => void,
  tests = selfTests(privateKey)
): Promise<EncrypterFactories> {
  let mayUseHandle = true
  const crypto = await nativeNoiseCrypto()
  const noiseFactory = noise(crypto == null ? {} : { crypto })
  const tryTls = async (): Promise<boolean> => {
    const passes = async (test: () => Promise<void>): Promise<boolean> => {
      try {
        await test()
        return true
      } catch (error) {
        onLeftOut(error)
        return false
      }
    }
    mayUseHandle = await passes(tests.handle)
    return await passes(tests.tls)
  }
  const overHandle = handleTls(() => mayUseHandle)
  if (isElectron()) return (await tryTls()) ? [overHandle, noiseFactory] : [noiseFactory]
  const tlsFactory: EncrypterFactories[number] = components => {
    const timer = setTimeout(() => {
      void tryTls().then(works => {
        if (!works) components.upgrader.getConnectionEncrypters().delete(TLS_PROTOCOL) // the map it offers from
      })
    }, LATER_MS)
    timer.unref()
    return overHandle(components)
  }
  return [tlsFactory, noiseFactory]
}

/** Both ends of one connection. */
interface Pair extends AsyncDisposable {
  readonly outbound: MultiaddrConnection
  readonly inbound: MultiaddrConnection
}

type OpenPair = (signal: AbortSignal) => Promise<Pair>
/** Holds nothing that has to be closed. To abort it would throw where nobody listens: in @libp2p/tls when it could make no socket. */
const inMemory: OpenPair = async () => {
  const [outbound, inbound] = multiaddrConnectionPair()
  return { outbound, inbound, [Symbol.asyncDispose]: async () => {} }
}

/** One handshake with ourselves, over an in-memory pair unless told otherwise, and bytes in both directions. Throws when any of it fails or is late. */
export async function testEncrypter(
  factory: (components: Components) => ConnectionEncrypter,
  privateKey: PrivateKey,
  { timeoutMs = SELF_TEST_MS, openPair = inMemory }: { timeoutMs?: number; openPair?: OpenPair } = {}
): Promise<void> {
  const upgrader = { getStreamMuxers: () => new Map(), getConnectionEncrypters: () => new Map() }
  // the encrypters use the key, the logger and the list of muxers (for early negotiation, switched off here) and no other component
  const encrypter = factory({ privateKey, logger: silent, upgrader } as unknown as Components)
  const signal = AbortSignal.timeout(timeoutMs)
  await using pair = await openPair(signal)
  const { outbound, inbound } = pair
  const options = { signal, skipStreamMuxerNegotiation: true, remotePeer: peerIdFromPrivateKey(privateKey) }
  const [client, server] = await Promise.all([
    encrypter.secureOutbound(outbound, options),
    encrypter.secureInbound(inbound, options)
  ])
  await Promise.all([
    expectBytes(server.connection, () => client.connection.send(Uint8Array.of(1, 2, 3)), signal),
    expectBytes(client.connection, () => server.connection.send(Uint8Array.of(1, 2, 3)), signal)
  ])
}

/** A TCP connection with ourselves on 127.0.0.1, by libp2p's own transport. */
export async function openSocketPair(signal: AbortSignal): Promise<Pair> {
  const accepted = Promise.withResolvers<MultiaddrConnection>()
  const upgrader = {
    upgradeInbound: async (connection: MultiaddrConnection) => accepted.resolve(connection),
    upgradeOutbound: async (connection: MultiaddrConnection) => connection
  } as unknown as Upgrader // what the transport asks of it; what it gives is not looked at
  const transport = tcp()({ logger: silent } as Parameters<ReturnType<typeof tcp>>[0])
  const listener = transport.createListener({ upgrader })
  await listener.listen(multiaddr('/ip4/127.0.0.1/tcp/0'))
  const end = async (): Promise<void> => await listener.close() // and what it accepted
  try {
    const [addr] = listener.getAddrs()
    if (addr == null) throw new Error('No port was opened')
    const outbound = (await transport.dial(addr, { upgrader, signal })) as unknown as MultiaddrConnection // as above
    const close = async (): Promise<void> => {
      outbound.abort(new Error('This pair is closed'))
      await end()
    }
    return { outbound, inbound: await accepted.promise, [Symbol.asyncDispose]: close }
  } catch (error) {
    await end()
    throw error
  }
}

const silentLog = (): Logger =>
  Object.assign(() => undefined, { error() {}, trace() {}, enabled: false, newScope: silentLog })
const silent: ComponentLogger = { forComponent: silentLog }

type Receiver = Pick<EventTarget, 'addEventListener' | 'removeEventListener'>

/** Resolves when three bytes have arrived; `send` is called once somebody listens. */
async function expectBytes(receiver: Receiver, send: () => void, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onMessage = (event: Event): void => {
    // libp2p's StreamMessageEvent; its type is not that of EventTarget's listeners
    if ((event as Event & { data: { byteLength: number } }).data.byteLength === 3) resolve()
    else reject(new Error('Other bytes arrived than were sent'))
  }
  const onAbort = (): void => reject(new Error('No bytes arrived in time'))
  receiver.addEventListener('message', onMessage)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    send()
    await promise
  } finally {
    receiver.removeEventListener('message', onMessage)
    signal.removeEventListener('abort', onAbort)
  }
}

/** The part of sodium-native that noise needs. */
interface Sodium {
  crypto_aead_chacha20poly1305_ietf_encrypt(
    out: Uint8Array,
    plain: Uint8Array,
    ad: Uint8Array | null,
    secretNonce: null,
    nonce: Uint8Array,
    key: Uint8Array
  ): number
  crypto_aead_chacha20poly1305_ietf_decrypt(
    out: Uint8Array,
    secretNonce: null,
    cipher: Uint8Array,
    ad: Uint8Array | null,
    nonce: Uint8Array,
    key: Uint8Array
  ): number
}

const TAG_BYTES = 16

/** Under Electron node:crypto has no ChaCha20 and noise falls back to wasm, 7 times slower; sodium-native helps where it is installed. */
async function nativeNoiseCrypto(): Promise<ICryptoInterface | undefined> {
  if (!isElectron()) return undefined
  const name = 'sodium-native' // optional: a variable keeps compilers and bundlers from looking for it
  const module: unknown = await import(name).catch(() => undefined)
  if (module == null) return undefined
  // an optional package without types here; the interface above is what its documentation gives
  const sodium = ((module as { default?: unknown }).default ?? module) as Sodium
  return {
    ...pureJsCrypto,
    chaCha20Poly1305Encrypt(plaintext, nonce, ad, k) {
      const plain = plaintext.subarray()
      const out = new Uint8Array(plain.byteLength + TAG_BYTES)
      sodium.crypto_aead_chacha20poly1305_ietf_encrypt(out, plain, ad, null, nonce, k)
      return out
    },
    chaCha20Poly1305Decrypt(ciphertext, nonce, ad, k) {
      const cipher = ciphertext.subarray()
      const out = new Uint8Array(cipher.byteLength - TAG_BYTES)
      sodium.crypto_aead_chacha20poly1305_ietf_decrypt(out, null, cipher, ad, nonce, k)
      return out
    }
  }
}
