// For tests: content in memory, peers that really speak the exchange, and a download that writes into memory.

import { createHash } from 'node:crypto'
import type { TestContext } from 'node:test'
import type { CID } from 'multiformats/cid'
import { type Built, buildDag, CHUNK_BYTES, type SourceTree } from '../content/build.ts'
import type { Layout } from '../content/layout.ts'
import { file, folder } from './sample-content.ts'
import { type Code, CodedError } from '../errors.ts'
import { systemClock } from '../clock.ts'
import { memoryPipe, type PairEnd } from './duplex-pair.ts'
import { UploadLimiter } from '../exchange/upload-limiter.ts'
import type { HaveMessage } from '../exchange/messages.ts'
import { openRequester } from '../exchange/open-requester.ts'
import type { Requester } from '../exchange/requester.ts'
import { SampleServables } from './sample-servable.ts'
import type { Servable, ServableChange, ServeState } from '../exchange/servable.ts'
import { type ExchangeServer, openExchangeServer } from '../exchange/server.ts'
import { Bitset } from '../bitset.ts'
import { type Fetch, openFetch } from '../fetch/fetch.ts'
import type { DownloadPort, FetchOptions, FetchPorts } from '../fetch/ports.ts'
import { createRandom } from '../fetch/random.ts'
import { cleanup } from './cleanup.ts'

/** Files by path (one level of folders); a lone '' is a file that is the root itself. */
export type SampleFiles = Record<string, Uint8Array>

export interface Content {
  readonly built: Built
  readonly skeleton: Buffer
  readonly leaves: ReadonlyMap<string, Uint8Array>
  readonly bytes: Buffer // all leaves, in order
}

/** Bytes that differ in every leaf and for every seed. */
export function sampleBytes(length: number, seed: string): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at += 65_536) createHash('sha512').update(`${seed} ${at}`).digest().copy(bytes, at)
  return bytes
}

export function sampleContent(files: SampleFiles): Content {
  const leaves = new Map<string, Uint8Array>()
  for (const bytes of Object.values(files)) {
    for (let at = 0; at === 0 || at < bytes.length; at += CHUNK_BYTES) {
      const leaf = bytes.subarray(at, at + CHUNK_BYTES)
      leaves.set(createHash('sha256').update(leaf).digest('hex'), leaf)
    }
  }
  const built = buildDag(treeOf(files))
  const { layout } = built
  const inOrder = Array.from({ length: layout.leafCount }, (_, i) => leaves.get(hex(layout.digest(i)))!)
  return { built, skeleton: Buffer.concat(built.skeleton), leaves, bytes: Buffer.concat(inOrder) }
}

function treeOf(files: SampleFiles): SourceTree {
  if (files[''] != null) return file(files[''])
  const top: Record<string, SourceTree> = {}
  const inside = new Map<string, [string, SourceTree][]>()
  for (const [at, bytes] of Object.entries(files)) {
    const [first, second] = at.split('/') as [string, string | undefined] // split never gives an empty list
    if (second == null) top[first] = file(bytes)
    else
      inside
        .set(first, inside.get(first) ?? [])
        .get(first)!
        .push([second, file(bytes)])
  }
  for (const [name, entries] of inside) top[name] = folder(entries)
  return folder(top)
}

const hex = (digest: Uint8Array): string => Buffer.from(digest).toString('hex')

/** Serves the content; tests bend it. */
export class ContentServable implements Servable {
  readonly content: Content
  readonly root
  readonly name = 'things'
  readonly have: Bitset
  state: ServeState = 'ready'
  isWithdrawn = false
  skeleton: Uint8Array
  /** What it sends instead of a leaf, or how reading fails. */
  tampered = new Map<number, Uint8Array | Code>()
  beforeRead: (ordinal: number) => Promise<void> = async () => {}
  readonly #listeners = new Set<(change: ServableChange) => void>()

  constructor(content: Content, held = true) {
    this.content = content
    this.root = content.built.root
    this.skeleton = content.skeleton
    this.have = new Bitset(this.leafCount)
    if (held) this.have.addRange(0, this.leafCount)
    else this.state = 'partial'
  }

