// From a root to its layout: kept from an earlier run, known to everybody (what is empty), or fetched from peers.

import { hash } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import { RAW } from '../cid.ts'
import { type Layout, rawRootLayout } from '../content/layout.ts'
import { MAX_BLOCK_BYTES } from '../content/limits.ts'
import { inTurns } from '../turns.ts'
import type { FetchPeer } from './fetch-peer.ts'
import type { FetchPorts } from './ports.ts'
import { RawRoot } from './raw-root.ts'
import { SkeletonFetch } from './skeleton-fetch.ts'

// UnixFS, dag-pb: an empty folder, and the ways an empty file has been written
const EMPTY_BLOCKS = ['0a020801', '0a0408021800', '0a020802'].map(hex => Buffer.from(hex, 'hex'))

export interface FoundLayout {
  readonly layout: Layout
  /** The one leaf of a raw root, verified; without it the layout of a raw root is a peer's word. */
  readonly leaf?: Uint8Array
}

/** Peers come and go and send; `found` settles once. Does not decide who is asked for leaves afterwards. */
export class LayoutFinder {
  readonly #root: CID
  readonly #ports: FetchPorts
  readonly #isPeek: boolean
  readonly #blame: (peerId: string) => void
  readonly #onLeaf: (peerId: string) => void
  readonly #found = Promise.withResolvers<FoundLayout>()
  readonly #peers = new Map<string, FetchPeer>()
  #skeleton: SkeletonFetch | undefined
  #raw: RawRoot | undefined
  #paused: boolean
  #over = false
  #isGoingOn = false

  /** `isPeek`: of a raw root, take a peer's word for its length and fetch nothing. `isPaused`: asks nobody before `resume`. */
  constructor(
    root: CID,
    options: {
      ports: FetchPorts
      isPeek: boolean
      isPaused: boolean
      onLeaf(peerId: string): void
      blame(peerId: string): void
    }
  ) {
    this.#root = root
    this.#ports = options.ports
    this.#isPeek = options.isPeek
    this.#paused = options.isPaused
    this.#onLeaf = options.onLeaf
    this.#blame = options.blame
    this.#found.promise.catch(() => {}) // whoever waits for it hears
  }

