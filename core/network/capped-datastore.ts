// libp2p's datastore, in memory and bounded. Strangers fill it: every DHT answer names peers, every DHT client adds provider records.
// libp2p itself caps neither, answers with expired records, and fails a whole answer when it knows the provider but no longer the peer.

import { NotFoundError } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Libp2pInit } from 'libp2p'
import { decode as decodeVarint } from 'uint8-varint'

type Datastore = NonNullable<Libp2pInit['datastore']>
type Key = Parameters<Datastore['get']>[0]
type Pair = { key: Key; value: Uint8Array }
type Query = Parameters<Datastore['query']>[0]
type KeyQuery = Parameters<Datastore['queryKeys']>[0]

const MAX_VALUE_BYTES = 16 * 1024 // a peer with its signed record takes about 1 kB
const MAX_PEERS = 4096
const MAX_PROVIDER_RECORDS = 16_384
const MAX_PROVIDERS_PER_CID = 256
const MAX_OTHER = 1024
const PROVIDER_VALIDITY_MS = 48 * 60 * 60 * 1000 // kad-dht spec, "Content provider advertisement and discovery"

export interface DatastoreOptions {
  /** Peers that are never pushed out: our own record and those of connected peers. */
  isPinned(peerId: string): boolean
  /** Wall-clock milliseconds: provider records carry the wall-clock time they came at. */
  now(): number
}

/** A namespace: least recently used entries leave when it is full. */
class Shelf {
  readonly entries = new Map<string, Pair>()
  readonly #max: number
  readonly #isPinned: (key: string) => boolean

  constructor(max: number, isPinned: (key: string) => boolean = () => false) {
    this.#max = max
    this.#isPinned = isPinned
  }

