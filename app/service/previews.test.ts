import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStore } from '../../core/store/store.ts'
import { Previews } from './previews.ts'
import type { SwarmPort } from './swarm-port.ts'

const ROOT = 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'
const PEER = '/p2p/12D3KooWPgN1158LgL4zHJ1XrdPPXv5Zd3GVbvTFVGVXRdjp3j4K'

test('looking at a link asks whom it says it asks, and nobody behind a router', async t => {
  using store = openStore(':memory:')
  const dialled: string[] = []
  const swarm: SwarmPort = {
    onRequester: () => () => {},
    askable: 0,
    dialHints: async addrs => {
      dialled.push(...addrs)
      return []
    },
    findProviders: async () => 0,
    keep: () => assert.fail('nobody is kept'),
    ban: () => assert.fail('nobody is banned'),
    onAllowed: () => () => {},
    pexRecords: async () => [],
    acceptPex: () => {}
  }
  const previews = new Previews({ store, swarm, mode: 'internet', hereBytes: () => 0 })
  const [near, far] = [`/ip4/8.8.8.8/tcp/9${PEER}`, `/ip4/10.255.255.1/tcp/80${PEER}`]
  const link = `shoal:${ROOT}?a=${encodeURIComponent(near)}&a=${encodeURIComponent(far)}`
  for await (const { asked, askedLater } of previews.read(link, t.signal)) {
    assert.deepEqual([asked, askedLater], [['8.8.8.8'], 1])
    break
  }
  assert.deepEqual(dialled, [near])
})
