import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { test } from 'node:test'
import type { NodeStatus, Transfer } from '../app/contract/shapes.ts'
import { ListFeed, ValueFeed } from '../app/service/snapshot-feed.ts'
import { watchTransfers } from './transfer-watcher.ts'

const transfer = (id: string, state: Transfer['state'], bytes = 0): Transfer => ({
  id, root: 'bafyroot', name: id, state, bytes, total: 10, rate: 0, secondsLeft: null, received: 0, duplicate: 0, sources: 0, from: [], place: null, waitingFor: null, error: null, addedAt: 0, folder: '', path: null
}) // prettier-ignore
const status = (rateOut: number): NodeStatus => ({
  peerId: 'p', addrs: [], version: '1', name: 'Ana', network: 'loopback', listen: [], ownDisk: 'ok', state: 'alone', peers: 0, nearby: 0, rateIn: 0, rateOut
}) // prettier-ignore

/** The real feeds of an engine, without the engine. */
function open(t: { signal: AbortSignal }) {
  const engine = new AbortController()
  const transfers = new ListFeed<Transfer>()
  const node = new ValueFeed(status(0))
  const told: unknown[] = []
  const changes = new EventEmitter()
  const tell = (what: unknown): void => {
    if (told.at(-1) !== what) told.push(what)
    changes.emit('told')
  }
  const isOver = AbortSignal.any([t.signal, engine.signal])
  const watching = watchTransfers(
    {
      client: {
        transfer: { feed: async () => transfers.read(isOver) },
        node: { status: async () => node.read(isOver) }
      },
      onProgress: progress => tell(`progress ${progress}`),
      onBusy: tell,
      onEnded: row => tell(`ended ${row.id}`)
    },
    t.signal
  )
  const until = async (what: unknown): Promise<void> => {
    while (!told.includes(what)) await once(changes, 'told', { signal: t.signal })
    told.length = 0
  }
  return { engine, transfers, node, told, watching, until }
}

test('who only sends keeps the machine awake, and lets go when nobody reads any more', { timeout: 10_000 }, async t => {
  const { node, until } = open(t)
  await until(false)
  node.set(status(5))
  await until(true)
  node.set(status(0))
  await until(false)
})

test('what moves, what has ended, and nothing any more when the engine is gone', { timeout: 10_000 }, async t => {
  const { engine, transfers, watching, told, until } = open(t)
  transfers.set('a', transfer('a', 'fetching', 5))
  transfers.set('b', transfer('b', 'fetching', 5))
  await until(true)
  transfers.set('a', transfer('a', 'done', 10))
  await until('ended a')
  engine.abort()
  await watching
  assert.deepEqual(told.slice(-2), ['progress null', false])
})
