// Test helper: real nodes on 127.0.0.1, over real TCP.

import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { CappedDatastore } from '../network/capped-datastore.ts'
import { chooseEncrypters } from '../network/encrypters.ts'
import type { Gater } from '../network/gater.ts'
import { createNode, type Node } from '../network/open-libp2p.ts'
import type { Network, NetworkOptions } from '../network/network.ts'
import { openNetwork } from '../network/open-network.ts'

/** A node of its own identity in loopback mode, whatever else `options` say. */
export async function openLoopbackNode(signal: AbortSignal, options: Partial<NetworkOptions> = {}): Promise<Network> {
  const privateKey = options.privateKey ?? (await generateKeyPair('Ed25519'))
  return await openNetwork({ version: '0.0.0-test', ...options, mode: 'loopback', privateKey }, signal)
}

/** libp2p as openNetwork makes it, started, with nothing of ours around it but the gater. The caller stops it. */
export async function openBareNode(
  { connectionGater }: Pick<Gater, 'connectionGater'>,
  ownKey?: Ed25519PrivateKey
): Promise<Node> {
  const privateKey = ownKey ?? (await generateKeyPair('Ed25519'))
  const node = await createNode({
    mode: 'loopback',
    privateKey,
    version: '0.0.0-test',
    listen: ['/ip4/127.0.0.1/tcp/0'],
    encrypters: await chooseEncrypters(privateKey, () => undefined),
    gater: connectionGater,
    datastore: new CappedDatastore({ isPinned: () => false, now: Date.now }),
    onLanDhtPeer: () => undefined
  })
  await node.start()
  return node
}

/** Node 0 knows nobody; every other node knows only node 0. */
export async function openLoopbackSwarm(
  size: number,
  signal: AbortSignal
): Promise<{ nodes: Network[] } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack()
  const first = stack.use(await openLoopbackNode(signal))
  const nodes = [first]
  for (let i = 1; i < size; i++)
    nodes.push(stack.use(await openLoopbackNode(signal, { bootstrap: first.addrs().slice(0, 1) })))
  const owned = stack.move()
  return { nodes, [Symbol.asyncDispose]: async () => await owned.disposeAsync() }
}

/** Waits until the claim holds; throws after `timeoutMs`. The nodes of a test have no common event to wait for. */
export async function until(claim: () => boolean, what: string, timeoutMs = 30_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!claim()) {
    if (performance.now() > deadline) throw new Error(`Not within ${timeoutMs} ms: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
