// What the swarm is asked, and what is kept of what it answers. The node is a stand-in: who wants real ones finds them in the other tests here.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRoot } from '../../core/cid.ts'
import { CodedError } from '../../core/errors.ts'
import { unlimited } from '../../core/exchange/upload-limiter.ts'
import type { Network } from '../../core/network/network.ts'
import { Connections } from './connections.ts'

const ROOT = parseRoot('bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy')

test('a look into the DHT that fails says in the log what it failed with, unless nobody waits for it any more', async t => {
  const fault = new CodedError('no-providers', 'Nobody')
  const network: Partial<Network> = {
    handle: () => {},
    onPeer: () => () => {},
    peers: () => [],
    async *findProviders() {
      yield* []
      throw fault
    }
  }
  const logged: unknown[][] = []
  await using connections = new Connections({
    network: network as Network, // what is asked of it here
    servables: { find: () => Promise.resolve(undefined) },
    isWhole: () => false,
    budget: unlimited,
    agent: 'test',
    deviceName: () => '',
    bans: { load: () => [], save: () => {}, forget: () => {} },
    log: { info: (...args) => logged.push(args), error: (...args) => logged.push(args) }
  })
  assert.equal(await connections.findProviders(ROOT, true, t.signal), 0)
  assert.deepEqual(logged, [['dht.look-failed', fault]])
  await connections.findProviders(ROOT, true, AbortSignal.abort())
  assert.equal(logged.length, 1)
})
