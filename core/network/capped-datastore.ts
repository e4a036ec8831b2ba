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
export function createCappedDatastore({ isPinned, now }: DatastoreOptions): Datastore {
  const peers = new Shelf(MAX_PEERS, key => isPinned(peerOfPeerKey(key)))
  const others = new Shelf(MAX_OTHER)
  const providers = new Map<string, Shelf>() // folder of a CID -> its records
  let providerRecords = 0

  const folderOf = (text: string): string => text.slice(0, text.lastIndexOf('/'))
  const shelfOf = (text: string): Shelf | undefined => {
    if (text.startsWith('/peers/')) return peers
    if (!text.includes('/provider/')) return others
    return providers.get(folderOf(text))
  }
  const isLive = (text: string, value: Uint8Array): boolean => {
    const peer = text.slice(text.lastIndexOf('/') + 1)
    try {
      return (
        decodeVarint(value) + PROVIDER_VALIDITY_MS > now() &&
        (isPinned(peer) || peers.entries.has(`/peers/${peerIdFromString(peer).toCID().toString()}`))
      )
    } catch {
      return false
    }
  }
  const remove = (text: string): void => {
    const shelf = shelfOf(text)
    if (shelf?.entries.delete(text) !== true || shelf === peers || shelf === others) return
    providerRecords--
    if (shelf.entries.size === 0) providers.delete(folderOf(text))
  }
  const putProvider = (text: string, pair: Pair): void => {
    const folder = folderOf(text)
    const shelf = providers.get(folder) ?? new Shelf(MAX_PROVIDERS_PER_CID)
    const isNew = !shelf.entries.has(text)
    providers.delete(folder) // the CID announced last is the last to leave
    providers.set(folder, shelf)
    if (shelf.put(pair) == null && isNew) providerRecords++
    for (const [oldest, { entries }] of providers) {
      if (providerRecords <= MAX_PROVIDER_RECORDS) break
      providerRecords -= entries.size
      providers.delete(oldest)
    }
  }
  const put = (key: Key, value: Uint8Array): Key => {
    const text = key.toString()
    if (value.byteLength > MAX_VALUE_BYTES) return key
    if (text.includes('/provider/')) putProvider(text, { key, value })
    else shelfOf(text)?.put({ key, value })
    return key
  }
  const find = (text: string): Pair | undefined => shelfOf(text)?.get(text)

  function* pairs(prefix: string): Generator<Pair> {
    const folder = providers.get(prefix)
    if (folder != null) {
      for (const [text, pair] of folder.entries) if (isLive(text, pair.value)) yield pair
      return
    }
    for (const shelf of [peers, others, ...providers.values()]) {
      for (const [text, pair] of shelf.entries) if (text.startsWith(prefix)) yield pair
    }
  }

  return {
    put,
    get(key) {
      const pair = find(key.toString())
      if (pair == null) throw new NotFoundError('Not in the datastore')
      return pair.value
    },
    has: key => find(key.toString()) != null,
    delete: key => remove(key.toString()),
    async *putMany(source) {
      for await (const { key, value } of source) yield put(key, value)
    },
    async *getMany(source) {
      for await (const key of source) {
        const pair = find(key.toString())
        if (pair != null) yield pair
      }
    },
    async *deleteMany(source) {
      for await (const key of source) {
        remove(key.toString())
        yield key
      }
    },
    batch() {
      const steps: (() => void)[] = []
      return {
        put: (key, value) => void steps.push(() => put(key, value)),
        delete: key => void steps.push(() => remove(key.toString())),
        commit: () => {
          for (const step of steps.splice(0)) step()
        }
      }
    },
    *query({ prefix = '', filters = [], orders = [], offset = 0, limit = Infinity }: Query) {
      const found = [...pairs(prefix)].filter(pair => filters.every(filter => filter(pair)))
      yield* orders.reduce((list, order) => list.sort(order), found).slice(offset, offset + limit)
    },
    *queryKeys({ prefix = '', filters = [], orders = [], offset = 0, limit = Infinity }: KeyQuery) {
      const found = [...pairs(prefix)].map(({ key }) => key).filter(key => filters.every(filter => filter(key)))
      yield* orders.reduce((list, order) => list.sort(order), found).slice(offset, offset + limit)
    }
  }
}

/** `/peers/<peer ID as CID>` to the peer ID's usual text. */
function peerOfPeerKey(key: string): string {
  try {
    return peerIdFromString(key.slice('/peers/'.length)).toString()
  } catch {
    return ''
  }
}