  /** Throws what content is refused with (`bad-content`, `too-large`, ...), `data-damaged`. */
  async find(signal: AbortSignal): Promise<FoundLayout> {
    const abort = (): void => this.#found.reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    try {
      await this.#begin(signal)
      return await this.#found.promise
    } finally {
      signal.removeEventListener('abort', abort)
      this.#over = true
    }
  }

  isServed(now: number): boolean {
    return this.#skeleton?.isServed(now) ?? this.#raw?.isServed(now) ?? true
  }

  pause(): void {
    this.#paused = true
    for (const id of this.#peers.keys()) this.#drop(id)
  }

  resume(): void {
    this.#paused = false
    for (const peer of this.#peers.values()) this.#add(peer)
  }

  addPeer(peer: FetchPeer): void {
    this.#peers.set(peer.id, peer)
    if (!this.#paused) this.#add(peer)
  }

  removePeer(id: string): void {
    if (this.#peers.delete(id)) this.#drop(id)
  }

  onSkeleton(id: string, offset: number, bytes: Uint8Array, last: boolean): void {
    this.#guard(() => this.#skeleton?.onBytes(id, offset, bytes, last, this.#now))
  }

  onSkeletonReject(id: string, offset: number, retryMs: number): void {
    this.#guard(() => this.#skeleton?.onReject(id, offset, retryMs, this.#now))
  }

  onBytes(id: string): void {
    this.#raw?.onBytes(id, this.#now)
  }

  onLeaf(id: string, bytes: Uint8Array): void {
    this.#raw?.onLeaf(id, bytes, this.#now)
  }

  onReject(id: string, retryMs: number, isUnread: boolean): void {
    this.#raw?.onReject(id, retryMs, isUnread, this.#now)
  }

  tick(): void {
    this.#guard(() => {
      this.#skeleton?.tick(this.#now)
      this.#raw?.tick(this.#now)
    })
  }

  get #now(): number {
    return this.#ports.clock.now()
  }

  async #begin(signal: AbortSignal): Promise<void> {
    if (this.#root.code === RAW) await this.#beginRaw()
    else await this.#beginSkeleton(signal)
    if (!this.#paused) for (const peer of this.#peers.values()) this.#add(peer)
  }

  async #beginRaw(): Promise<void> {
    const { digest } = this.#root.multihash
    const empty = new Uint8Array(0)
    const known = names(digest, empty) ? empty : await this.#ports.findLeaf(digest)
    if (known != null) this.#foundLeaf(known)
    this.#raw = new RawRoot(digest, {
      blame: this.#blame,
      found: (bytes, id) => {
        this.#onLeaf(id)
        this.#foundLeaf(bytes)
      }
    })
  }

  /** A preview and a transfer of one root may store the same skeleton at once: whoever is behind adds what is new. */
  #append(offset: number, bytes: Uint8Array): void {
    const { skeleton } = this.#ports
    try {
      skeleton.append(offset, bytes)
    } catch (error) {
      const stored = this.#storedBytes()
      if (stored <= offset) throw error
      if (stored < offset + bytes.length) skeleton.append(stored, bytes.subarray(stored - offset))
    }
  }

  #storedBytes(): number {
    let bytes = 0
    for (const part of this.#ports.skeleton.parts()) bytes += part.length
    return bytes
  }

  #foundLeaf(leaf: Uint8Array): void {
    this.#found.resolve({ layout: rawRootLayout(this.#root, leaf.length), leaf })
  }

  async #beginSkeleton(signal: AbortSignal): Promise<void> {
    const { skeleton } = this.#ports
    const empty = EMPTY_BLOCKS.find(block => names(this.#root.multihash.digest, block))
    if (empty != null && this.#storedBytes() === 0) {
      skeleton.append(0, Uint8Array.of(empty.length, ...empty))
    }
    const append = (offset: number, bytes: Uint8Array): void => this.#append(offset, bytes)
    const fetch = new SkeletonFetch(this.#root, { append, blame: this.#blame })
    await inTurns('layout', fetch.restore(skeleton.parts()), () => signal.throwIfAborted())
    this.#skeleton = fetch
    this.#guard(() => {})
  }

  /** What the content is refused for ends the search; the peer that brought it did nothing wrong. */
  #guard(act: () => void): void {
    if (this.#over) return
    try {
      act()
      if (this.#skeleton?.complete === true) this.#found.resolve({ layout: this.#skeleton.layout() })
      else if (this.#skeleton?.isBehind === true) this.#goOnSoon()
    } catch (error) {
      this.#found.reject(error)
    }
  }

  #goOnSoon(): void {
    if (this.#isGoingOn) return
    this.#isGoingOn = true
    setImmediate(() => {
      this.#isGoingOn = false
      this.#guard(() => this.#skeleton?.goOn(this.#now))
    })
  }

  #add(peer: FetchPeer): void {
    if (this.#over) return
    if (this.#isPeek && this.#root.code === RAW) return this.#peek(peer.info?.size ?? 0)
    const run = [{ start: 0, count: 1 }]
    const source = {
      id: peer.id,
      get rttMs() {
        return peer.rttMs
      },
      get choked() {
        return peer.choked
      },
      get hintBytes() {
        return peer.info?.skeletonBytes ?? 0
      },
      requestSkeleton: (offset: number, maxBytes: number) => peer.root?.requestSkeleton(offset, maxBytes),
      request: () => peer.root?.request(run),
      cancel: () => peer.root?.cancel(run)
    }
    this.#raw?.addPeer(source, this.#now)
    this.#guard(() => this.#skeleton?.addPeer(source, this.#now))
  }

  /** A preview fetches no content: a peer's word must do for the length. */
  #peek(sizeBytes: number): void {
    if (sizeBytes <= MAX_BLOCK_BYTES) this.#found.resolve({ layout: rawRootLayout(this.#root, sizeBytes) })
  }

  #drop(id: string): void {
    this.#raw?.removePeer(id, this.#now)
    this.#skeleton?.removePeer(id, this.#now)
  }
}

function names(digest: Uint8Array, block: Uint8Array): boolean {
  return Buffer.compare(hash('sha256', block, 'buffer'), digest) === 0
}