  get layout(): Layout {
    return this.content.built.layout
  }
  get sizeBytes(): number {
    return this.layout.sizeBytes
  }
  get leafCount(): number {
    return this.layout.leafCount
  }
  get skeletonBytes(): number {
    return this.skeleton.length
  }
  readSkeleton(offset: number, maxBytes: number): Uint8Array | undefined {
    return offset < this.skeleton.length ? this.skeleton.subarray(offset, offset + maxBytes) : undefined
  }
  async readLeaf(ordinal: number): Promise<Uint8Array> {
    await this.beforeRead(ordinal)
    const instead = this.tampered.get(ordinal)
    if (typeof instead === 'string') throw new CodedError(instead, 'A fault of the test')
    if (this.isWithdrawn || (instead == null && !this.have.has(ordinal))) throw new CodedError('not-found', 'Not held')
    return new Uint8Array(instead ?? this.content.leaves.get(hex(this.layout.digest(ordinal)))!)
  }
  leafBytes(ordinal: number): number {
    return this.layout.leafBytes(ordinal)
  }
  runBytes(start: number, count: number): number {
    return this.layout.runBytes(start, count)
  }
  watch(listener: (change: ServableChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  hold(start: number, end: number): void {
    this.have.addRange(start, end)
    for (const listener of this.#listeners) listener({ set: [start, end] })
  }
  withdraw(): void {
    this.isWithdrawn = true
    for (const listener of this.#listeners) listener({ withdrawn: true })
  }
  drop(ordinal: number): void {
    this.have.delete(ordinal)
    for (const listener of this.#listeners) listener({ unset: [ordinal, ordinal + 1] })
  }
}

/** Keeps what is written, verified again on arrival; serves it too, as the store's does. */
export class MemoryDownload extends ContentServable implements DownloadPort {
  readonly wanted: Bitset
  readonly written = new Map<number, Uint8Array>()
  readonly twice: number[] = []
  queuedBytes = 0
  finished = false
  lost = false
  /** Awaited before every write. */
  beforeWrite: () => Promise<void> = async () => {}
  beforeFinish: () => Promise<void> = async () => {}
  local: number[] = []

  constructor(content: Content, wanted?: readonly number[]) {
    super(content, false)
    this.wanted = new Bitset(this.leafCount)
    if (wanted == null) this.wanted.addRange(0, this.leafCount)
    for (const ordinal of wanted ?? []) this.wanted.add(ordinal)
  }

  get bytesWritten(): number {
    let bytes = 0
    for (const leaf of this.written.values()) bytes += leaf.length
    return bytes
  }
  get totalBytes(): number {
    let bytes = 0
    for (let i = 0; i < this.leafCount; i++) if (this.wanted.has(i)) bytes += this.leafBytes(i)
    return bytes
  }
  async writeLeaf(ordinals: readonly number[], bytes: Uint8Array): Promise<void> {
    this.queuedBytes += bytes.length
    try {
      await this.beforeWrite()
    } finally {
      this.queuedBytes -= bytes.length
    }
    for (const ordinal of ordinals) {
      if (!this.wanted.has(ordinal)) continue
      if (this.written.has(ordinal)) this.twice.push(ordinal)
      if (hex(createHash('sha256').update(bytes).digest()) !== hex(this.layout.digest(ordinal)))
        throw new Error('not verified')
      this.written.set(ordinal, bytes)
      this.hold(ordinal, ordinal + 1)
    }
  }
  async verifyAndWrite(ordinals: readonly number[], bytes: Uint8Array): Promise<boolean> {
    const digest = this.layout.digest(ordinals[0] ?? 0)
    if (hex(createHash('sha256').update(bytes).digest()) !== hex(digest)) return false
    if (ordinals.some(at => this.layout.leafBytes(at) !== bytes.length)) throw new CodedError('bad-content', 'length')
    await this.writeLeaf(ordinals, bytes)
    return true
  }
  /** The disk did not keep it. */
  lose(ordinal: number): void {
    this.lost = true
    this.written.delete(ordinal)
    this.drop(ordinal)
  }
  async copyLocal(): Promise<number> {
    for (const ordinal of this.local) {
      await this.writeLeaf([ordinal], this.content.leaves.get(hex(this.layout.digest(ordinal)))!)
    }
    return 0
  }
  async finish(): Promise<{ path: string; leftOut: string[] }> {
    await this.beforeFinish()
    this.finished = true
    return { path: 'there', leftOut: [] }
  }
  /** Everything wanted, put together. */
  bytes(): Buffer {
    return Buffer.concat([...this.written].sort((a, b) => a[0] - b[0]).map(([, bytes]) => bytes))
  }
  async [Symbol.asyncDispose](): Promise<void> {}
}

/** A peer and the session with it. */
export interface SamplePeer {
  readonly servable: Servable
  readonly server: ExchangeServer
  readonly requester: Requester
  /** What the getter said it has, oldest first. */
  readonly haves: HaveMessage[]
  /** The connection is cut. */
  die(): void
  /** Nothing arrives any more. */
  hang(): void
}

export async function samplePeer(
  t: TestContext,
  id: string,
  servable: Servable,
  options: { ratePerSecond?: number; servables?: SampleServables } = {}
): Promise<SamplePeer> {
  const budget = new UploadLimiter(systemClock, options.ratePerSecond ?? 0)
  const haves: HaveMessage[] = []
  const listener = { onHave: (_peer: string, _root: CID, have: HaveMessage) => haves.push(have) }
  const servables = options.servables ?? new SampleServables(servable)
  const server = openExchangeServer({ servables, agent: id, nameFor: () => id, budget, listener })
  const ends: PairEnd[] = []
  const pipe = memoryPipe(server, { from: 'getter', to: id, onPair: (_, near) => ends.push(near) })
  const requester = await openRequester(pipe, { agent: 'getter', name: '' }, new AbortController().signal)
  cleanup(t).defer(async () => {
    await requester[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })
  const die = (): void => ends.forEach(end => end.abort(new Error('The connection was cut')))
  return { servable, server, requester, haves, die, hang: () => ends.forEach(end => end.hold(true)) }
}

export interface SampleFetch {
  readonly fetch: Fetch
  readonly download: MemoryDownload
  readonly banned: string[]
  readonly stored: { bytes: Buffer }
  readonly skeleton: FetchPorts['skeleton']
  /** Resolves once the snapshot says so; the test's deadline is the limit. */
  until(holds: () => boolean): Promise<void>
}

export function sampleFetch(
  t: TestContext,
  content: Content,
  options: Partial<Omit<FetchOptions, 'ports'>> & {
    ports?: Partial<FetchPorts>
    wanted?: readonly number[]
    stored?: Buffer
    seed?: number
  } = {}
): SampleFetch {
  const download = new MemoryDownload(content, options.wanted)
  const banned: string[] = []
  const stored = { bytes: options.stored ?? Buffer.alloc(0) }
  const ports: FetchPorts = {
    clock: systemClock,
    random: createRandom(options.seed ?? 1),
    skeleton: {
      parts: () => (stored.bytes.length === 0 ? [] : [stored.bytes]),
      append: (offset, bytes) => {
        if (offset !== stored.bytes.length) throw new Error('A skeleton has a gap')
        stored.bytes = Buffer.concat([stored.bytes, bytes])
      }
    },
    findLeaf: async () => undefined,
    openDownload: async () => download,
    onPex: () => {},
    ban: id => banned.push(id),
    ...options.ports
  }
  const fetch = openFetch(content.built.root, { mode: 'fetch', ...options, ports }, t.signal)
  cleanup(t).defer(async () => fetch[Symbol.asyncDispose]())
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) {
      t.signal.throwIfAborted()
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }
  return { fetch, download, banned, stored, skeleton: ports.skeleton, until }
}