  /** Returns the key that had to leave, if any. */
  put(pair: Pair): string | undefined {
    const text = pair.key.toString()
    this.entries.delete(text)
    this.entries.set(text, pair)
    if (this.entries.size <= this.#max) return undefined
    for (const oldest of this.entries.keys()) {
      if (oldest === text || this.#isPinned(oldest)) continue
      this.entries.delete(oldest)
      return oldest
    }
    return undefined
  }

  get(text: string): Pair | undefined {
    const pair = this.entries.get(text)
    if (pair == null) return undefined
    this.entries.delete(text)
    this.entries.set(text, pair)
    return pair
  }
}

/** For one node. What does not fit is forgotten, never an error: a stranger's flood must not make our own calls fail. */
export class CappedDatastore implements Datastore {
  readonly #isPinned: DatastoreOptions['isPinned']
  readonly #now: DatastoreOptions['now']
  readonly #peers: Shelf
  readonly #others = new Shelf(MAX_OTHER)
  readonly #providers = new Map<string, Shelf>() // folder of a CID -> its records
  #providerRecords = 0

  constructor({ isPinned, now }: DatastoreOptions) {
    this.#isPinned = isPinned
    this.#now = now
    this.#peers = new Shelf(MAX_PEERS, key => isPinned(peerOfPeerKey(key)))
  }

  put(key: Key, value: Uint8Array): Key {
    const text = key.toString()
    if (value.byteLength > MAX_VALUE_BYTES) return key
    if (text.includes('/provider/')) this.#putProvider(text, { key, value })
    else this.#shelfOf(text)?.put({ key, value })
    return key
  }

  get(key: Key): Uint8Array {
    const pair = this.#find(key)
    if (pair == null) throw new NotFoundError('Not in the datastore')
    return pair.value
  }

  has(key: Key): boolean {
    return this.#find(key) != null
  }

  delete(key: Key): void {
    const text = key.toString()
    const shelf = this.#shelfOf(text)
    if (shelf?.entries.delete(text) !== true || shelf === this.#peers || shelf === this.#others) return
    this.#providerRecords--
    if (shelf.entries.size === 0) this.#providers.delete(folderOf(text))
  }

  async *putMany(source: AsyncIterable<Pair> | Iterable<Pair>): AsyncGenerator<Key> {
    for await (const { key, value } of source) yield this.put(key, value)
  }

  async *getMany(source: AsyncIterable<Key> | Iterable<Key>): AsyncGenerator<Pair> {
    for await (const key of source) {
      const pair = this.#find(key)
      if (pair != null) yield pair
    }
  }

  async *deleteMany(source: AsyncIterable<Key> | Iterable<Key>): AsyncGenerator<Key> {
    for await (const key of source) {
      this.delete(key)
      yield key
    }
  }

  batch(): ReturnType<Datastore['batch']> {
    const steps: (() => void)[] = []
    return {
      put: (key, value) => void steps.push(() => this.put(key, value)),
      delete: key => void steps.push(() => this.delete(key)),
      commit: () => {
        for (const step of steps.splice(0)) step()
      }
    }
  }

  *query({ prefix = '', filters = [], orders = [], offset = 0, limit = Infinity }: Query): Generator<Pair> {
    const found = [...this.#pairs(prefix)].filter(pair => filters.every(filter => filter(pair)))
    yield* orders.reduce((list, order) => list.sort(order), found).slice(offset, offset + limit)
  }

  *queryKeys({ prefix = '', filters = [], orders = [], offset = 0, limit = Infinity }: KeyQuery): Generator<Key> {
    const found = [...this.#pairs(prefix)].map(({ key }) => key).filter(key => filters.every(filter => filter(key)))
    yield* orders.reduce((list, order) => list.sort(order), found).slice(offset, offset + limit)
  }

  *#pairs(prefix: string): Generator<Pair> {
    const folder = this.#providers.get(prefix)
    if (folder != null) {
      for (const [text, pair] of folder.entries) if (this.#isLive(text, pair.value)) yield pair
      return
    }
    for (const shelf of [this.#peers, this.#others, ...this.#providers.values()]) {
      for (const [text, pair] of shelf.entries) if (text.startsWith(prefix)) yield pair
    }
  }

  #find(key: Key): Pair | undefined {
    const text = key.toString()
    return this.#shelfOf(text)?.get(text)
  }

  #shelfOf(text: string): Shelf | undefined {
    if (text.startsWith('/peers/')) return this.#peers
    if (!text.includes('/provider/')) return this.#others
    return this.#providers.get(folderOf(text))
  }

  #putProvider(text: string, pair: Pair): void {
    const folder = folderOf(text)
    const shelf = this.#providers.get(folder) ?? new Shelf(MAX_PROVIDERS_PER_CID)
    const isNew = !shelf.entries.has(text)
    this.#providers.delete(folder) // the CID announced last is the last to leave
    this.#providers.set(folder, shelf)
    if (shelf.put(pair) == null && isNew) this.#providerRecords++
    for (const [oldest, { entries }] of this.#providers) {
      if (this.#providerRecords <= MAX_PROVIDER_RECORDS) break
      this.#providerRecords -= entries.size
      this.#providers.delete(oldest)
    }
  }

  /** Whether a provider record may still be told: young enough, and of a peer whose addresses we have. */
  #isLive(text: string, value: Uint8Array): boolean {
    const peer = text.slice(text.lastIndexOf('/') + 1)
    try {
      return (
        decodeVarint(value) + PROVIDER_VALIDITY_MS > this.#now() &&
        (this.#isPinned(peer) || this.#peers.entries.has(`/peers/${peerIdFromString(peer).toCID().toString()}`))
      )
    } catch {
      return false
    }
  }
}

/** Of a provider record: what all records of its CID begin with. */
const folderOf = (text: string): string => text.slice(0, text.lastIndexOf('/'))

/** `/peers/<peer ID as CID>` to the peer ID's usual text. */
function peerOfPeerKey(key: string): string {
  try {
    return peerIdFromString(key.slice('/peers/'.length)).toString()
  } catch {
    return ''
  }
}
