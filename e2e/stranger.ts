// A peer that Shoal does not control, in the test's own process: made of core's network and exchange, it serves what and how a test wants.

import { hash } from 'node:crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { type Built, CHUNK_BYTES, buildDag } from '../core/content/build.ts'
import type { PeerPipe } from '../core/exchange/duplex.ts'
import { openExchangeServer } from '../core/exchange/server.ts'
import type { ReadonlyBitset, Servable } from '../core/exchange/servable.ts'
import type { Network } from '../core/network/network.ts'
import { openNetwork } from '../core/network/open-network.ts'
import { Bitset } from '../core/bitset.ts'

export interface Stranger extends AsyncDisposable {
  readonly network: Network
  readonly addr: string
  /** Payload bytes it gave away. */
  readonly bytesSent: number
}

/** Listens on loopback, and serves these. */
export async function openStranger(servables: readonly Servable[], signal: AbortSignal): Promise<Stranger> {
  await using acquiring = new AsyncDisposableStack()
  const privateKey = await generateKeyPair('Ed25519')
  const network = acquiring.use(await openNetwork({ mode: 'loopback', privateKey, version: '0.0.0' }, signal))
  let bytesSent = 0
  const server = acquiring.use(
    openExchangeServer({
      servables: { find: root => servables.find(it => it.root.equals(root)) },
      agent: 'stranger',
      nameFor: () => 'Stranger',
      listener: { onSent: (_peer, _root, bytes) => void (bytesSent += bytes) }
    })
  )
  network.handle('control', (duplex, peer) => server.handleControl(duplex, peer))
  network.handle('data', (duplex, peer) => server.handleData(duplex, peer))
  const [addr] = network.addrs()
  if (addr == null) throw new Error('The stranger listens nowhere')
  const owned = acquiring.move()
  return {
    network,
    addr,
    get bytesSent() {
      return bytesSent
    },
    [Symbol.asyncDispose]: async () => await owned.disposeAsync()
  }
}

/** The connection to a peer, dialled if need be. */
export async function pipeTo(network: Network, addr: string, signal: AbortSignal): Promise<PeerPipe> {
  await network.dial(addr, signal)
  const pipe = network.pipe(addr.slice(addr.lastIndexOf('/') + 1))
  if (pipe == null) throw new Error('There is no connection though the dial succeeded')
  return pipe
}

/** One file held in memory. What it hands out may be falsified by a subclass: nothing here is hashed. */
export class FileInMemory implements Servable {
  readonly isWithdrawn = false
  readonly built: Built
  readonly name: string
  readonly have: ReadonlyBitset
  readonly state = 'ready'
  readonly #content: Uint8Array
  readonly #skeleton: Uint8Array

  constructor(name: string, content: Uint8Array) {
    const digests: Uint8Array[] = []
    for (let at = 0; at === 0 || at < content.length; at += CHUNK_BYTES) {
      digests.push(hash('sha256', content.subarray(at, at + CHUNK_BYTES), 'buffer'))
    }
    const leaves = { digests: Buffer.concat(digests), sizeBytes: content.length }
    this.built = buildDag({ kind: 'file', leaves })
    this.name = name
    this.#content = content
    this.#skeleton = Buffer.concat(this.built.skeleton)
    const have = new Bitset(this.leafCount)
    have.addRange(0, this.leafCount)
    this.have = have
  }

  get root() {
    return this.built.root
  }

  get sizeBytes(): number {
    return this.built.layout.sizeBytes
  }

  get leafCount(): number {
    return this.built.layout.leafCount
  }

  get skeletonBytes(): number {
    return this.#skeleton.length
  }

  readSkeleton(offset: number, maxBytes: number): Uint8Array | undefined {
    return offset < this.#skeleton.length ? this.#skeleton.slice(offset, offset + maxBytes) : undefined
  }

  async readLeaf(ordinal: number): Promise<Uint8Array> {
    const at = this.built.layout.leafOffset(ordinal)
    return this.#content.slice(at, at + this.leafBytes(ordinal))
  }

  leafBytes(ordinal: number): number {
    return this.built.layout.leafBytes(ordinal)
  }

  runBytes(start: number, count: number): number {
    return this.built.layout.runBytes(start, count)
  }

  watch(): () => void {
    return () => undefined
  }
}

/** One bit of every leaf it sends is wrong, and the lengths are right. */
export class FalseLeaves extends FileInMemory {
  override async readLeaf(ordinal: number): Promise<Uint8Array> {
    const bytes = await super.readLeaf(ordinal)
    const at = bytes.length >> 1
    bytes[at] = (bytes[at] ?? 0) ^ 1
    return bytes
  }
}

/** The leaves are right, the skeleton's last byte is not. */
export class FalseSkeleton extends FileInMemory {
  override readSkeleton(offset: number, maxBytes: number): Uint8Array | undefined {
    const bytes = super.readSkeleton(offset, maxBytes)
    const last = bytes == null ? -1 : bytes.length - 1
    if (bytes != null) bytes[last] = (bytes[last] ?? 0) ^ 1
    return bytes
  }
}
