import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { serveWhenReached } from './dht.ts'

/** Stands in for a libp2p node: no address here is on the internet. */
class Connections extends EventTarget {
  open(addr: string, direction: 'inbound' | 'outbound', direct = true): void {
    const detail = { direction, remoteAddr: multiaddr(addr), direct }
    this.dispatchEvent(new CustomEvent('connection:open', { detail }))
  }
}

test('a node serves the public DHT only after somebody on the internet connected to it', () => {
  const node = new Connections()
  const modes: string[] = []
  serveWhenReached(node as unknown as Parameters<typeof serveWhenReached>[0], {
    setMode: async mode => void modes.push(mode)
  })
  node.open('/ip4/203.0.113.1/tcp/1', 'outbound')
  for (const near of ['/ip4/127.0.0.1/tcp/1', '/ip4/192.168.1.2/tcp/1', '/ip6/fe80::1/tcp/1'])
    node.open(near, 'inbound')
  node.open('/ip4/100.64.0.1/tcp/1', 'inbound')
  node.open('/ip6/::ffff:100.64.0.1/tcp/1', 'inbound')
  node.open('/ip4/203.0.113.1/tcp/1', 'inbound', false)
  assert.deepEqual(modes, [])
  node.open('/ip6/2001:db8::1/tcp/1', 'inbound')
  assert.deepEqual(modes, ['server'])
})
