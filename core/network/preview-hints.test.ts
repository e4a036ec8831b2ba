import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostIp, previewHints } from './preview-hints.ts'

const OWN = ['127.0.0.1/8', '192.168.1.5/24', 'fe80::1/64', 'fd00:1::5/64', '203.0.113.9/24', '::1/128']
const PEER = '/p2p/12D3KooWPgN1158LgL4zHJ1XrdPPXv5Zd3GVbvTFVGVXRdjp3j4K'

test('before Get only the internet and the networks of this host itself are asked', () => {
  const now = ['/ip4/8.8.8.8/tcp/1', '/ip4/192.168.1.77/tcp/1', '/ip6/2a00:1::1/tcp/1', '/ip6/fd00:1::9/tcp/1', '/ip6zone/eth0/ip6/fe80::9/tcp/1', '/ip6/::ffff:c0a8:109/tcp/1'] // prettier-ignore
  const later = ['/ip4/192.168.2.1/tcp/80', '/ip4/127.0.0.1/tcp/1', '/ip6/::1/tcp/1', '/ip4/100.100.100.100/tcp/1', '/ip4/10.0.0.1/tcp/1', '/ip6/fd00:2::9/tcp/1', '/dns4/router.example/tcp/1', '/dnsaddr/example.org'] // prettier-ignore
  const of = (list: string[]): string[] => list.map(addr => addr + PEER)
  const hints = previewHints('internet', [...of(later), ...of(now)], OWN)
  assert.deepEqual(new Set(hints.now), new Set(of(now)))
  assert.deepEqual(new Set(hints.later), new Set(of(later)))
})

test('what is behind a relay is asked as the relay is, and no wider', () => {
  const via = (relay: string): string => `${relay}${PEER}/p2p-circuit${PEER}`
  const [ours, theirs] = [via('/ip4/192.168.1.7/tcp/1'), via('/ip4/10.0.0.7/tcp/1')]
  assert.deepEqual(previewHints('internet', [ours, theirs], OWN), { now: [ours], later: [theirs] })
})

test('no more than 16 are looked at, and nothing that is not dialled', () => {
  const many = Array.from({ length: 40 }, (_, i) => `/ip4/8.8.8.${i}/tcp/1${PEER}`)
  assert.equal(previewHints('internet', many, OWN).now.length, 16)
  assert.deepEqual(
    previewHints('internet', ['nonsense', '/unix/x', '/ip4/224.0.0.1/tcp/1', '', '/ip4/8.8.8.8/tcp/1'], OWN),
    {
      now: [],
      later: []
    }
  )
  assert.deepEqual(['/ip4/1.2.3.4/tcp/1', '/dns/a/tcp/1', 'x'].map(hostIp), ['1.2.3.4', undefined, undefined])
})

test('what the mode does not allow is not asked, now or later', () => {
  const hints = previewHints(
    'lan',
    [`/ip4/8.8.8.8/tcp/1${PEER}`, `/dns4/a.example/tcp/1${PEER}`, `/ip4/10.0.0.1/tcp/1${PEER}`],
    OWN
  )
  assert.deepEqual(hints, { now: [], later: [`/ip4/10.0.0.1/tcp/1${PEER}`] })
})

test('a relay on a private network is not asked for what it says is behind it', () => {
  const via = `/ip4/10.0.0.7/tcp/1${PEER}/p2p-circuit/ip4/8.8.8.8/tcp/1${PEER}`
  assert.deepEqual(previewHints('internet', [via], OWN).now, [])
})

test('whatever the host has by itself is understood', () => {
  assert.deepEqual(previewHints('loopback', [`/ip4/127.0.0.1/tcp/1${PEER}`]).now, [`/ip4/127.0.0.1/tcp/1${PEER}`])
  assert.deepEqual(previewHints('lan', [`/ip4/127.0.0.1/tcp/1${PEER}`]).now, [])
})
